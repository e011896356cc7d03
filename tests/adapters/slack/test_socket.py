"""Slack through a socket, for who has no address of their own."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import aiohttp
import pytest

from adapters.chat.slack.platform import Tokens
from storage.memory import MemoryInbox
from tests.adapters.clerk import said
from tests.adapters.slack_office import Office, Stumbling, by_socket, standing
from tests.servers.slack import Fault, Slack

pytestmark = pytest.mark.real


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

    async def test_what_could_not_be_kept_is_not_acknowledged_and_comes_again(self, acme: Slack) -> None:
        acme.socket.patience = 2
        office = Office(acme, inbox=Stumbling())
        async with office.open(by_socket(acme)):
            await acme.socket.ready()
            done = await acme.person("alice").mention("list")
            await acme.until(lambda: office.asks)
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
            await office.slack.socket.ready()
        complaints = [one for one in caplog.records if "no connection to Slack" in one.getMessage()]
        assert len(complaints) == 1

    @pytest.mark.parametrize(
        ("reason", "words"), [("link_disabled", "Switch it on"), ("too_many_websockets", "Stop those")]
    )
    async def test_a_connection_that_slack_will_not_have_is_named(
        self, office: Office, caplog: pytest.LogCaptureFixture, reason: str, words: str
    ) -> None:
        async with office.open(by_socket(office.slack)):
            await office.slack.socket.ready()
            await office.slack.socket.disconnect(reason, grace=0.1)
            await office.slack.until(lambda: words in caplog.text)
            await asyncio.sleep(0.5)
            assert office.slack.socket.connections == 1, "it does not come back at once"

    async def test_it_asks_for_a_connection_no_sooner_than_slack_wants(self, office: Office) -> None:
        office.slack.api.fail("apps.connections.open", Fault.BUSY, after=3)
        async with office.open(by_socket(office.slack)):
            await office.slack.socket.ready()
        first, second = office.slack.api.made("apps.connections.open")
        assert (first.status, second.status) == (429, 200)
        assert second.time - first.time >= 3

    async def test_a_refused_token_is_named(self, office: Office, caplog: pytest.LogCaptureFixture) -> None:
        async with office.open(Tokens("xoxb-wrong", app="xapp-wrong")):
            await office.slack.until(lambda: "token" in caplog.text)
            await office.slack.until(lambda: "app token" in caplog.text)
        assert "does not accept" in caplog.text
        assert "xoxb-wrong" not in caplog.text
        assert "xapp-wrong" not in caplog.text
