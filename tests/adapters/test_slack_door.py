"""Slack's door, before anybody has shown a signature: it waits for nobody for long."""

from __future__ import annotations

import asyncio
from typing import cast

from aiohttp import web

from adapters.chat.slack.calls import Tokens
from adapters.chat.slack.door import PATH, Door
from adapters.chat.slack.front_desk import FrontDesk

UNHEARD = cast("FrontDesk", None)
"""No stranger gets that far."""


async def test_a_request_that_never_arrives_whole_is_not_waited_for() -> None:
    app = web.Application()
    app.router.add_post(PATH, Door(Tokens("xoxb-1", "a signing secret"), UNHEARD, patience=0.01).knock)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
        writer.write(f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\na".encode())
        answer = await reader.readline()
        writer.close()
    finally:
        await runner.cleanup()
    assert answer.startswith(b"HTTP/1.1 408")
