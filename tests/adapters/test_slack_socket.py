"""A connection to Slack that says nothing any more, not even that it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.chat.slack.socket import Socket
from tests.waiting import PATIENCE


async def nothing(_kind: str, _payload: Mapping[str, Any]) -> str | None:
    return None


async def test_a_connection_that_answers_no_ping_is_made_again() -> None:
    connected: asyncio.Queue[None] = asyncio.Queue()

    async def mute(request: web.Request) -> web.WebSocketResponse:
        line = web.WebSocketResponse(autoping=False)
        await line.prepare(request)
        connected.put_nowait(None)
        async for _ in line:
            pass
        return line

    app = web.Application()
    app.router.add_get("/", mute)
    async with TestServer(app, host="127.0.0.1") as server, aiohttp.ClientSession() as session:

        async def address() -> str:
            return str(server.make_url("/"))

        running = asyncio.create_task(Socket(address, lambda: session, nothing, heartbeat=0.2).run())
        async with asyncio.timeout(PATIENCE):
            for _ in range(2):
                await connected.get()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
