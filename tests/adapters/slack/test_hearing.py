"""What people do on Slack becomes asks, and answers come back to them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Card
from adapters.chat.slack import front_desk
from adapters.chat.slack.platform import SlackChat
from tests.adapters.clerk import said
from tests.adapters.slack_office import CHANGE, INCIDENT, Office, standing
from tests.clock import FakeClock
from tests.servers.slack import Slack, words

pytestmark = pytest.mark.real


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

    async def test_where_it_may_not_reply_it_answers_its_speaker_alone(self, office: Office, chat: SlackChat) -> None:
        office.slack.api.fail("chat.postMessage", "restricted_action_thread_locked")
        asked = await office.slack.person("alice").mention("list", "incidents")
        [shown] = await office.slack.until(lambda: office.slack.ephemerals("alice"))
        assert "You said list" in words(shown)
        assert await office.slack.thread("incidents", asked.ts) == []

    @pytest.mark.parametrize("error", ["user_not_in_channel", "channel_not_found"])
    async def test_where_nothing_can_be_shown_it_answers_in_a_direct_message(
        self, office: Office, chat: SlackChat, error: str
    ) -> None:
        office.slack.api.fail("response_url", "expired_url")
        office.slack.api.fail("chat.postEphemeral", error)
        await office.slack.person("alice").slash("/oncall", "status", "incidents")
        await office.slack.until(lambda: office.slack.api.made("chat.postMessage"))
        [told] = await office.slack.direct_messages("alice")
        assert "You said status" in words(told)

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

    async def test_a_slow_answer_comes_as_a_message(
        self, office: Office, chat: SlackChat, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(front_desk, "MODAL_WAITS", 0.2)  # two seconds of waiting would teach no more
        await standing(office, chat)
        [message] = await office.slack.messages("incidents")
        alice = office.slack.person("alice")
        await alice.press(message, "Reject…")
        [window] = await office.slack.until(lambda: office.slack.modals("alice"))
        office.door.clear()
        done = await alice.submit(window, {"Reason": "no"})
        assert done.status == 200
        assert office.slack.ephemerals("alice") == []
        office.door.set()
        assert await office.slack.until(lambda: office.slack.ephemerals("alice"))
        assert office.texts == ["reject 17 no"]

    async def test_a_form_that_cannot_be_opened_says_so(self, office: Office, chat: SlackChat) -> None:
        await standing(office, chat)
        [message] = await office.slack.messages("incidents")
        office.slack.api.fail("views.open", "expired_trigger_id")
        await office.slack.person("alice").press(message, "Reject…")
        [shown] = await office.slack.until(lambda: office.slack.ephemerals("alice"))
        assert "Press the button once more" in words(shown)


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
