"""Slack as a platform, against a workspace on this machine."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from slack_sdk.signature import SignatureVerifier

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Card, Code, Text
from adapters.chat.platform import Ref
from adapters.chat.slack.examine import examine
from adapters.chat.slack.platform import SlackChat, Tokens
from adapters.chat.slack.said import Said, Way
from adapters.chat.slack.scopes import NEEDED
from bot.clock import SystemClock
from engine.errors import NotFound, Unreachable
from storage.memory import MemoryInbox
from tests.adapters.slack_office import CHANGE, INCIDENT, Office, by_socket, said
from tests.clock import FakeClock
from tests.servers import free_port
from tests.servers.slack import Fault, Slack, slack, words
from tests.servers.slack.emulator import manifest_scopes

pytestmark = pytest.mark.real


@pytest.fixture
async def acme() -> AsyncIterator[Slack]:
    async with slack() as workspace:
        yield workspace
        assert workspace.api.violations == []


@pytest.fixture
def office(acme: Slack) -> Office:
    return Office(acme)


@pytest.fixture
async def chat(office: Office) -> AsyncIterator[SlackChat]:
    async with office.open() as opened:
        yield opened


async def standing(office: Office, chat: SlackChat, card: Card = INCIDENT, key: str = "incident-17") -> Ref:
    return await chat.post(Room("incidents"), card, key=key)


class TestHearing:
    async def test_a_slash_command_is_answered_to_its_speaker_alone(self, office: Office, chat: SlackChat) -> None:
        done = await office.slack.person("alice").slash("/oncall", "list open & <all>", "incidents")
        assert (done.status, done.body) == (200, "")
        [shown] = await office.slack.until(lambda: office.slack.ephemerals("alice"))
        assert "You said list open & <all>" in words(shown)
        assert shown["via"] == "response_url"
        alice, incidents = office.slack.users["alice"], Room(office.slack.channels["incidents"])
        assert office.asks == [Ask("list open & <all>", "slack", alice, "alice", incidents, "", "alice@acme.test")]
        assert await office.slack.messages("incidents") == []

    async def test_it_works_where_the_agent_is_not(self, office: Office, chat: SlackChat) -> None:
        await office.slack.person("bob").slash("/oncall", "status", "random")
        assert await office.slack.until(lambda: office.slack.ephemerals("bob"))

    async def test_a_mention_is_answered_in_its_thread(self, office: Office, chat: SlackChat) -> None:
        alice = office.slack.person("alice")
        asked = await alice.mention("list", "incidents")
        [answer] = await office.slack.until(lambda: office.slack.thread("incidents", asked.ts))
        assert "You said list" in words(answer)
        again = await alice.mention("list all", "incidents", thread=asked.ts)
        assert again.status == 200
        await office.slack.until(lambda: len(office.asks) == 2)
        assert [(ask.text, ask.thread) for ask in office.asks] == [("list", ""), ("list all", asked.ts)]

    async def test_what_is_private_stays_so_in_a_channel(self, office: Office, chat: SlackChat) -> None:
        asked = await office.slack.person("alice").mention("status", "incidents")
        [shown] = await office.slack.until(lambda: office.slack.ephemerals("alice"))
        assert (shown["via"], shown["thread_ts"]) == ("chat.postEphemeral", asked.ts)
        assert await office.slack.thread("incidents", asked.ts) == []

    async def test_a_direct_message_is_answered_where_it_was_said(self, office: Office, chat: SlackChat) -> None:
        cleo = office.slack.person("cleo")
        first = await cleo.direct("status https://wiki.acme.test/a?b=1&c=2")
        await office.slack.until(lambda: len(office.slack.api.made("chat.postMessage")) == 1)
        second = await cleo.direct("list", thread=first.ts)
        await office.slack.until(lambda: len(office.slack.api.made("chat.postMessage")) == 2)
        assert [(ask.text, ask.thread) for ask in office.asks] == [
            ("status https://wiki.acme.test/a?b=1&c=2", ""),
            ("list", first.ts),
        ]
        told = [call.arguments.get("thread_ts") for call in office.slack.api.made("chat.postMessage")]
        assert told == [None, first.ts]
        assert second.status == 200

    async def test_bots_changes_and_its_own_words_are_not_heard(self, office: Office, chat: SlackChat) -> None:
        room = await office.slack.direct_room("alice")
        alice = office.slack.users["alice"]
        line = {"type": "message", "channel_type": "im", "channel": room, "ts": "1.1", "text": "list", "user": alice}
        quiet: list[dict[str, Any]] = [
            {**line, "bot_id": "B1"},
            {**line, "subtype": "message_changed"},
            {**line, "subtype": "bot_message", "user": None},
            {**line, "channel_type": "channel"},
            {"type": "app_mention", "channel": room, "ts": "1.1", "text": "list", "user": alice, "bot_id": "B1"},
            {"type": "app_home_opened", "user": alice, "tab": "messages"},
            {"type": "team_rename", "name": "x"},
        ]
        assert [(await office.slack.event(event)).status for event in quiet] == [200] * len(quiet)
        await office.slack.person("alice").direct("list")
        await office.slack.until(lambda: office.asks)
        await asyncio.sleep(0.3)
        assert office.texts == ["list"]

    async def test_a_button_says_what_it_means(self, office: Office, chat: SlackChat) -> None:
        ref = await standing(office, chat)
        [message] = await office.slack.messages("incidents")
        done = await office.slack.person("bob").press(message, "Approve")
        assert (done.status, done.body) == (200, "")
        [shown] = await office.slack.until(lambda: office.slack.ephemerals("bob"))
        assert "You said approve 17" in words(shown)
        [ask] = office.asks
        assert (ask.text, ask.room, ask.thread) == ("approve 17", ref.room, ref.message)
        assert len(await office.slack.messages("incidents")) == 1, "the card itself stays as it is"

    async def test_a_link_is_nobodys_business(self, office: Office, chat: SlackChat) -> None:
        await standing(office, chat)
        [message] = await office.slack.messages("incidents")
        assert (await office.slack.person("bob").press(message, "Open")).status == 200
        assert office.asks == []

    async def test_a_message_is_reported_from_its_own_thread(self, office: Office, chat: SlackChat) -> None:
        bob = office.slack.person("bob")
        alert = await bob.writes("ERROR disk <full> & dead on db-1", "incidents")
        done = await office.slack.person("alice").shortcut(alert, "report_as_incident")
        assert done.status == 200
        assert await office.slack.until(lambda: office.slack.ephemerals("alice"))
        [ask] = office.asks
        assert (ask.text, ask.thread) == ("report ERROR disk <full> & dead on db-1", alert["ts"])

    async def test_the_home_tab_shows_what_waits_and_is_kept_fresh(self, office: Office, chat: SlackChat) -> None:
        office.answers = lambda ask: INCIDENT if ask.text == "home" and len(office.asks) == 1 else said(ask)
        alice = office.slack.person("alice")
        assert (await alice.opens_home()).status == 200
        home = await office.slack.until(lambda: office.slack.home("alice"))
        assert "The disk is full" in words(home)
        assert (await alice.press_home("Approve")).status == 200
        await office.slack.until(lambda: "You said home" in words(office.slack.home("alice") or {}))
        assert office.texts == ["home", "approve 17", "home"]
        [told] = await office.slack.direct_messages("alice")
        assert "You said approve 17" in words(told)


class TestForms:
    async def test_a_form_is_filled_in_and_sent(self, office: Office, chat: SlackChat) -> None:
        ref = await standing(office, chat)
        [message] = await office.slack.messages("incidents")
        alice = office.slack.person("alice")
        await alice.press(message, "Reject…")
        [window] = await office.slack.until(lambda: office.slack.modals("alice"))
        done = await alice.submit(window, {"Reason": "the disk is new"})
        assert (done.status, done.json) == (200, {})
        await alice.again(done, retry=1)
        assert office.slack.modals("alice") == []
        [ask] = office.asks
        assert (ask.text, ask.room, ask.thread) == ("reject 17 the disk is new", ref.room, ref.message)
        [shown] = await office.slack.until(lambda: office.slack.ephemerals("alice"))
        assert "You said reject 17" in words(shown)

    async def test_what_is_wrong_stands_under_its_field_and_can_be_mended(
        self, office: Office, chat: SlackChat
    ) -> None:
        def picky(ask: Ask) -> Card:
            wrong = {"days_old": "At least 7."} if "days_old=3" in ask.text else {}
            return replace(said(ask), wrong=wrong)

        office.answers = picky
        await standing(office, chat)
        [message] = await office.slack.messages("incidents")
        alice = office.slack.person("alice")
        await alice.press(message, CHANGE.label)
        [window] = await office.slack.until(lambda: office.slack.modals("alice"))
        refused = await alice.submit(window, {"Days": "3", "Path": "/var/log"})
        assert refused.json["response_action"] == "errors"
        assert list(refused.json["errors"].values()) == ["At least 7."]
        [window] = office.slack.modals("alice")
        same = await alice.submit(window, {"Days": "3", "Path": "/var/log"})
        assert same.json["response_action"] == "errors", "sent again as it was, it is refused again"
        done = await alice.submit(window, {"Days": "7", "Path": "/var/log/my app"})
        assert done.json == {}
        assert office.texts[-1] == "approve 17 days_old=7 path='/var/log/my app'"
        await office.slack.until(lambda: len(office.slack.ephemerals("alice")) == 1)

    async def test_a_slow_answer_comes_as_a_message(self, office: Office, chat: SlackChat) -> None:
        await standing(office, chat)
        [message] = await office.slack.messages("incidents")
        alice = office.slack.person("alice")
        await alice.press(message, "Reject…")
        [window] = await office.slack.until(lambda: office.slack.modals("alice"))
        office.slow = 2.5
        done = await alice.submit(window, {"Reason": "no"})
        assert done.status == 200
        assert 1.9 < done.seconds < 2.9
        assert office.slack.ephemerals("alice") == []
        assert await office.slack.until(lambda: office.slack.ephemerals("alice"))
        assert office.texts == ["reject 17 no"]

    async def test_a_form_that_cannot_be_opened_says_so(self, office: Office, chat: SlackChat) -> None:
        await standing(office, chat)
        [message] = await office.slack.messages("incidents")
        office.slack.api.fail("views.open", "expired_trigger_id")
        await office.slack.person("alice").press(message, "Reject…")
        [shown] = await office.slack.until(lambda: office.slack.ephemerals("alice"))
        assert "Press the button once more" in words(shown)


class TestTrust:
    @pytest.mark.parametrize("how", [{"forge": True}, {"unsigned": True}, {"age": 360.0}, {"age": -360.0}])
    async def test_who_cannot_sign_learns_and_does_nothing(
        self, office: Office, chat: SlackChat, how: dict[str, bool | float]
    ) -> None:
        alice = office.slack.person("alice")
        await standing(office, chat)
        [message] = await office.slack.messages("incidents")
        tried = [
            await alice.slash("/oncall", "approve 17", **how),  # type: ignore[arg-type] # parametrized
            await alice.direct("approve 17", **how),  # type: ignore[arg-type] # as above
            await alice.press(message, "Approve", **how),  # type: ignore[arg-type] # as above
            await alice.press(message, "Reject…", **how),  # type: ignore[arg-type] # as above
            await alice.shortcut(message, "report_as_incident", **how),  # type: ignore[arg-type] # as above
            await alice.opens_home(**how),  # type: ignore[arg-type] # as above
        ]
        await asyncio.sleep(0.2)
        assert [one.status for one in tried] == [401] * len(tried)
        assert office.asks == []
        assert office.slack.modals("alice") == []

    async def test_a_request_is_good_once(self, office: Office, chat: SlackChat) -> None:
        """Somebody has recorded a request of Slack's and sends it once more, to the letter."""
        assert await sent_to_the_letter(office, 3) == [200, 401, 401]
        await office.slack.until(lambda: office.asks)
        assert len(office.asks) == 1

    async def test_a_request_that_was_not_taken_is_still_good(self, acme: Slack) -> None:
        office = Office(acme, inbox=Stumbling())
        async with office.open():
            assert await sent_to_the_letter(office, 3) == [503, 200, 401]
            await acme.until(lambda: office.asks)

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("application/json", "{"),
            ("application/json", "[1]"),
            ("application/json", ""),
            ("application/x-www-form-urlencoded", "ssl_check=1"),
            ("application/x-www-form-urlencoded", "payload={"),
            ("application/octet-stream", "\udcff\udcfe"),
        ],
    )
    async def test_rubbish_is_refused(self, office: Office, chat: SlackChat, content_type: str, body: str) -> None:
        async with aiohttp.ClientSession() as outside:
            for stamp, signature in (("now", "v0=ä"), ("", ""), (str(int(time.time())), "v0=00")):
                headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
                raw = body.encode(errors="surrogateescape")
                sent = await outside.post(
                    office.slack.courier.url, data=raw, headers={"Content-Type": content_type, **headers}
                )
                assert sent.status == 401
        assert office.asks == []

    async def test_slack_is_shown_that_the_address_is_ours(self, office: Office, chat: SlackChat) -> None:
        body = json.dumps({"type": "url_verification", "challenge": "abc", "token": "x"})
        headers = {"Content-Type": "application/json", **signed(office.slack, body)}
        async with aiohttp.ClientSession() as outside:
            answer = await outside.post(office.slack.courier.url, data=body, headers=headers)
            assert (answer.status, await answer.json()) == (200, {"challenge": "abc"})

    async def test_an_address_is_vouched_for_only_for_colleagues(self, office: Office, chat: SlackChat) -> None:
        for name in ("alice", "visitor", "leaver"):
            await office.slack.person(name).slash("/oncall", "list", "incidents")
            await office.slack.until(lambda name=name: office.slack.ephemerals(name))  # type: ignore[misc] # mypy cannot infer it
        assert [(ask.name, ask.email) for ask in office.asks] == [
            ("alice", "alice@acme.test"),
            ("visitor", ""),
            ("leaver", ""),
        ]

    async def test_without_the_scope_nobody_has_an_address(self) -> None:
        async with slack(scopes=["commands", "chat:write", "users:read"]) as acme:
            office = Office(acme)
            async with office.open():
                await acme.person("alice").slash("/oncall", "list", "incidents")
                await acme.until(lambda: acme.ephemerals("alice"))
                assert [(ask.name, ask.email) for ask in office.asks] == [("alice", "")]


class Stumbling(MemoryInbox):
    """Does not answer at first."""

    stumbled = False

    async def hear(self, platform: str, id: str, body: str) -> bool:
        if not self.stumbled:
            self.stumbled = True
            raise Unreachable
        return await super().hear(platform, id, body)


class TestOnce:
    async def test_a_retry_is_handled_once_even_after_a_restart(self, office: Office) -> None:
        alice = office.slack.person("alice")
        async with office.open():
            asked = await alice.mention("list", "incidents")
            again = await alice.again(asked, retry=1)
            await office.slack.until(lambda: office.slack.thread("incidents", asked.ts))
        async with office.open():
            late = await alice.again(asked, retry=2)
        assert [one.status for one in (asked, again, late)] == [200, 200, 200]
        assert office.texts == ["list"]
        assert len(await office.slack.thread("incidents", asked.ts)) == 1

    async def test_a_click_delivered_three_times_acts_once(self, office: Office, chat: SlackChat) -> None:
        await standing(office, chat)
        [message] = await office.slack.messages("incidents")
        bob = office.slack.person("bob")
        first = await bob.press(message, "Approve", times=3)
        await asyncio.sleep(1.1)  # another second, another signature
        await bob.again(first)
        await office.slack.until(lambda: office.slack.ephemerals("bob"))
        await asyncio.sleep(0.2)
        assert office.texts == ["approve 17"]
        assert len(office.slack.ephemerals("bob")) == 1

    async def test_what_was_heard_before_a_crash_is_answered_after_it(self, office: Office) -> None:
        alice = office.slack.person("alice")
        office.slow = 60.0
        async with office.open():
            await alice.slash("/oncall", "approve 17")
            await alice.direct("list")
            await office.slack.until(lambda: len(office.asks) == 2)
        office.slow, office.asks = 0.0, []
        async with office.open():
            await office.slack.until(lambda: office.slack.ephemerals("alice"))
            await office.slack.until(lambda: office.slack.api.made("chat.postMessage"))
            assert office.texts == ["approve 17", "list"]
        async with office.open():
            await asyncio.sleep(0.2)
            assert office.texts == ["approve 17", "list"]

    async def test_nobody_expects_a_word_of_yesterday_to_be_done(self, office: Office) -> None:
        room = office.slack.channels["incidents"]
        old = Said("1.2.3", "approve 17", office.slack.users["alice"], room, Way.PERSON, time.time() - 7200)
        await office.inbox.hear("slack", old.id, old.to_json())
        await office.inbox.hear("slack", "9.9", "rubbish")
        async with office.open():
            [shown] = await office.slack.until(lambda: office.slack.ephemerals("alice"))
        assert "Nothing was done" in words(shown)
        assert office.asks == []
        assert await office.inbox.unanswered("slack") == []

    async def test_without_its_database_nothing_is_acknowledged(self, acme: Slack) -> None:
        class Gone(MemoryInbox):
            async def hear(self, platform: str, id: str, body: str) -> bool:
                raise Unreachable("the database has gone")

        office = Office(acme, inbox=Gone())
        async with office.open():
            alice = acme.person("alice")
            assert (await alice.slash("/oncall", "approve 17")).status == 503
            assert (await alice.direct("list")).status == 503
            [shown] = await acme.until(lambda: acme.ephemerals("alice"))
            assert "database does not answer" in words(shown)
            assert office.asks == []

    async def test_an_event_that_was_not_kept_is_taken_when_slack_brings_it_again(self, acme: Slack) -> None:
        office = Office(acme, inbox=Stumbling())
        async with office.open():
            alice = acme.person("alice")
            first = await alice.mention("list", "incidents")
            again = await alice.again(first, retry=1)
            assert (first.status, again.status) == (503, 200)
            assert await acme.until(lambda: acme.thread("incidents", first.ts))


class TestSpeaking:
    async def test_a_card_is_posted_once_changed_and_answered_in_its_thread(
        self, office: Office, chat: SlackChat
    ) -> None:
        ref = await standing(office, chat)
        assert await standing(office, chat) == ref
        await chat.post(ref.room, Card("approved by alice"), key="17-4", thread=ref)
        await chat.update(ref, Card("#17 is mended"))
        [message] = await office.slack.messages("incidents")
        assert "#17 is mended" in words(message)
        assert "disk" not in words(message)
        assert [words(one) for one in await office.slack.thread("incidents", ref.message)] != []
        assert chat.link(ref) == f"https://acme.slack.com/archives/{ref.room}/p{ref.message.replace('.', '')}"

    async def test_rooms_go_by_name_or_id(self, office: Office, chat: SlackChat) -> None:
        for number, room in enumerate(("incidents", "#incidents", office.slack.channels["incidents"])):
            ref = await chat.post(Room(room), Card("here"), key=f"k{number}")
            assert ref.room == office.slack.channels["incidents"]
        assert len(office.slack.api.made("conversations.list")) == 1
        await office.slack.create("war-room")
        await office.slack.invite("war-room")
        assert (await chat.post(Room("war-room"), Card("new"), key="new")).room == office.slack.channels["war-room"]

    async def test_where_it_cannot_speak_it_says_what_to_do(self, office: Office, chat: SlackChat) -> None:
        with pytest.raises(NotFound, match="no channel #nowhere"):
            await chat.post(Room("nowhere"), INCIDENT, key="a")
        with pytest.raises(Unreachable, match="/invite") as refused:
            await chat.post(Room("random"), INCIDENT, key="b")
        assert not refused.value.temporary
        with pytest.raises(NotFound, match="no longer there"):
            await chat.update(Ref(Room(office.slack.channels["incidents"]), "1.000001"), INCIDENT)

    async def test_a_person_is_reached_by_id_or_address(self, office: Office, chat: SlackChat) -> None:
        alice = await chat.direct("alice@acme.test")
        assert await chat.direct(office.slack.users["alice"]) == alice
        await chat.post(alice, Card("wake up"), key="wake")
        assert "wake up" in words((await office.slack.direct_messages("alice"))[0])
        with pytest.raises(NotFound, match=r"nobody@acme\.test"):
            await chat.direct("nobody@acme.test")
        with pytest.raises(NotFound):
            await chat.direct("U0NOBODY99")

    async def test_hostile_words_stay_words(self, office: Office, chat: SlackChat) -> None:
        hostile = "<!channel> <@U0ONCALL01> *bold* :fire: https://evil.test \u202eevil \x1b[31mred \x00 @here"
        card = Card(hostile, (Text(hostile), Code(hostile * 3000)))
        ref = await chat.post(Room("incidents"), card, key="hostile")
        await chat.update(ref, card)
        for call in (*office.slack.api.made("chat.postMessage"), *office.slack.api.made("chat.update")):
            assert "<!channel>" not in str(call.arguments["text"])
            assert not call.arguments["unfurl_links"]
            assert not call.arguments["link_names"]
            assert call.arguments["parse"] == "none"

    async def test_a_busy_slack_gets_everything_once_and_in_order(self, office: Office, chat: SlackChat) -> None:
        ref = await standing(office, chat)
        office.slack.api.fail("chat.postMessage", Fault.BUSY, times=3, after=1)
        steps = [chat.post(ref.room, Card(f"step {number}"), key=f"17-{number}", thread=ref) for number in range(5)]
        await asyncio.gather(*steps)
        told = [words(one) for one in await office.slack.thread("incidents", ref.message)]
        assert [next(word for word in text.split() if word.isdigit()) for text in told] == list("01234")
        statuses = [call.status for call in office.slack.api.made("chat.postMessage")]
        assert statuses.count(429) == 3

    @pytest.mark.parametrize("fault", [Fault.SWALLOWED, Fault.LOST, Fault.BROKEN])
    async def test_an_answer_that_got_lost_repeats_nothing(self, office: Office, chat: SlackChat, fault: Fault) -> None:
        ref = await standing(office, chat)
        for key, thread in (("root", None), ("reply", ref)):
            office.slack.api.fail("chat.postMessage", fault)
            with pytest.raises(Unreachable) as lost:
                await chat.post(ref.room, Card(key), key=key, thread=thread)
            assert lost.value.temporary
            after_a_restart = office.chat()
            again = await after_a_restart.post(ref.room, Card(key), key=key, thread=thread)
            await after_a_restart.close()
            assert again == await chat.post(ref.room, Card(key), key=key, thread=thread)
        assert len(await office.slack.messages("incidents")) == 2
        assert len(await office.slack.thread("incidents", ref.message)) == 1

    async def test_an_answer_is_brought_back_once_slack_is_well(self, office: Office, chat: SlackChat) -> None:
        office.slack.api.fail("chat.postMessage", Fault.SWALLOWED)
        asked = await office.slack.person("alice").mention("list", "incidents")
        await office.slack.until(lambda: office.slack.api.made("conversations.replies"))
        await asyncio.sleep(0.2)
        assert len(await office.slack.thread("incidents", asked.ts)) == 1
        assert await office.inbox.unanswered("slack") == []

    async def test_an_old_command_is_answered_without_its_address(self, office: Office, chat: SlackChat) -> None:
        room = office.slack.channels["incidents"]
        old = Said(
            "1.2.3", "status", office.slack.users["alice"], room, Way.PERSON, time.time(), url="http://127.0.0.1:1/"
        )
        await office.inbox.hear("slack", old.id, old.to_json())
        async with office.open():
            [shown] = await office.slack.until(lambda: office.slack.ephemerals("alice"))
        assert shown["via"] == "chat.postEphemeral"


class TestSocket:
    async def test_it_connects_and_acts(self, office: Office) -> None:
        async with office.open(by_socket(office.slack)) as chat:
            await office.slack.socket.ready()
            alice = office.slack.person("alice")
            done = await alice.slash("/oncall", "list")
            assert done.status == 200
            await office.slack.until(lambda: office.slack.ephemerals("alice"))
            await standing(office, chat)
            [message] = await office.slack.messages("incidents")
            await alice.press(message, "Reject…")
            [window] = await office.slack.until(lambda: office.slack.modals("alice"))
            office.answers = lambda ask: replace(said(ask), wrong={"reason": "Say more."})
            refused = await alice.submit(window, {"Reason": "no"})
            assert list(refused.json["errors"].values()) == ["Say more."]
            async with aiohttp.ClientSession() as outside:
                closed = await outside.post(office.slack.courier.url, data="x")
                assert closed.status == 404, "with a socket there is no open door"

    @pytest.mark.parametrize("reason", ["refresh_requested", "warning"])
    async def test_it_moves_to_a_new_connection_and_loses_nothing(self, office: Office, reason: str) -> None:
        async with office.open(by_socket(office.slack)):
            await office.slack.socket.ready()
            alice = office.slack.person("alice")
            saying = [asyncio.create_task(alice.direct(f"note {number}")) for number in range(5)]
            await office.slack.socket.disconnect(reason)
            saying += [asyncio.create_task(alice.direct(f"note {number}")) for number in range(5, 10)]
            await office.slack.socket.ready(connections=2)
            saying += [asyncio.create_task(alice.direct(f"note {number}")) for number in range(10, 15)]
            await asyncio.sleep(1.2)
            await alice.direct("note 15")
            assert {(await one).status for one in saying} == {200}
            await office.slack.until(lambda: len(office.asks) == 16)
        assert sorted(office.texts) == sorted(f"note {number}" for number in range(16))

    async def test_a_connection_that_breaks_is_made_again(self, office: Office) -> None:
        office.slack.socket.patience = 0.5
        async with office.open(by_socket(office.slack)):
            await office.slack.socket.ready()
            dropping = asyncio.create_task(office.slack.socket.drop())
            await office.slack.socket.ready(connections=2)
            dropping.cancel()
            await office.slack.person("alice").direct("status")
            await office.slack.until(lambda: "status" in office.texts)

    async def test_what_was_not_acknowledged_comes_again_and_is_done_once(self, acme: Slack) -> None:
        class Slow(MemoryInbox):
            async def hear(self, platform: str, id: str, body: str) -> bool:
                new = await super().hear(platform, id, body)
                await asyncio.sleep(0.8)
                return new

        acme.socket.patience = 0.3
        office = Office(acme, inbox=Slow())
        async with office.open(by_socket(acme)):
            await acme.socket.ready()
            done = await acme.person("alice").direct("list")
            await asyncio.sleep(1.5)
        assert done.status == 200
        assert len(acme.socket.sent) > 1
        assert office.texts == ["list"]

    async def test_a_slack_that_is_not_there_yet_is_waited_for(
        self, office: Office, caplog: pytest.LogCaptureFixture
    ) -> None:
        office.slack.socket.deaf = True
        async with office.open(by_socket(office.slack)):
            await asyncio.sleep(1.5)
            office.slack.socket.deaf = False
            await office.slack.socket.ready(seconds=15)
        complaints = [one for one in caplog.records if "no connection to Slack" in one.getMessage()]
        assert len(complaints) == 1

    async def test_socket_mode_that_is_switched_off_is_named(
        self, office: Office, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with office.open(by_socket(office.slack)):
            await office.slack.socket.ready()
            await office.slack.socket.disconnect("link_disabled", grace=0.1)
            await office.slack.until(lambda: "Switch it on" in caplog.text)
            await asyncio.sleep(0.5)
            assert office.slack.socket.connections == 1, "it does not come back at once"

    async def test_a_refused_token_is_named(self, office: Office, caplog: pytest.LogCaptureFixture) -> None:
        async with office.open(Tokens("xoxb-wrong", app="xapp-wrong")):
            await office.slack.until(lambda: "token" in caplog.text)
        assert "does not accept" in caplog.text
        assert "xoxb-wrong" not in caplog.text
        assert "xapp-wrong" not in caplog.text


async def test_what_slack_says_of_a_person_is_believed_for_a_while(acme: Slack) -> None:
    clock = FakeClock()
    office = Office(acme, clock=clock)
    async with office.open():
        for minutes, looks in ((0, 1), (4, 1), (2, 2)):
            clock.pass_time(minutes=minutes)
            await acme.person("alice").slash("/oncall", "list")
            await acme.until(lambda: len(acme.ephemerals("alice")) == len(office.asks) > 0)
            assert len(acme.api.made("users.info")) == looks
            office.asks.clear()
            acme.api.ephemerals.clear()


class TestExamining:
    async def test_a_workspace_in_order(self, acme: Slack) -> None:
        tokens = Tokens(acme.bot_token, app=acme.app_token)
        rooms = ["incidents", acme.channels["data-oncall"]]
        found = await examine(tokens, rooms, SystemClock(), acme.api_url)
        assert (found.bot, found.team) == ("oncall", "Acme")
        assert list(found.troubles()) == []

    async def test_what_is_missing_is_named_with_what_to_do(self) -> None:
        scopes = sorted(set(NEEDED) - {"groups:read", "im:write"})
        async with slack(scopes=scopes) as acme:
            tokens = Tokens(acme.bot_token, app="xapp-wrong")
            found = await examine(
                tokens, ["incidents", "#random", "nowhere", "C0NOWHERE9"], SystemClock(), acme.api_url
            )
        assert list(found.missing) == ["im:write", "groups:read"]
        assert [bool(trouble) for trouble in found.rooms.values()] == [False, True, True, True]
        assert "/invite @oncall" in found.rooms["#random"]
        assert "xapp" in found.socket
        assert len(list(found.troubles())) == 6

    @pytest.mark.parametrize(("token", "words"), [("xoxb-wrong", "does not accept"), ("", "no token")])
    async def test_a_wrong_token_is_named(self, acme: Slack, token: str, words: str) -> None:
        with pytest.raises(Unreachable, match=words) as refused:
            await examine(Tokens(token), ["incidents"], SystemClock(), acme.api_url)
        assert not refused.value.temporary

    async def test_a_slack_that_is_not_there_is_no_mistake_of_ours(self) -> None:
        with pytest.raises(Unreachable, match="cannot be reached") as lost:
            await examine(Tokens("xoxb-1"), [], SystemClock(), f"http://127.0.0.1:{free_port()}/api/")
        assert lost.value.temporary


def test_the_manifest_asks_for_what_is_needed_and_no_more() -> None:
    assert manifest_scopes() == sorted(NEEDED)


async def sent_to_the_letter(office: Office, times: int) -> list[int]:
    body = "command=%2Foncall&text=approve+17&user_id=U1&channel_id=C1&trigger_id=1.2.3"
    headers = {"Content-Type": "application/x-www-form-urlencoded", **signed(office.slack, body)}
    async with aiohttp.ClientSession() as outside:
        return [(await outside.post(office.slack.courier.url, data=body, headers=headers)).status for _ in range(times)]


def signed(slack: Slack, body: str) -> dict[str, str]:
    stamp = str(int(time.time()))
    signature = SignatureVerifier(slack.signing_secret).generate_signature(timestamp=stamp, body=body)
    assert signature
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
