"""What is told on Teams stands there once, in its place, whatever goes wrong on the way."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Button, Card, Text
from adapters.chat.outbox import Unsure
from adapters.chat.platform import Ref
from adapters.chat.teams.examine import examine
from adapters.chat.teams.platform import Registration, TeamsChat
from engine.errors import NotFound, Unreachable
from storage.memory import MemoryInbox
from tests.adapters.teams_office import INCIDENT, INCIDENTS, Office, answered, registered, said_in
from tests.clock import FakeClock
from tests.servers.entra import Entra
from tests.servers.teams import activities
from tests.servers.teams.company import BOT_ID, PEOPLE
from tests.servers.teams.reading import words
from tests.servers.teams_connector import Teams, connector

pytestmark = pytest.mark.real


class TestTelling:
    async def test_a_card_a_step_and_a_change(self, teams: Teams, chat: TeamsChat) -> None:
        ref = await chat.post(INCIDENTS, INCIDENT, key="17")
        step = await chat.post(INCIDENTS, Card("Approved"), key="17-1", thread=ref)
        await chat.update(ref, Card("#17 Resolved"))
        await chat.update(step, Card("Approved by bob"))
        await chat.post(INCIDENTS, Card("under a step"), key="17-2", thread=step)
        root = next(one for one in teams.messages("channel") if one.id == ref.message)
        assert "Resolved" in words(root)
        assert [text.split("\n")[0] for text in said_in(teams.thread("channel", root.id))] == [
            "Approved by bob",
            "under a step",
        ]
        assert chat.link(ref) == (
            f"https://teams.microsoft.com/l/message/19%3Aincidents%40thread.tacv2/{ref.message}"
            f"?tenantId={teams.tenant}&parentMessageId={ref.message}"
        )
        assert chat.link(step).split("?")[0].endswith(step.message.partition("/")[2])

    @pytest.mark.parametrize("scope", ["group", "personal"])
    async def test_chats_have_no_threads_but_steps_all_the_same(
        self, scope: str, teams: Teams, chat: TeamsChat
    ) -> None:
        await teams.person("alice").installs()
        room = Room(teams.conversation(scope))
        ref = await chat.post(room, INCIDENT, key="17")
        await chat.post(room, Card("Approved"), key="17-1", thread=ref)
        await chat.update(ref, Card("#17 Resolved"))
        assert [text.split("\n")[0] for text in said_in(teams.messages(scope))] == ["#17 Resolved", "Approved"]
        assert bool(chat.link(ref)) == (scope == "group")

    @pytest.mark.parametrize("name", ["incidents", "Incidents", "General", "19:incidents@thread.tacv2"])
    async def test_a_room_is_a_channels_name_or_an_id(self, name: str, teams: Teams, chat: TeamsChat) -> None:
        ref = await chat.post(Room(name), Card("x"), key="17")
        assert ref.room == teams.channel("General" if name == "General" else "incidents")

    async def test_a_channel_is_found_where_its_team_is_now(
        self, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        for number in range(3):
            await chat.post(INCIDENTS, Card("x"), key=str(number))
        asked = [call.path for call in teams.calls if call.path.endswith("/conversations") and call.method == "GET"]
        assert len(asked) == 1, "a name is looked up once"
        await teams.uninstalls("channel")
        with pytest.raises(NotFound, match="no channel"):
            await chat.post(INCIDENTS, Card("x"), key="there again")
        await teams.installs("channel")
        await chat.post(INCIDENTS, Card("x"), key="there again")

    async def test_a_room_that_is_not_there_says_what_to_do(self, teams: Teams, chat: TeamsChat) -> None:
        with pytest.raises(NotFound, match=r"no channel moon.*Add the agent"):
            await chat.post(Room("moon"), Card("x"), key="17")
        with pytest.raises(NotFound, match="no such conversation"):
            await chat.post(Room("19:moon@thread.tacv2"), Card("x"), key="18")

    async def test_a_team_that_removed_us_says_so(self, teams: Teams, chat: TeamsChat) -> None:
        await chat.post(INCIDENTS, Card("x"), key="17")
        await teams.uninstalls("channel")
        with pytest.raises(NotFound, match="not a member"):
            await chat.post(Room(teams.channel("incidents")), Card("x"), key="18")

    async def test_one_person_is_found_by_identity_and_by_address(self, teams: Teams, chat: TeamsChat) -> None:
        teams.page_size = 2
        for name in (PEOPLE["cleo"].aad, PEOPLE["cleo"].id, PEOPLE["cleo"].principal, PEOPLE["cleo"].email.upper()):
            room = await chat.direct(name)
            assert room == teams.personal("cleo")
        created = [call for call in teams.calls if call.method == "POST"]
        assert len(created) == 1, "the conversation is remembered"
        await chat.post(room, Card("wake up"), key="17-wake")
        assert "wake up" in said_in(teams.direct_messages("cleo"))[0]

    async def test_who_has_not_added_us_is_told_of(self, teams: Teams, chat: TeamsChat) -> None:
        with pytest.raises(NotFound, match="add the agent"):
            await chat.direct("dave@acme.test")
        teams.in_group = (*teams.in_group, "dave")
        with pytest.raises(NotFound, match=r"Dave cannot be written to.*has not added"):
            await chat.direct("dave@acme.test")

    async def test_who_has_blocked_us_is_told_of(self, teams: Teams, chat: TeamsChat) -> None:
        teams.blocks("cleo")
        with pytest.raises(Unreachable, match="blocked") as told:
            await chat.post(await chat.direct("cleo@acme.test"), Card("wake up"), key="17-wake")
        assert not told.value.temporary

    async def test_who_adds_us_can_be_written_to_at_once_and_after_a_restart(
        self, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        await teams.person("dave").installs()
        later = office.chat()
        try:
            room = await later.direct(PEOPLE["dave"].aad)
            await later.post(room, Card("hello"), key="1")
        finally:
            await later.close()
        assert "hello" in said_in(teams.direct_messages("dave"))[0]
        await teams.person("dave").uninstalls()
        with pytest.raises(NotFound):
            await chat.direct(PEOPLE["dave"].aad)

    async def test_the_newest_service_url_wins(self, teams: Teams, office: Office, chat: TeamsChat) -> None:
        moved = activities.members_changed(PEOPLE["bob"], teams.group, [PEOPLE["bob"].id], added=True)
        await teams.deliver({**moved, "serviceUrl": "http://127.0.0.1:9/"})
        with pytest.raises(Unreachable):
            await chat.post(Room(teams.group), Card("x"), key="1")
        await teams.person("bob").says("list", "group")
        await teams.until(lambda: any("You said" in one for one in said_in(teams.messages("group"))))

    async def test_nothing_is_shown_twice_under_one_key(self, teams: Teams, office: Office, chat: TeamsChat) -> None:
        refs = await asyncio.gather(*(chat.post(INCIDENTS, Card("once"), key="17") for _ in range(4)))
        later = office.chat()
        refs.append(await later.post(INCIDENTS, Card("once"), key="17"))
        await later.close()
        assert len(set(refs)) == 1
        assert len(teams.messages("channel")) == 1


class TestTrouble:
    @pytest.mark.parametrize(("status", "wait"), [(429, 0.3), (429, None), (412, None)])
    async def test_a_wait_that_teams_asks_for(
        self, status: int, wait: float | None, teams: Teams, office: Office, chat: TeamsChat
    ) -> None:
        await chat.post(INCIDENTS, Card("0"), key="0")
        teams.fails(status, times=2, method="POST", retry_after=wait)
        for number in range(1, 4):
            await chat.post(INCIDENTS, Card(str(number)), key=str(number))
        assert said_in(teams.messages("channel")) == ["0", "1", "2", "3"]
        refused = [call.at for call in teams.calls if call.status == status]
        assert refused[1] - refused[0] >= (wait or 0.5)

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    async def test_a_change_is_tried_again(self, status: int, teams: Teams, chat: TeamsChat) -> None:
        ref = await chat.post(INCIDENTS, Card("1"), key="1")
        teams.fails(status, times=2, method="PUT")
        await chat.update(ref, Card("2"))
        assert said_in(teams.messages("channel")) == ["2"]

    async def test_a_trouble_that_stays_is_told_as_one_that_passes(self, sign_in: Entra) -> None:
        async with connector(sign_in) as teams:
            office = Office(teams, clock=FakeClock(), rates={})
            chat = office.chat()
            teams.fails(502, times=None)
            with pytest.raises(Unreachable) as told:
                await chat.update(Ref(Room(teams.group), "1"), Card("2"))
            assert told.value.temporary
            with pytest.raises(Unsure):
                await chat.post(Room(teams.group), Card("2"), key="2")
            await chat.close()

    async def test_what_was_lost_on_the_way_is_posted_again(self, teams: Teams, chat: TeamsChat) -> None:
        teams.fails(502, method="POST", within="conversations")
        with pytest.raises(Unsure):
            await chat.post(INCIDENTS, INCIDENT, key="17")
        await chat.post(INCIDENTS, INCIDENT, key="17")
        assert len(teams.messages("channel")) == 1

    async def test_a_card_whose_answer_was_lost_is_known_once_somebody_sees_it(
        self, teams: Teams, chat: TeamsChat
    ) -> None:
        teams.swallows(method="POST", within="conversations")
        with pytest.raises(Unsure):
            await chat.post(INCIDENTS, INCIDENT, key="17")
        [stands] = teams.messages("channel")
        await teams.person("bob").refreshes(stands)
        ref = await chat.post(INCIDENTS, INCIDENT, key="17")
        assert ref.message == stands.id
        assert len(teams.messages("channel")) == 1

    async def test_an_answer_that_may_have_come_is_not_said_twice(
        self, teams: Teams, office: Office, chat: TeamsChat, caplog: pytest.LogCaptureFixture
    ) -> None:
        teams.swallows(method="POST", within="conversations")
        await teams.person("cleo").says("list", "group")
        await teams.until(lambda: "an answer did not arrive" in caplog.text)
        assert [text for text in said_in(teams.messages("group")) if "You said" in text] == [
            "You said list\nThat is all."
        ]

    async def test_or_one_of_the_two_is_deleted(self, teams: Teams, chat: TeamsChat) -> None:
        teams.swallows(method="POST", within="conversations")
        with pytest.raises(Unsure):
            await chat.post(INCIDENTS, INCIDENT, key="17")
        ref = await chat.post(INCIDENTS, INCIDENT, key="17")
        first, second = teams.messages("channel")
        assert second.id == ref.message
        for message in (second, first):
            await teams.person("bob").refreshes(message)
        await teams.until(lambda: [one.id for one in teams.messages("channel")] == [second.id])
        await chat.update(ref, Card("still here"))

    async def test_a_card_of_another_room_is_not_taken_for_the_second(self, teams: Teams, chat: TeamsChat) -> None:
        teams.swallows(method="POST", within="conversations")
        with pytest.raises(Unsure):
            await chat.post(INCIDENTS, INCIDENT, key="17")
        await chat.post(INCIDENTS, INCIDENT, key="17")
        await chat.post(Room(teams.group), INCIDENT, key="18")
        first, second = teams.messages("channel")
        sent = {"type": "Action.Execute", "verb": "refresh", "data": {"ask": "show 17", "key": "17"}}
        for message in (teams.latest("group"), first):
            await teams.person("bob").invokes(message, sent, trigger="automatic")
        await teams.until(lambda: teams.messages("channel") == [second])
        assert len(teams.messages("group")) == 1

    async def test_nobody_can_have_other_cards_deleted(self, teams: Teams, chat: TeamsChat) -> None:
        other = await chat.post(INCIDENTS, Card("other", (Button("a", "ack 1"),)), key="1")
        message = teams.messages("channel")[0]
        sent = {"type": "Action.Execute", "verb": "refresh", "data": {"ask": "show 1", "key": "17"}}
        await teams.person("mallory").invokes(message, sent, trigger="automatic")
        await asyncio.sleep(0.1)
        await chat.update(other, Card("still here"))

    async def test_what_teams_finds_too_long_is_sent_shorter(self, teams: Teams, chat: TeamsChat) -> None:
        long = Card("long", (Text("x" * 3_000), *(Text("y" * 900) for _ in range(30)), Button("Ack", "ack 1")))
        ref = await chat.post(INCIDENTS, Card("short"), key="1")
        for method, tell in (("POST", chat.post(INCIDENTS, long, key="2")), ("PUT", chat.update(ref, long))):
            teams.fails(413, method=method)
            await tell
            sizes = [len(json.dumps(call.body)) for call in teams.calls if call.method == method][-2:]
            assert sizes[1] < 0.6 * sizes[0]
            assert '"Ack"' in json.dumps(teams.calls[-1].body)

    async def test_a_token_taken_back_before_its_time_is_fetched_anew(
        self, teams: Teams, chat: TeamsChat, sign_in: Entra
    ) -> None:
        await chat.post(INCIDENTS, Card("1"), key="1")
        sign_in.revoke()
        await chat.post(INCIDENTS, Card("2"), key="2")
        assert said_in(teams.messages("channel")) == ["1", "2"]

    async def test_a_wrong_password_is_named(self, teams: Teams, office: Office) -> None:
        known = registered(teams.microsoft, teams)
        chat = office.chat(Registration(known.app_id, "wrong", known.tenant, openid=known.openid, login=known.login))
        with pytest.raises(Unreachable, match=r"client secret.*AADSTS7000215") as told:
            await chat.post(Room(teams.group), Card("1"), key="1")
        assert not told.value.temporary
        await chat.close()

    async def test_slow_sign_in_keeps_nobody_waiting(self, teams: Teams, office: Office, sign_in: Entra) -> None:
        """A loop that stood still would never come to let Microsoft speak."""
        sign_in.asked.clear()
        chat, sign_in.silent = office.chat(), True
        sent = asyncio.create_task(chat.post(Room(teams.group), Card("1"), key="1"))
        await teams.until(lambda: sign_in.asked)
        sign_in.silent = False
        await sent
        await chat.close()

    async def test_teams_own_rates_are_kept(self, teams: Teams) -> None:
        clock = FakeClock()
        teams.pace.now = lambda: clock.now().timestamp()
        async with Office(teams, clock=clock).open() as chat:
            await teams.installs("group")
            for number in range(20):
                await chat.post(Room(teams.group), Card(str(number)), key=str(number))
        assert said_in(teams.messages("group")) == [str(number) for number in range(20)]
        assert [call.status for call in teams.calls if call.status == 429] == []


class TestExamining:
    async def test_all_is_well(self, teams: Teams, office: Office, chat: TeamsChat) -> None:
        known = registered(teams.microsoft, teams)
        found = await examine(known, ["incidents", "moon"], office.cursors, office.clock)
        [trouble] = found.troubles()
        assert "no channel moon" in trouble
        assert teams.messages("channel") == []

    async def test_a_wrong_password_and_no_keys(self, teams: Teams, office: Office) -> None:
        known = registered(teams.microsoft, teams)
        wrong = Registration(known.app_id, "x", known.tenant, openid=f"{known.openid}x", login=known.login)
        found = await examine(wrong, ["incidents"], office.cursors, office.clock)
        assert ["client secret" in one or "keys" in one for one in found.troubles()] == [True, True]


class DeadInbox(MemoryInbox):
    async def hear(self, platform: str, id: str, body: str) -> bool:
        raise Unreachable("The database does not answer.")


class TestRestart:
    async def test_what_was_heard_and_not_answered_is_answered_after_the_restart(
        self, teams: Teams, office: Office
    ) -> None:
        hang = asyncio.Event()

        async def never(ask: Ask) -> Card:
            office.asks.append(ask)
            await hang.wait()
            return Card("never")

        answers, office.handle = office.handle, never  # type: ignore[method-assign] # as a program that dies in between
        async with office.open():
            await teams.installs("channel")
            await teams.person("bob").says("list", "channel")
            await teams.until(lambda: office.asks)
        office.handle = answers  # type: ignore[method-assign] # and is started again
        root = teams.messages("channel")[-1]
        async with office.open():
            assert "You said list" in await answered(teams, lambda: teams.thread("channel", root.id))
            await teams.until(lambda: office.texts == ["list", "list"])
        assert await office.inbox.unanswered("teams") == []

    async def test_what_was_said_long_ago_is_not_done_now(self, teams: Teams) -> None:
        clock = FakeClock()
        office = Office(teams, clock=clock)
        old = {"id": "1", "text": "approve 17", "user": PEOPLE["bob"].aad, "member": "29:bob", "name": "Bob"}
        said = {**old, "room": teams.personal("bob"), "scope": "personal", "at": clock.now().timestamp(), "thread": ""}
        await office.inbox.hear("teams", "1", json.dumps(said))
        await office.inbox.hear("teams", "2", "rubbish")
        clock.pass_time(minutes=31)
        async with office.open():
            shown = await answered(teams, lambda: teams.direct_messages("bob"))
        assert "Nothing was done" in shown
        assert office.asks == []
        assert await office.inbox.unanswered("teams") == []

    async def test_what_cannot_be_kept_is_not_acknowledged(self, teams: Teams) -> None:
        office = Office(teams, inbox=DeadInbox())
        async with office.open() as chat:
            await teams.installs("channel")
            answer = await teams.person("bob").says("list")
            assert answer
            assert answer.status == 503
            await chat.post(INCIDENTS, INCIDENT, key="17")
            pressed = await teams.person("bob").presses(teams.latest("channel"), "Approve")
            assert "Nothing was done" in pressed.message
            assert office.asks == []

    async def test_it_is_ours_only_while_we_are_in_it(self, teams: Teams, office: Office, chat: TeamsChat) -> None:
        gone: dict[str, Any] = activities.members_changed(PEOPLE["alice"], teams.group, [BOT_ID], added=False)
        await teams.deliver(gone)
        assert await office.cursors.get(f"teams:ref:{teams.group}") == "null"
