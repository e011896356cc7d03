"""What people do in the Slack of the tests reaches a bot as it would from Slack."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.adapters.slack_peers.payloads import Json, actions, button, section
from tests.adapters.slack_peers.small_bot import only
from tests.servers.slack import Slack, WindowRefuses, words

pytestmark = pytest.mark.real


async def test_a_slash_command_is_answered_for_one_person(
    acme: Slack, bot: AsyncApp, heard: list[tuple[str, Json]]
) -> None:
    delivered = await acme.person("alice").slash("/oncall", "list")
    assert (delivered.status, delivered.body) == (200, "")
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
