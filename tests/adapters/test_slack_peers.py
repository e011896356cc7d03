"""Whether the Slack that the other tests talk to is as strict, and as faithful, as Slack is."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.servers.block_kit import picture, pings, violations
from tests.servers.slack import Fault, Slack, WindowRefuses, slack, words

pytestmark = pytest.mark.real

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def marked(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def button(id: str = "say1", **more: Any) -> Json:
    return {"type": "button", "action_id": id, "text": plain("Approve"), "value": "approve 17", **more}


def section(text: str = "hello", **more: Any) -> Json:
    return {"type": "section", "text": plain(text), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def line(text: str) -> Json:
    return {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}


def field(block_id: str = "reason", **element: Any) -> Json:
    inner = {"type": "plain_text_input", "action_id": "value", **element}
    return {"type": "input", "block_id": block_id, "label": plain("Reason"), "element": inner}


def confirm(**more: Any) -> Json:
    return {
        "title": plain("Sure?"),
        "text": plain("It runs at once."),
        "confirm": plain("Run"),
        "deny": plain("No"),
        **more,
    }


def message(*blocks: Json, **more: Any) -> Json:
    return {"text": "hello", "blocks": list(blocks), **more}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("Reject"), "submit": plain("Reject"), "blocks": list(blocks), **more}


def select(count: int, **more: Any) -> Json:
    options = [{"text": plain(f"choice {number}"), "value": str(number)} for number in range(count)]
    return {"type": "static_select", "action_id": "s", "options": options, **more}


CODE = rich({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "Traceback …"}]})
BULLETS = rich({"type": "rich_text_list", "style": "bullet", "elements": [line("one"), line("two")]})

FINE = {
    "everything at once": message(
        section(),
        {"type": "header", "text": plain("x" * 150)},
        rich(line("x" * 3000)),
        CODE,
        BULLETS,
        {"type": "context", "elements": [plain("quiet"), marked("*loud*")]},
        {"type": "divider"},
        actions(*(button(f"say{number}") for number in range(25))),
        actions(button("open1", url="https://acme.test/17"), button("say", style="danger", confirm=confirm())),
        {"type": "image", "image_url": "https://acme.test/a.png", "alt_text": "a curve"},
        attachments=[{"color": "#d72b3f", "fallback": "x", "blocks": [section(), actions(button())]}],
    ),
    "text alone": {"text": "x" * 40_000},
    "a modal": modal(
        field(initial_value="x" * 3000),
        field("days", type="number_input", is_decimal_allowed=False),
        {"type": "input", "block_id": "mode", "label": plain("Mode"), "element": select(100)},
        private_metadata="x" * 3000,
    ),
    "a home": {"type": "home", "blocks": [section() for _ in range(100)]},
}

WRONG: dict[str, tuple[Json, str]] = {
    "51 blocks": (message(*[{"type": "divider"}] * 51), "51 blocks"),
    "51 blocks, half of them attached": (
        message(*[{"type": "divider"}] * 25, attachments=[{"blocks": [{"type": "divider"}] * 26}]),
        "51 blocks",
    ),
    "a long section": (message(section("x" * 3001)), "3000"),
    "an empty text": (message(section("")), "empty text"),
    "an empty rich text": (message(rich(line(""))), "empty text"),
    "a rich text without elements": (message(rich()), "no elements"),
    "a section in a section": (message(rich({"type": "rich_text_section", "elements": [line("x")]})), "RichTextBlock"),
    "a list in a section": (
        message(rich({"type": "rich_text_section", "elements": BULLETS["elements"]})),
        "RichTextBlock",
    ),
    "a section with nothing": (message({"type": "section"}), "text or fields"),
    "11 fields": (message({"type": "section", "fields": [plain("x")] * 11}), "11 fields"),
    "a long field": (message({"type": "section", "fields": [plain("x" * 2001)]}), "more than 2000"),
    "a long header": (message({"type": "header", "text": plain("x" * 151)}), "150"),
    "a marked header": (message({"type": "header", "text": marked("x")}), "header is plain_text"),
    "26 buttons": (message(actions(*(button(f"a{number}") for number in range(26)))), "26 elements"),
    "no buttons": (message(actions()), "no elements"),
    "a long label": (message(actions(button(text=plain("x" * 76)))), "75"),
    "a long value": (message(actions(button(value="x" * 2001))), "2000"),
    "a long action_id": (message(actions(button("x" * 256))), "255"),
    "an empty action_id": (message(actions(button(""))), "empty action_id"),
    "a long address": (message(actions(button(url="https://acme.test/" + "x" * 3000))), "3000"),
    "an address of no kind": (message(actions(button(url="javascript:alert(1)"))), "no address"),
    "an unknown style": (message(actions(button(style="blue"))), "style"),
    "two equal action_ids": (message(actions(button(), button())), "stands there 2 times"),
    "a long block_id": (message(section(block_id="x" * 256)), "255"),
    "two equal block_ids": (
        message(section(block_id="b"), attachments=[{"blocks": [section(block_id="b")]}]),
        "block_id 'b' stands there 2 times",
    ),
    "11 quiet texts": (message({"type": "context", "elements": [plain("x")] * 11}), "11 elements"),
    "an unknown block": (message({"type": "poem"}), "no block of type 'poem'"),
    "an unknown key": (message({"type": "divider", "colour": "red"}), "DividerBlock"),
    "a picture without words": (message({"type": "image", "image_url": "https://acme.test/a.png"}), "alt_text"),
    "a picture over http": (
        message({"type": "image", "image_url": "http://acme.test/a", "alt_text": "x"}),
        "https only",
    ),
    "a long question": (message(actions(button(confirm=confirm(text=plain("x" * 301))))), "300"),
    "a long question's title": (message(actions(button(confirm=confirm(title=plain("x" * 101))))), "100"),
    "a long answer": (message(actions(button(confirm=confirm(deny=plain("x" * 31))))), "30"),
    "101 choices": (message(actions(select(101))), "100"),
    "a choice that is none": (
        message(actions(select(2, initial_option={"text": plain("other"), "value": "9"}))),
        "none of the options",
    ),
    "a long choice": (
        message(actions(select(1, options=[{"text": plain("x" * 76), "value": "1"}]))),
        "option.text",
    ),
    "a long choice's value": (
        message(actions(select(1, options=[{"text": plain("x"), "value": "1" * 151}]))),
        "option.value",
    ),
    "a long placeholder": (message(actions(select(1, placeholder=plain("x" * 151)))), "placeholder"),
    "too much in all": (message(*(section("x" * 2700) for _ in range(5))), "characters of blocks in all"),
    "too much in all, attached": (
        message(attachments=[{"blocks": [section("x" * 2700) for _ in range(5)]}]),
        "characters of blocks in all",
    ),
    "long markdown": (message({"type": "markdown", "text": "x" * 12_001}), "12000"),
    "a long text": ({"text": "x" * 40_001}, "40000"),
    "nothing": ({"text": ""}, "no_text"),
    "blocks without a text": ({"blocks": [section()]}, "needs a text"),
    "21 attachments": (
        message(attachments=[{"blocks": [section(str(number))]} for number in range(21)]),
        "21 attachments",
    ),
    "an unknown colour": (message(attachments=[{"color": "crimson", "blocks": [section()]}]), "no colour"),
    "an unknown key in an attachment": (message(attachments=[{"colour": "#fff000"}]), "MessageAttachment"),
    "a null byte": (message(section("a\x00b")), "drops or refuses"),
    "half a character": (message(section("a\ud800b")), "drops or refuses"),
    "101 blocks in a home": ({"type": "home", "blocks": [{"type": "divider"}] * 101}, "100"),
    "a home with a title": ({"type": "home", "title": plain("Home"), "blocks": [section()]}, "title"),
    "a modal without a title": ({"type": "modal", "blocks": [section()]}, "needs a title"),
    "a long title": (modal(section(), title=plain("x" * 25)), "24"),
    "a long submit": (modal(section(), submit=plain("x" * 25)), "24"),
    "a long close": (modal(section(), close=plain("x" * 25)), "24"),
    "inputs without submit": ({"type": "modal", "title": plain("x"), "blocks": [field()]}, "needs a submit"),
    "much to remember": (modal(section(), private_metadata="x" * 3001), "3000"),
    "a long callback_id": (modal(section(), callback_id="x" * 256), "255"),
    "a number field that does not say": (modal(field(type="number_input")), "is_decimal_allowed"),
    "a marked label": (modal({**field(), "label": marked("x")}), "label"),
    "a long label of a field": (modal({**field(), "label": plain("x" * 2001)}), "2000"),
    "a long hint": (modal({**field(), "hint": plain("x" * 2001)}), "2000"),
    "a long initial value": (modal(field(initial_value="x" * 3001)), "initial_value"),
}


@pytest.mark.parametrize("payload", FINE.values(), ids=FINE)
def test_what_slack_takes_is_fine(payload: Json) -> None:
    assert violations(payload) == []


@pytest.mark.parametrize(("payload", "why"), WRONG.values(), ids=WRONG)
def test_what_slack_refuses_is_seen(payload: Json, why: str) -> None:
    found = violations(payload)
    assert [one for one in found if why in one], found


def test_what_would_ping_is_seen_and_what_only_looks_so_is_not() -> None:
    hostile = "<!channel> <@U123> <#C1>"
    harmless = message(section(hostile), rich(line(hostile)), attachments=[{"blocks": [section(hostile)]}])
    assert pings(harmless) == []
    assert pings({"text": hostile}) == ["<!channel>", "<@U123>", "<#C1>"]
    assert pings(message({"type": "section", "text": marked("<!here|here>")})) == ["<!here|here>"]
    section_of = {"type": "rich_text_section", "elements": [{"type": "broadcast", "range": "here"}]}
    assert len(pings(message(rich(section_of)))) == 1


async def test_a_picture_of_a_message_can_be_looked_at(pictures: Path) -> None:
    await picture(FINE["everything at once"], pictures / "slack-message.png")
    await picture(FINE["a modal"], pictures / "slack-modal.png")
    assert (pictures / "slack-message.png").read_bytes().startswith(b"\x89PNG")
    assert (pictures / "slack-modal.png").stat().st_size > 5000


@pytest.fixture
async def acme() -> AsyncIterator[Slack]:
    async with slack() as workspace:
        yield workspace


@pytest.fixture
def client(acme: Slack) -> AsyncWebClient:
    return AsyncWebClient(token=acme.bot_token, base_url=acme.api_url)


REJECT = modal(field(), private_metadata="17", callback_id="reject")


def a_bot(acme: Slack, heard: list[tuple[str, Json]]) -> AsyncApp:  # noqa: C901 - eight listeners, each a few lines
    """Thirty lines of Bolt, as its tutorial would have them."""
    bolt = AsyncApp(
        client=AsyncWebClient(token=acme.bot_token, base_url=acme.api_url),
        signing_secret=acme.signing_secret,
        ignoring_self_events_enabled=False,
    )

    @bolt.command("/oncall")
    async def command(ack: Any, body: Json, respond: Any) -> None:
        heard.append(("command", body))
        await ack()
        await respond(text="nothing is broken", blocks=[section("nothing is broken"), actions(button())])

    @bolt.event("app_mention")
    async def mention(event: Json, say: Any) -> None:
        heard.append(("mention", event))
        await say(text="on it", thread_ts=event.get("thread_ts") or event["ts"])

    @bolt.event("message")
    async def direct(event: Json, say: Any) -> None:
        heard.append(("message", event))
        if "bot_id" not in event and "subtype" not in event:
            await say(text="hello you")

    @bolt.action("say1")
    async def say1(ack: Any, body: Json, respond: Any) -> None:
        heard.append(("action", body))
        await ack()
        if "response_url" in body:
            await respond(text="done", replace_original=False)

    @bolt.action("form1")
    async def form1(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=copy.deepcopy(REJECT))

    @bolt.view("reject")
    async def reject(ack: Any, view: Json, body: Json) -> None:
        heard.append(("view", body))
        said = view["state"]["values"]["reason"]["value"]["value"]
        await (ack(response_action="errors", errors={"reason": "too short"}) if len(said) < 5 else ack())

    @bolt.shortcut("report_as_incident")
    async def report(ack: Any, body: Json) -> None:
        heard.append(("shortcut", body))
        await ack()

    @bolt.event("app_home_opened")
    async def home(event: Json, client: AsyncWebClient) -> None:
        heard.append(("home", event))
        view = {"type": "home", "blocks": [section("one waits for you"), actions(button())]}
        await client.views_publish(user_id=event["user"], view=view)

    return bolt


@asynccontextmanager
async def over_http(acme: Slack, bolt: AsyncApp) -> AsyncIterator[None]:
    async def events(request: web.Request) -> web.StreamResponse:
        answer = await to_aiohttp_response(await bolt.async_dispatch(await to_bolt_request(request)))
        assert isinstance(answer, web.Response)
        return answer

    app = web.Application()
    app.router.add_post("/slack/events", events)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    acme.serves(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
    yield
    await runner.cleanup()


@pytest.fixture
def heard() -> list[tuple[str, Json]]:
    return []


@pytest.fixture
async def bot(acme: Slack, heard: list[tuple[str, Json]]) -> AsyncIterator[AsyncApp]:
    bolt = a_bot(acme, heard)
    async with over_http(acme, bolt):
        yield bolt


async def refusal(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


def only(heard: list[tuple[str, Json]], kind: str) -> Json:
    found = [body for name, body in heard if name == kind]
    assert len(found) == 1, [name for name, _ in heard]
    return found[0]


async def test_a_slash_command_is_answered_for_one_person(
    acme: Slack, bot: AsyncApp, heard: list[tuple[str, Json]]
) -> None:
    delivered = await acme.person("alice").slash("/oncall", "list")
    assert (delivered.status, delivered.body) == (200, "")
    assert delivered.seconds < 3
    [answer] = await acme.until(lambda: acme.ephemerals("alice"))
    assert "nothing is broken" in words(answer)
    assert acme.ephemerals("bob") == []
    command = only(heard, "command")
    assert (command["text"], command["channel_name"], command["user_name"]) == ("list", "incidents", "alice")


async def test_a_button_only_one_person_sees_can_be_pressed(
    acme: Slack, bot: AsyncApp, heard: list[tuple[str, Json]]
) -> None:
    alice = acme.person("alice")
    await alice.slash("/oncall", "list")
    [answer] = await acme.until(lambda: acme.ephemerals("alice"))
    assert (await alice.press(answer, "Approve")).status == 200
    body = only(heard, "action")
    assert body["container"] == {
        "type": "message",
        "message_ts": answer["ts"],
        "channel_id": acme.channels["incidents"],
        "is_ephemeral": True,
    }
    assert "message" not in body
    assert body["actions"][0]["value"] == "approve 17"
    await acme.until(lambda: len(acme.ephemerals("alice")) == 2)


async def test_a_button_in_an_attachment_says_where_it_stands(
    acme: Slack, bot: AsyncApp, client: AsyncWebClient, heard: list[tuple[str, Json]]
) -> None:
    await client.chat_postMessage(
        channel=acme.channels["incidents"],
        text="#17",
        blocks=[section("#17")],
        attachments=[{"color": "#d72b3f", "blocks": [actions(button())]}],
    )
    [posted] = await acme.messages("incidents")
    assert posted["attachments"][0]["color"] == "d72b3f"
    await acme.person("bob").press(posted, "say1")
    body = only(heard, "action")
    assert (body["container"]["type"], body["container"]["attachment_id"]) == ("message_attachment", 1)
    assert body["message"]["ts"] == posted["ts"]
    assert "channel" not in body["message"]
    assert body["actions"][0]["block_id"] == posted["attachments"][0]["blocks"][0]["block_id"]
    with pytest.raises(AssertionError, match="only \\['Approve'\\]"):
        await acme.person("bob").press(posted, "Reject")


async def test_a_mention_is_written_and_answered_in_its_thread(
    acme: Slack, bot: AsyncApp, heard: list[tuple[str, Json]]
) -> None:
    alice = acme.person("alice")
    asked = await alice.mention("status 17 & <b> http://acme.test/x alice@acme.test")
    [reply] = await acme.until(lambda: acme.thread("incidents", asked.ts))
    assert words(reply) == "on it"
    event = only(heard, "mention")
    assert event["text"] == (
        f"<@{acme.bot_user}> status 17 &amp; &lt;b&gt; <http://acme.test/x> <mailto:alice@acme.test|alice@acme.test>"
    )
    [root] = await acme.messages("incidents")
    assert (root["reply_count"], root["thread_ts"]) == (1, root["ts"])


async def test_the_bot_hears_its_own_direct_messages_as_slack_has_it(
    acme: Slack, bot: AsyncApp, heard: list[tuple[str, Json]]
) -> None:
    await acme.person("alice").direct("list")
    await acme.until(lambda: len(heard) == 2)
    assert [event.get("bot_id") for _, event in heard] == [None, "B0ONCALL01"]
    assert [words(one).splitlines()[0] for one in await acme.direct_messages("alice")] == ["list", "hello you"]


async def test_a_modal_opens_refuses_and_closes(
    acme: Slack, bot: AsyncApp, client: AsyncWebClient, heard: list[tuple[str, Json]]
) -> None:
    alice = acme.person("alice")
    await client.chat_postMessage(channel=acme.channels["incidents"], text="x", blocks=[actions(button("form1"))])
    await alice.press((await acme.messages("incidents"))[0], "form1")
    [view] = await acme.until(lambda: acme.modals("alice"))
    with pytest.raises(WindowRefuses, match="required"):
        await alice.submit(view)
    refused = await alice.submit(view, {"Reason": "no"})
    assert refused.json == {"response_action": "errors", "errors": {"reason": "too short"}}
    assert acme.modals("alice") == [view]
    accepted = await alice.submit(view, {"reason": "the disk is full"})
    assert (accepted.status, accepted.body) == (200, "")
    assert acme.modals("alice") == []
    assert [body["view"]["private_metadata"] for kind, body in heard if kind == "view"] == ["17", "17"]
    assert acme.api.violations == []


async def test_a_home_is_published_and_pressed(acme: Slack, bot: AsyncApp, heard: list[tuple[str, Json]]) -> None:
    alice = acme.person("alice")
    assert acme.home("alice") is None
    await alice.opens_home()
    home = await acme.until(lambda: acme.home("alice"))
    assert home is not None
    assert "one waits" in words(home)
    await alice.press_home("Approve")
    assert only(heard, "action")["container"] == {"type": "view", "view_id": home["id"]}


async def test_a_shortcut_carries_the_message(acme: Slack, bot: AsyncApp, heard: list[tuple[str, Json]]) -> None:
    written = await acme.person("bob").writes("load_orders is red again")
    assert (await acme.person("alice").shortcut(written, "report_as_incident")).status == 200
    body = only(heard, "shortcut")
    assert body["message"]["text"] == "load_orders is red again"
    assert body["message"]["user"] == acme.users["bob"]
    assert body["channel"] == {"id": acme.channels["incidents"], "name": "incidents"}


@pytest.mark.parametrize("how", [{"forge": True}, {"unsigned": True}, {"age": 360.0}])
async def test_what_slack_did_not_send_can_be_played(
    acme: Slack, bot: AsyncApp, heard: list[tuple[str, Json]], how: Any
) -> None:
    assert (await acme.person("mallory").slash("/oncall", "approve 17", **how)).status == 401
    assert heard == []


async def test_the_same_thing_can_come_again_and_again(
    acme: Slack, bot: AsyncApp, heard: list[tuple[str, Json]]
) -> None:
    alice = acme.person("alice")
    first = await alice.mention("status 17", times=2)
    await alice.again(first, retry=1)
    assert len(heard) == 3
    assert first.payload["event"]["ts"] == first.ts


async def test_trigger_ids_work_once_and_for_three_seconds(acme: Slack, client: AsyncWebClient) -> None:
    user = acme.users["alice"]
    trigger = acme.api.windows.trigger(user)
    await client.views_open(trigger_id=trigger, view=REJECT)
    assert await refusal(client.views_open(trigger_id=trigger, view=REJECT)) == "exchanged_trigger_id"
    late = acme.api.windows.trigger(user)
    await asyncio.sleep(3.1)
    assert await refusal(client.views_open(trigger_id=late, view=REJECT)) == "expired_trigger_id"
    assert await refusal(client.views_open(trigger_id="1.2.3", view=REJECT)) == "invalid_trigger_id"


async def test_a_response_url_works_five_times_within_half_an_hour(acme: Slack) -> None:
    urls = acme.api.response_urls
    url = urls.mint(acme.channels["incidents"], acme.users["alice"])
    async with aiohttp.ClientSession() as session:
        for _ in range(5):
            async with session.post(url, json={"text": "x"}) as answer:
                assert answer.status == 200
        async with session.post(url, json={"text": "x"}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (404, "used_url")
        other = urls.mint(acme.channels["incidents"], acme.users["alice"])
        urls.aged = 1801
        async with session.post(other, json={"text": "x"}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (404, "expired_url")
    assert len(acme.ephemerals("alice")) == 5


async def test_a_response_url_replaces_and_deletes_what_was_pressed(acme: Slack, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=acme.channels["incidents"], text="before")
    url = acme.api.response_urls.mint(acme.channels["incidents"], acme.users["alice"], posted["ts"])
    async with aiohttp.ClientSession() as session:
        await (await session.post(url, json={"text": "after", "replace_original": True})).read()
        assert [one["text"] for one in await acme.messages("incidents")] == ["after"]
        await (await session.post(url, json={"text": "for all", "response_type": "in_channel"})).read()
        await (await session.post(url, json={"delete_original": True, "text": " "})).read()
        assert [one["text"] for one in await acme.messages("incidents")] == ["for all"]


async def test_the_bot_speaks_and_reads_only_where_it_was_invited(acme: Slack, client: AsyncWebClient) -> None:
    random = acme.channels["random"]
    assert await refusal(client.chat_postMessage(channel=random, text="x")) == "not_in_channel"
    assert await refusal(client.conversations_history(channel=random)) == "not_in_channel"
    await acme.invite("random")
    await client.chat_postMessage(channel=random, text="x")
    await acme.kick("random")
    assert await refusal(client.chat_postMessage(channel=random, text="x")) == "not_in_channel"
    secret = await acme.create("war-room", private=True)
    assert await refusal(client.chat_postMessage(channel=secret, text="x")) == "channel_not_found"
    await acme.invite("war-room")
    await client.chat_postMessage(channel=secret, text="x")
    assert await refusal(client.chat_postMessage(channel="C404", text="x")) == "channel_not_found"


async def test_what_a_message_carries_for_the_bot_comes_back_when_asked_for(
    acme: Slack, client: AsyncWebClient
) -> None:
    channel = acme.channels["incidents"]
    metadata = {"event_type": "oncall_card", "event_payload": {"key": "17-1"}}
    root = await client.chat_postMessage(channel=channel, text="x", metadata=metadata)
    await client.chat_postMessage(channel=channel, text="y", metadata=metadata, thread_ts=root["ts"])
    history = await client.conversations_history(channel=channel, include_all_metadata=True)
    assert [one.get("metadata") for one in history["messages"]] == [metadata]
    replies = await client.conversations_replies(channel=channel, ts=root["ts"], include_all_metadata=True)
    assert [one["metadata"] for one in replies["messages"]] == [metadata, metadata]
    plainly = await client.conversations_history(channel=channel)
    assert "metadata" not in plainly["messages"][0]
    assert (
        await refusal(client.chat_postMessage(channel=channel, text="x", metadata={"key": 1}))
        == "invalid_metadata_format"
    )


async def test_history_comes_in_pages_and_between_moments(acme: Slack, client: AsyncWebClient) -> None:
    channel = acme.channels["incidents"]
    stamps = [(await client.chat_postMessage(channel=channel, text=str(number)))["ts"] for number in range(5)]

    async def texts(**arguments: Any) -> list[str]:
        return [one["text"] for one in (await client.conversations_history(channel=channel, **arguments))["messages"]]

    assert await texts(limit=2) == ["4", "3"]
    assert await texts(oldest=stamps[2]) == ["4", "3"]
    assert await texts(oldest=stamps[2], inclusive=True, latest=stamps[3]) == ["3", "2"]
    first = await client.conversations_history(channel=channel, limit=2)
    assert await texts(limit=2, cursor=first["response_metadata"]["next_cursor"]) == ["2", "1"]
    rooms = await client.conversations_list(limit=2)
    assert len(rooms["channels"]) == 2
    more = await client.conversations_list(limit=100, cursor=rooms["response_metadata"]["next_cursor"])
    assert {one["name"] for one in [*rooms["channels"], *more["channels"]]} >= {"incidents", "data-oncall", "random"}


async def test_who_somebody_is_depends_on_the_scopes(acme: Slack, client: AsyncWebClient) -> None:
    alice = await client.users_lookupByEmail(email="alice@acme.test")
    assert alice["user"]["id"] == acme.users["alice"]
    assert (await client.users_info(user=acme.users["alice"]))["user"]["profile"]["email"] == "alice@acme.test"
    assert (await client.users_info(user=acme.users["visitor"]))["user"]["is_stranger"] is True
    assert (await client.users_info(user=acme.users["leaver"]))["user"]["deleted"] is True
    assert await refusal(client.users_lookupByEmail(email="leaver@acme.test")) == "users_not_found"
    assert await refusal(client.users_lookupByEmail(email="nobody@acme.test")) == "users_not_found"
    async with slack(scopes=["users:read"]) as poor:
        less = AsyncWebClient(token=poor.bot_token, base_url=poor.api_url)
        assert "email" not in (await less.users_info(user=poor.users["alice"]))["user"]["profile"]
        assert await refusal(less.users_lookupByEmail(email="alice@acme.test")) == "missing_scope"
        assert (await less.auth_test()).headers["x-oauth-scopes"] == "users:read"


async def test_who_the_bot_is_and_where_its_messages_stand(acme: Slack, client: AsyncWebClient) -> None:
    me = await client.auth_test()
    assert (me["url"], me["user_id"]) == ("https://acme.slack.com/", acme.bot_user)
    assert "chat:write" in me.headers["x-oauth-scopes"].split(",")
    posted = await client.chat_postMessage(channel=acme.channels["incidents"], text="x")
    link = await client.chat_getPermalink(channel=posted["channel"], message_ts=posted["ts"])
    assert link["permalink"].endswith(f"/archives/{posted['channel']}/p{posted['ts'].replace('.', '')}")
    assert await refusal(client.chat_update(channel=posted["channel"], ts="1.1", text="y")) == "message_not_found"
    stranger = AsyncWebClient(token="xoxb-of-somebody-else", base_url=acme.api_url)
    assert await refusal(stranger.auth_test()) == "invalid_auth"
    assert await refusal(client.api_call("chat.shout")) == "unknown_method"


async def test_a_message_that_breaks_a_rule_is_refused_and_kept_for_the_test(
    acme: Slack, client: AsyncWebClient
) -> None:
    channel = acme.channels["incidents"]
    bad = WRONG["a long section"][0]
    assert await refusal(client.chat_postMessage(channel=channel, **bad)) == "invalid_blocks"
    assert (
        await refusal(client.chat_postEphemeral(channel=channel, user=acme.users["alice"], **bad)) == "invalid_blocks"
    )
    long = WRONG["too much in all"][0]
    assert await refusal(client.chat_postMessage(channel=channel, **long)) == "msg_blocks_too_long"
    assert await refusal(client.views_publish(user_id=acme.users["alice"], view=WRONG["101 blocks in a home"][0]))
    assert {one.split(":")[0] for one in acme.api.violations} == {
        "chat.postMessage",
        "chat.postEphemeral",
        "views.publish",
    }
    assert await acme.messages("incidents") == []


async def test_faults_strike_as_planned(acme: Slack, client: AsyncWebClient) -> None:
    channel = acme.channels["incidents"]

    async def post(text: str) -> Any:
        return await client.chat_postMessage(channel=channel, text=text)

    acme.api.fail("chat.postMessage", Fault.BUSY, times=2, after=7, channel="incidents")
    for _ in range(2):
        with pytest.raises(SlackApiError) as busy:
            await post("busy")
        assert (busy.value.response.status_code, busy.value.response.headers["Retry-After"]) == (429, "7")
    await client.chat_postMessage(channel=acme.channels["data-oncall"], text="another room")
    acme.api.fail("chat.postMessage", Fault.BROKEN)
    with pytest.raises(SlackApiError):
        await post("broken")
    for fault in (Fault.LOST, Fault.SWALLOWED):
        acme.api.fail("chat.postMessage", fault, times=2)  # the client of slack_sdk tries once more by itself
        with pytest.raises(aiohttp.ClientError):
            await post(fault)
    acme.api.faults.planned.clear()
    acme.api.fail("chat.postMessage", Fault.BUSY, seconds=0.3)
    with pytest.raises(SlackApiError):
        await post("still busy")
    await asyncio.sleep(0.35)
    acme.api.fail("chat.postMessage", Fault.SLOW, after=0.2)
    started = time.monotonic()
    await post("slow")
    assert time.monotonic() - started > 0.2
    acme.api.fail("chat.postMessage", "internal_error")
    assert await refusal(post("error")) == "internal_error"
    texts = [one["text"] for one in await acme.messages("incidents")]
    assert set(texts) == {"swallowed", "slow"}
    assert {call.status for call in acme.api.made("chat.postMessage")} == {0, 200, 429, 500}


async def test_who_posts_faster_than_slack_allows_is_told_to_wait(acme: Slack, client: AsyncWebClient) -> None:
    acme.api.limit("chat.postMessage", calls=2, seconds=0.5)
    for _ in range(2):
        await client.chat_postMessage(channel=acme.channels["incidents"], text="x")
    with pytest.raises(SlackApiError) as busy:
        await client.chat_postMessage(channel=acme.channels["incidents"], text="x")
    assert busy.value.response.headers["Retry-After"] == "1"
    await client.chat_postMessage(channel=acme.channels["data-oncall"], text="x")
    await asyncio.sleep(0.5)
    await client.chat_postMessage(channel=acme.channels["incidents"], text="x")
    assert len(await acme.messages("incidents")) == 3


@asynccontextmanager
async def over_a_socket(acme: Slack, bolt: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    web_client = AsyncWebClient(token=acme.bot_token, base_url=acme.api_url)
    handler = AsyncSocketModeHandler(bolt, app_token=acme.app_token, web_client=web_client, ping_interval=1)
    await handler.connect_async()  # type: ignore[no-untyped-call]  # slack_bolt says no types here
    await acme.socket.ready()
    yield handler
    await handler.close_async()  # type: ignore[no-untyped-call]  # slack_bolt says no types here


async def test_people_reach_the_bot_through_its_socket(acme: Slack, heard: list[tuple[str, Json]]) -> None:
    async with over_a_socket(acme, a_bot(acme, heard)):
        alice = acme.person("alice")
        assert (await alice.slash("/oncall", "list")).status == 200
        await acme.until(lambda: acme.ephemerals("alice"))
        await alice.mention("status 17")
        trigger = acme.api.windows.trigger(alice.id)
        opened = await acme.api.windows.open({"trigger_id": trigger, "view": REJECT}, acme.bot_token)
        refused = await alice.submit(opened["view"], {"Reason": "no"})
        assert refused.json["errors"] == {"reason": "too short"}
        assert [kind for kind, _ in heard] == ["command", "mention", "view"]
        assert len(acme.socket.acks) == 3


@pytest.mark.parametrize("end", ["refresh_requested", "drop"])
async def test_a_socket_that_ends_is_opened_again(acme: Slack, heard: list[tuple[str, Json]], end: str) -> None:
    async with over_a_socket(acme, a_bot(acme, heard)):
        await (acme.socket.drop() if end == "drop" else acme.socket.disconnect(end, grace=0.1))
        await acme.socket.ready(connections=2, seconds=30)
        assert (await acme.person("alice").slash("/oncall", "list")).status == 200


async def raw_socket(acme: Slack, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    client = AsyncWebClient(base_url=acme.api_url)
    opened = await client.apps_connections_open(app_token=acme.app_token)
    socket = await session.ws_connect(opened["url"])
    assert (await socket.receive_json())["type"] == "hello"
    return socket


async def test_an_event_nobody_acknowledged_comes_again_on_the_next_connection(acme: Slack) -> None:
    acme.socket.patience = 60
    async with aiohttp.ClientSession() as session:
        first = await raw_socket(acme, session)
        asked = asyncio.create_task(acme.person("alice").mention("status 17"))
        once = await first.receive_json()
        await first.close()
        second = await raw_socket(acme, session)
        again = await second.receive_json(timeout=10)
        assert again["payload"] == once["payload"]
        assert (once["retry_attempt"], again["retry_attempt"], again["retry_reason"]) == (0, 1, "timeout")
        await second.send_json({"envelope_id": again["envelope_id"]})
        assert (await asked).status == 200
        await second.close()


async def test_an_event_nobody_acknowledged_comes_again_after_a_while_but_a_command_does_not(acme: Slack) -> None:
    acme.socket.patience = 0.2
    async with aiohttp.ClientSession() as session:
        socket = await raw_socket(acme, session)
        assert (await acme.person("alice").slash("/oncall", "list")).status == 0
        assert (await acme.person("alice").mention("status 17")).status == 0
        kinds = [(await socket.receive_json())["type"] for _ in range(5)]
        assert kinds == ["slash_commands", *["events_api"] * 4]
        await acme.socket.disconnect("warning")
        assert (await socket.receive_json())["reason"] == "warning"
        await socket.close()


async def test_a_socket_takes_the_right_token_and_an_address_only_once(acme: Slack) -> None:
    client = AsyncWebClient(base_url=acme.api_url)
    answers: dict[str, Callable[[], Any]] = {
        "invalid_auth": lambda: client.apps_connections_open(app_token="xapp-of-somebody-else"),
        "not_allowed_token_type": lambda: client.apps_connections_open(app_token=acme.bot_token),
    }
    for error, call in answers.items():
        assert await refusal(call()) == error
    opened = await client.apps_connections_open(app_token=acme.app_token)
    async with aiohttp.ClientSession() as session:
        await (await session.ws_connect(opened["url"])).close()
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])
    acme.socket.deaf = True
    assert await refusal(client.apps_connections_open(app_token=acme.app_token)) == "internal_error"
