"""What Teams sends beside what people mean: none of it decides anything, and none of it leads us astray."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Card
from adapters.chat.outbox import Outbox, Unkept
from adapters.chat.pace import Pace
from adapters.chat.platform import Ref
from adapters.chat.teams import front_desk
from adapters.chat.teams.calls import Calls
from adapters.chat.teams.keys import Keys
from adapters.chat.teams.platform import Registration, TeamsChat
from adapters.chat.teams.sign_in import SignIn
from engine.errors import NotFound, Unreachable
from tests.adapters.teams_office import INCIDENT, INCIDENTS, Office, answered
from tests.clock import FakeClock
from tests.servers.entra import TENANT, Entra
from tests.servers.teams import activities
from tests.servers.teams.company import BOT_NAME, CHANNELS, PEOPLE
from tests.servers.teams.reading import words
from tests.servers.teams_connector import Teams, connector, served
from tests.waiting import PATIENCE

pytestmark = pytest.mark.real

BOB = PEOPLE["bob"]
TWO_PEOPLE = {"id": "19:alice_bob@unq.gbl.spaces", "conversationType": "personal", "tenantId": TENANT}
ELSEWHERE = {"id": "19:elsewhere@thread.tacv2;messageid=7", "conversationType": "channel", "tenantId": TENANT}
MEETING = {"id": "19:meeting_x@thread.v2", "tenantId": TENANT}

TOLD: list[dict[str, Any]] = [
    {"type": "messageReaction", "reactionsAdded": [{"type": "like"}], "replyToId": "1"},
    {"type": "messageReaction", "reactionsRemoved": [{"type": "like"}], "replyToId": "1"},
    {"type": "messageUpdate", "text": "approve 17", "channelData": {"eventType": "editMessage"}},
    {"type": "messageUpdate", "text": "approve 17", "channelData": {"eventType": "undeleteMessage"}},
    {"type": "messageDelete", "channelData": {"eventType": "softDeleteMessage"}},
    {"type": "typing"},
    {"type": "event", "name": "application/vnd.microsoft.readReceipt", "value": {"lastReadMessageId": "1"}},
    {"type": "event", "name": "application/vnd.microsoft.meetingStart", "value": {"Id": "x", "Title": "y"}},
    {"type": "conversationUpdate", "channelData": {"eventType": "channelCreated", "channel": {"id": "19:x"}}},
    {"type": "conversationUpdate", "channelData": {"eventType": "teamRenamed", "team": {"id": "19:x", "name": "y"}}},
    {"type": "conversationUpdate", "topicName": "approve 17"},
    {"type": "installationUpdate", "action": "add-upgrade"},
    {"type": "endOfConversation", "code": "unknown"},
    {"type": "contactRelationUpdate", "action": "add"},
]


def told(changed: dict[str, Any], teams: Teams) -> dict[str, Any]:
    """An activity of bob's in the group chat, changed."""
    said = activities.message(BOB, teams.group, "", mention=False, id_="71")
    changed = {**changed, "channelData": {**said["channelData"], **changed.get("channelData", {})}}
    return {**{name: value for name, value in said.items() if name not in ("text", "textFormat")}, **changed}


@pytest.mark.parametrize("changed", TOLD, ids=lambda one: f"{one['type']} {one.get('channelData', one)}"[:60])
async def test_what_is_no_word_to_us_is_taken_and_does_nothing(
    changed: dict[str, Any], teams: Teams, office: Office, chat: TeamsChat
) -> None:
    before = len(teams.calls)
    answer = await teams.deliver(told(changed, teams))
    assert (answer.status, answer.text) == (200, "")
    assert office.asks == []
    assert await office.inbox.unanswered("teams") == []
    assert len(teams.calls) == before
    await chat.post(Room(teams.group), Card("we are still there"), key="1")


@pytest.mark.parametrize(
    ("verb", "data"),
    [
        ("say", {"ask": "approve 17"}),
        ("form", {"ask": "approve 17", "form": {"label": "", "named": False, "fields": []}}),
        ("refresh", {"ask": "approve 17"}),
    ],
)
async def test_what_a_client_does_by_itself_is_nobodys_approval(
    verb: str, data: dict[str, Any], teams: Teams, office: Office, chat: TeamsChat
) -> None:
    await chat.post(INCIDENTS, INCIDENT, key="17")
    sent = {"type": "Action.Execute", "verb": verb, "data": data}
    assert (await teams.person("bob").invokes(teams.latest("channel"), sent, trigger="automatic")).status == 400
    assert office.asks == []


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            f"AliceOn-call agent: restart?<at>{BOT_NAME}</at> approve 17 a&b",
            (
                '<div><blockquote itemscope="" itemtype="http://schema.skype.com/Reply" itemid="1600457867820">'
                '<strong itemprop="mri" itemid="8:orgid:alice">Alice</strong><span itemprop="time"></span>'
                '<p itemprop="preview">On-call agent: restart?</p></blockquote>'
                '<p><span itemscope="" itemtype="http://schema.skype.com/Mention" itemid="0">'
                f"{BOT_NAME}</span>&nbsp;approve 17 a&amp;b</p></div>"
            ),
        ),
        (f'<quoted messageId="1600457867820"/> <at>{BOT_NAME}</at> approve 17 a&b', ""),
        (f"<at>{BOT_NAME}</at> approve 17 a&b", f"<p><at>{BOT_NAME}</at> reject 17</p>"),
    ],
)
async def test_a_quoted_message_is_not_what_the_person_says(
    text: str, html: str, teams: Teams, office: Office, chat: TeamsChat
) -> None:
    said = activities.message(BOB, teams.group, "", mention=True, id_="72")
    shown = [{"contentType": "text/html", "content": html}] if html else []
    await teams.deliver({**said, "text": text, "attachments": shown})
    await teams.until(lambda: office.asks)
    assert office.texts == ["approve 17 a&b"]


class TestWhereWeAreNot:
    """A message's menu has our action in every chat of a person who added the agent for themselves."""

    def menu(self, where: dict[str, Any], data: dict[str, Any] | None) -> dict[str, Any]:
        payload = activities.payload("7", "alice", "<p>the export is empty</p>", "a:1")
        chosen = activities.message_action(BOB, "a:1", "report_as_incident", payload, data)
        return {**chosen, "conversation": where, "channelData": {"tenant": {"id": TENANT}}}

    @pytest.mark.parametrize("where", [TWO_PEOPLE, ELSEWHERE, MEETING], ids=["two people", "channel", "meeting"])
    async def test_a_report_is_taken_and_the_place_is_not_taken_for_ours(
        self, where: dict[str, Any], teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        await teams.person("bob").installs()
        async with office.open() as later:
            assert (await teams.deliver(self.menu(where, None))).status == 200
            answer = await teams.deliver(self.menu(where, {"text": "the export is empty"}))
            assert "You said report the export is empty" in answer.message
            assert office.asks[0].email == BOB.email, "he is known from the chat that we have with him"
            assert office.asks[0].thread == "", "there we could not answer"
            assert await later.direct(BOB.aad) == teams.personal("bob")
        assert await office.cursors.get(f"teams:ref:{where['id'].partition(';')[0]}") is None

    async def test_an_answer_that_comes_late_comes_to_the_persons_own_chat(
        self, teams: Teams, office: Office, chat: TeamsChat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await teams.person("bob").installs()
        monkeypatch.setattr(front_desk, "INVOKE_WAITS", 0.0)  # five seconds of waiting would teach no more
        office.slow = 0.1
        office.answers = lambda ask: Card(f"You said {ask.text}", private=True)
        answer = await teams.deliver(self.menu(TWO_PEOPLE, {"text": "the export is empty"}))
        assert "at it" in answer.message
        assert "the export is empty" in await answered(teams, lambda: teams.direct_messages("bob"))

    async def test_a_channel_that_we_cannot_write_to_is_said_to_be_one(self, teams: Teams, chat: TeamsChat) -> None:
        ref = await chat.post(INCIDENTS, INCIDENT, key="17")
        await teams.uninstalls("channel")
        with pytest.raises(NotFound, match=r"not a member.*Add the agent"):
            await chat.update(ref, Card("x"))


async def test_a_channel_that_was_deleted_and_made_again_is_found(teams: Teams, chat: TeamsChat) -> None:
    await chat.post(INCIDENTS, Card("before"), key="1")
    teams.channels = {"General": CHANNELS["General"], "incidents": CHANNELS["data-oncall"]}
    with pytest.raises(NotFound):
        await chat.post(INCIDENTS, Card("lost"), key="2")
    ref = await chat.post(INCIDENTS, Card("after"), key="2")
    assert ref.room == CHANNELS["data-oncall"]


async def test_a_client_that_shows_many_cards_does_not_make_us_ask_who_it_is_each_time(
    teams: Teams, office: Office, chat: TeamsChat
) -> None:
    for number in range(5):
        await chat.post(Room(teams.group), INCIDENT, key=str(number))
    cards = teams.messages("group")
    await asyncio.gather(*(teams.person("bob").refreshes(card) for card in cards))
    asked = [call for call in teams.calls if "/members/" in call.path]
    assert (len(office.asks), len(asked)) == (5, 1)
    assert {ask.email for ask in office.asks} == {BOB.email}


async def test_who_added_us_for_themselves_is_found_by_their_address(
    teams: Teams, office: Office, chat: TeamsChat
) -> None:
    with pytest.raises(NotFound):
        await chat.direct(PEOPLE["dave"].email)
    await teams.person("dave").installs()
    async with asyncio.timeout(PATIENCE):
        while not await office.cursors.get("teams:person:dave@acme.test"):
            await asyncio.sleep(0.02)
    assert await chat.direct("DAVE@acme.test") == teams.personal("dave")
    await teams.person("dave").uninstalls()
    with pytest.raises(NotFound):
        await chat.direct(PEOPLE["dave"].email)


async def test_an_installed_update_leaves_the_place_ours_and_a_removing_one_does_not(
    teams: Teams, office: Office, chat: TeamsChat
) -> None:
    for action, known in (("add-upgrade", True), ("remove-upgrade", False), ("add", True), ("remove", False)):
        await teams.deliver(activities.installation(BOB, teams.group, action))
        assert json.loads(str(await office.cursors.get("teams:shared"))).count(teams.group) == known


async def test_a_press_in_a_thread_of_a_channel_is_answered_in_that_thread(
    teams: Teams, office: Office, chat: TeamsChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = await chat.post(INCIDENTS, Card("root"), key="1")
    await chat.post(INCIDENTS, INCIDENT, key="17", thread=root)
    monkeypatch.setattr(front_desk, "INVOKE_WAITS", 0.0)  # five seconds of waiting would teach no more
    office.slow = 0.1
    office.answers = lambda ask: Card(f"You said {ask.text}")
    await teams.person("bob").presses(teams.latest("channel"), "Approve")
    await teams.until(lambda: any("You said" in words(one) for one in teams.thread("channel", root.message)))
    [ask] = office.asks
    assert ask == Ask("approve 17 0badc0de", "teams", BOB.aad, "Bob", ask.room, root.message, BOB.email)
    assert Ref(ask.room, ask.thread) == root


async def test_no_secret_follows_a_redirect() -> None:
    stolen: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        if request.path.startswith("/elsewhere"):
            stolen.append(request.path)
            return web.json_response({"access_token": "x", "expires_in": 3600, "jwks_uri": "http://127.0.0.1:9/"})
        raise web.HTTPTemporaryRedirect(f"/elsewhere{request.path}")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", elsewhere)
    async with served(app) as url, aiohttp.ClientSession() as session:
        known, clock = Registration("an-id", "s3cret", openid=f"{url}/keys", login=f"{url}/token"), FakeClock()
        with pytest.raises(Unreachable):
            await SignIn(known, lambda: session, clock).header()
        with pytest.raises(Unreachable):
            await Keys(known.openid, lambda: session, clock).get("a key")
        unsigned = SignIn(Registration(), lambda: session, clock)
        calls = Calls(unsigned, Outbox("teams", Unkept(), Pace({}, clock)), lambda: session)
        with pytest.raises(Unreachable):
            await calls.now("POST", f"{url}/v3/conversations", {})
    assert stolen == []


async def test_a_wait_without_an_end_is_none(sign_in: Entra) -> None:
    async with connector(sign_in) as teams:
        chat = Office(teams, clock=FakeClock(), rates={}).chat()
        teams.fails(429, times=None, retry_after=float("inf"))
        with pytest.raises(Unreachable) as told:
            await chat.update(Ref(Room(teams.group), "1"), Card("2"))
        await chat.close()
    assert told.value.temporary
