"""What people do on Teams becomes asks, and answers come back to them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Card, Code, Facts, Text, Tone
from adapters.chat.platform import Ref
from adapters.chat.teams import front_desk
from adapters.chat.teams.people import vouched
from adapters.chat.teams.platform import TeamsChat
from engine.errors import Invalid
from tests.adapters.teams_office import CHANGE, INCIDENT, INCIDENTS, Office, answered, said_in
from tests.servers.teams import activities
from tests.servers.teams.company import PEOPLE
from tests.servers.teams.reading import words
from tests.servers.teams.shown import Message
from tests.servers.teams_connector import Teams

pytestmark = pytest.mark.real


@pytest.mark.parametrize(
    ("changed", "tenant", "believed"),
    [
        ({}, "t", "alice@acme.test"),
        ({"email": ""}, "t", "alice@upn.test"),
        ({"userRole": "guest"}, "t", ""),
        ({"userRole": None}, "t", ""),
        ({"tenantId": "another"}, "t", ""),
        ({"tenantId": ""}, "", ""),
        ({}, "", ""),
    ],
)
def test_an_address_is_believed_of_our_own_people_only(changed: dict[str, Any], tenant: str, believed: str) -> None:
    known = {"tenantId": "t", "userRole": "user", "email": "alice@acme.test", "userPrincipalName": "alice@upn.test"}
    assert vouched({**known, **changed}, tenant) == believed


class TestHearing:
    async def test_a_line_in_a_chat_of_two(self, teams: Teams, office: Office, chat: TeamsChat) -> None:
        answer = await teams.person("bob").says("list open")
        assert answer
        assert (answer.status, answer.text) == (200, "")
        shown = await answered(teams, lambda: [one for one in teams.direct_messages("bob") if one.card])
        assert "You said list open" in shown
        [ask] = office.asks
        bob = PEOPLE["bob"]
        assert ask == Ask("list open", "teams", bob.aad, "Bob", Room(teams.personal("bob")), "", bob.email)

    async def test_a_mention_in_a_channel_is_answered_in_its_thread(
        self, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        assert await teams.person("bob").says("not for you", "channel", mention=False) is None
        await teams.person("bob").says("list", "channel")
        root = teams.messages("channel")[-1]
        assert "You said list" in await answered(teams, lambda: teams.thread("channel", root.id))
        assert office.texts == ["list"]
        assert (office.asks[0].room, office.asks[0].thread) == (teams.channel("incidents"), root.id)

    async def test_a_mention_in_a_group_chat(self, teams: Teams, office: Office, chat: TeamsChat) -> None:
        await teams.person("cleo").says("list", "group")
        await teams.until(lambda: any("You said list" in one for one in said_in(teams.messages("group"))))
        assert office.asks[0].room == teams.group

    @pytest.mark.parametrize(
        ("text", "heard"),
        [
            ("/oncall status 17", "status 17"),
            ("oncall status", "status"),
            ("/list", "list"),
            ("/oncall", ""),
            ("note 17 see /var/log and oncall docs", "note 17 see /var/log and oncall docs"),
            ("note 17 <at>Bob</at> knows&nbsp;it", "note 17 Bob knows it"),
            ("note 17 a\u00a0b", "note 17 a b"),
            ("note 17 first\nsecond", "note 17 first\nsecond"),
            ("note 17 the On-call agent was slow", "note 17 the On-call agent was slow"),
        ],
    )
    async def test_the_line_is_what_was_meant(
        self, text: str, heard: str, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        await teams.person("bob").says(text, "group")
        await teams.until(lambda: office.asks)
        assert office.texts == [heard]

    async def test_a_private_answer_goes_to_the_persons_own_chat(
        self, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        await teams.person("bob").says("link", "channel")
        root = teams.messages("channel")[-1]
        assert "You said link" in await answered(teams, lambda: teams.direct_messages("bob"))
        assert teams.thread("channel", root.id) == []

    async def test_where_that_cannot_be_the_room_is_told_no_more_than_that(
        self, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        teams.blocks("bob")
        await teams.person("bob").says("link", "channel")
        root = teams.messages("channel")[-1]
        shown = await answered(teams, lambda: teams.thread("channel", root.id))
        assert "You said" not in shown
        assert "for Bob alone" in shown
        assert "blocked" in shown

    @pytest.mark.parametrize("person", ["gina", "alice"])
    async def test_only_our_own_peoples_addresses_are_believed(
        self, person: str, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        await teams.person(person).says("list", "channel")
        await teams.until(lambda: office.asks)
        assert bool(office.asks[0].email) == (person == "alice")
        assert office.asks[0].identity == PEOPLE[person].aad

    async def test_who_cannot_be_looked_up_is_heard_all_the_same(
        self, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        teams.fails(403, times=None, within="/members/")
        await teams.person("bob").says("list", "channel")
        await teams.until(lambda: office.asks)
        assert (office.asks[0].name, office.asks[0].email) == ("Bob", "")

    async def test_the_same_message_twice_is_one_ask(self, teams: Teams, office: Office, chat: TeamsChat) -> None:
        said = activities.message(PEOPLE["bob"], teams.personal("bob"), "list", mention=False, id_="7")
        for _ in range(3):
            assert (await teams.deliver(said)).status == 200
        elsewhere = activities.message(PEOPLE["bob"], teams.group, "list", mention=True, id_="7")
        await teams.deliver(elsewhere)
        await teams.until(lambda: len(office.asks) == 2)
        await asyncio.sleep(0.1)
        assert office.texts == ["list", "list"], "another room's message may have the same id"

    async def test_reactions_and_people_who_come_and_go_are_no_asks(
        self, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        await teams.deliver(activities.members_changed(PEOPLE["bob"], teams.group, [PEOPLE["bob"].id], added=True))
        said = activities.message(PEOPLE["bob"], teams.group, "x", mention=True, id_="8")
        await teams.deliver({**said, "type": "messageReaction", "reactionsAdded": [{"type": "like"}]})
        assert (await teams.deliver({**said, "type": "invoke", "name": "signin/verifyState"})).status == 501
        assert office.asks == []


class TestPressing:
    async def posted(self, teams: Teams, chat: TeamsChat) -> Message:
        ref = await chat.post(INCIDENTS, INCIDENT, key="incident-17")
        return next(one for one in teams.messages_by_id.values() if one.id == ref.message)

    async def test_a_button_says_its_line_and_the_answer_is_for_who_pressed_it(
        self, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        message = await self.posted(teams, chat)
        answer = await teams.person("bob").presses(message, "Approve")
        assert answer.status == 200
        assert answer.message == "You said approve 17 0badc0de\nThat is all."
        [ask] = office.asks
        assert (ask.text, ask.identity) == ("approve 17 0badc0de", PEOPLE["bob"].aad)
        assert (ask.room, ask.thread) == (teams.channel("incidents"), message.id)
        await chat.update(Ref(ask.room, message.id), Card("#17 Approved", tone=Tone.WORKING))
        for person in ("alice", "bob"):
            assert "Approved" in words(teams.seen_by(person, teams.now(message)) or {})

    async def test_a_longer_answer_stands_in_the_place_of_the_card_with_a_way_back(
        self, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        office.answers = lambda ask: INCIDENT if ask.verb == "show" else Card("Why", (Facts((("a", "b"),)),))
        message = await self.posted(teams, chat)
        bob = teams.person("bob")
        assert "Why" in words((await bob.presses(message, "Approve")).card or {})
        assert "The disk is full" in words(teams.seen_by("alice", message) or {})
        assert "The disk is full" in words((await bob.presses(message, "Back")).card or {})
        assert office.texts[-1] == "show 17"

    async def test_a_dangerous_button_and_the_fallback_of_old_clients(
        self, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        message = await self.posted(teams, chat)
        await teams.person("bob").presses(message, "Yes: Kill")
        assert (await teams.person("bob").submits(message, "Approve")).status == 200
        await teams.until(lambda: len(office.asks) == 2)
        assert office.texts == ["kill 17", "approve 17 0badc0de"]
        assert {ask.thread for ask in office.asks} == {message.id}

    async def test_a_form_is_sent_and_sent_again_after_a_mistake(
        self, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        def judged(ask: Ask) -> Card:
            if "days_old=3 " not in ask.text:
                return Card("Approved.", private=True)
            return Card("Not done", private=True, wrong=Invalid({"days_old": "It must be at least 7."}).fields)

        office.answers = judged
        message = await self.posted(teams, chat)
        bob = teams.person("bob")
        answer = await bob.presses(
            message, "Change and approve", {"days_old": "3", "path": "/my app", "mode": "delete"}
        )
        assert "It must be at least 7." in words(answer.card or {})
        answer = await bob.presses(
            message, "Change and approve", {"days_old": "7", "path": "/my app", "mode": "delete"}
        )
        assert answer.message == "Approved."
        assert office.texts == [f"{CHANGE.ask} days_old={n} path='/my app' mode=delete" for n in (3, 7)]

    async def test_three_clicks_are_three_asks_and_one_delivered_thrice_is_one(
        self, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        message = await self.posted(teams, chat)
        data = {"type": "Action.Execute", "verb": "say", "data": {"ask": "approve 17"}}
        press = activities.press(PEOPLE["bob"], message.conversation, message.id, data)
        answers = [await teams.deliver(press) for _ in range(3)]
        assert [one.status for one in answers] == [200, 200, 200]
        assert office.texts == ["approve 17"]

    async def test_a_slow_answer_is_acknowledged_and_comes_later(
        self, teams: Teams, office: Office, chat: TeamsChat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(front_desk, "INVOKE_WAITS", 0.2)  # five seconds of waiting would teach no more
        message = await self.posted(teams, chat)
        office.door.clear()
        answer = await teams.person("bob").presses(message, "Approve")
        assert "at it" in answer.message
        office.door.set()
        assert "You said approve" in await answered(teams, lambda: teams.direct_messages("bob"))
        assert await office.inbox.unanswered("teams") == []

    async def test_each_person_sees_a_card_that_suits_them(self, teams: Teams, office: Office, chat: TeamsChat) -> None:
        def suited(ask: Ask) -> Card:
            return INCIDENT if ask.name == "Bob" else Card(INCIDENT.title, (Text("Bob may approve this."),))

        office.answers = suited
        message = await self.posted(teams, chat)
        for person in ("bob", "mallory"):
            await teams.person(person).refreshes(message)
        assert "Approve" in json.dumps(teams.seen_by("bob", message))
        assert "Bob may approve" in words(teams.seen_by("mallory", message) or {})
        assert '"Approve"' not in json.dumps(teams.seen_by("mallory", message))
        assert office.texts == ["show 17", "show 17"]
        assert await office.inbox.unanswered("teams") == [], "looking decides nothing: it is not kept"

    async def test_a_refresh_decides_nothing(self, teams: Teams, office: Office, chat: TeamsChat) -> None:
        message = await self.posted(teams, chat)
        sent = {"type": "Action.Execute", "verb": "refresh", "data": {"ask": "approve 17"}}
        assert (await teams.person("bob").invokes(message, sent, trigger="automatic")).status == 400
        assert office.asks == []

    async def test_a_refused_view_leaves_the_card_as_it_is(self, teams: Teams, office: Office, chat: TeamsChat) -> None:
        office.answers = lambda _: Card("You may not do that", private=True)
        message = await self.posted(teams, chat)
        answer = await teams.person("bob").refreshes(message)
        assert answer
        assert (answer.status, answer.body["statusCode"]) == (200, 403)
        assert "The disk is full" in words(teams.seen_by("bob", message) or {})


class TestReporting:
    async def test_a_message_is_reported_from_its_menu(self, teams: Teams, office: Office, chat: TeamsChat) -> None:
        bob = teams.person("bob")
        window = await bob.message_action("OOM <b>killed</b>", "report")
        assert window.card
        assert "OOM killed" in json.dumps(window.card)
        answer = await bob.message_action("OOM killed", "report", {"text": "OOM killed\nat 03:00"})
        assert answer.message.startswith("You said report OOM killed")
        [ask] = office.asks
        reported = [one for one in teams.messages("channel") if one.by == "dave"][-1]
        assert ask.text == "report OOM killed\nat 03:00"
        assert (ask.room, ask.thread) == (teams.channel("incidents"), reported.id)

    async def test_an_alert_in_a_card_is_reported_with_its_words(
        self, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        await chat.post(INCIDENTS, Card("Disk full", (Code("/dev/sda1 100%"),)), key="1")
        alert = teams.latest("channel")
        await teams.person("bob").message_action(alert, "report", {"text": ""})
        assert "/dev/sda1\u00a0100%" in office.texts[0] or "/dev/sda1 100%" in office.texts[0]
