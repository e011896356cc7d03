"""The Slack of the tests has sockets that end, and bring again what nobody acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.adapters.slack_peers.payloads import REJECT, Json
from tests.adapters.slack_peers.small_bot import a_bot, refusal
from tests.servers.slack import Slack

pytestmark = pytest.mark.real


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
        await acme.socket.ready(connections=2)
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
        again = await second.receive_json()
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
