"""Slack alone is let in, and what it says more than once is done once."""

from __future__ import annotations

import asyncio
import json
import time

import aiohttp
import pytest

from adapters.chat.slack.platform import SlackChat
from adapters.chat.slack.said import Said, Way
from engine.errors import Unreachable
from storage.memory import MemoryInbox
from tests.adapters.slack_office import Office, Stumbling, sent_to_the_letter, signed, standing
from tests.servers.slack import Slack, slack, words

pytestmark = pytest.mark.real


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
        home = Said("4.5.6", "home", office.slack.users["alice"], "", Way.HOME, time.time() - 7200)
        await office.inbox.hear("slack", home.id, home.to_json())

        async def all_answered() -> bool:
            return not await office.inbox.unanswered("slack")

        async with office.open():
            [shown] = await office.slack.until(lambda: office.slack.ephemerals("alice"))
            await office.slack.until(all_answered)
        assert "Nothing was done" in words(shown)
        assert office.asks == []
        assert office.slack.home("alice") is None, "nobody waits for a home tab"
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
