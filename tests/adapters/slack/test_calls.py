"""Lists that Slack hands out page by page are read to their end, and not for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from adapters.chat.outbox import Outbox, Unkept
from adapters.chat.pace import Pace
from adapters.chat.slack.calls import PAGES, Calls
from adapters.chat.slack.rates import RATES
from adapters.chat.slack.rooms import Rooms
from tests.clock import FakeClock


@asynccontextmanager
async def listing(last: int) -> AsyncIterator[Calls]:
    """A Slack whose list of channels has so many pages of one channel each."""

    async def page(request: web.Request) -> web.Response:
        number = int(request.query.get("cursor", "1"))
        body: dict[str, Any] = {"ok": True, "channels": [{"id": f"C{number}", "name": f"room-{number}"}]}
        if number < last:
            body["response_metadata"] = {"next_cursor": str(number + 1)}
        return web.json_response(body)

    app = web.Application()
    app.router.add_get("/api/conversations.list", page)
    async with TestServer(app, host="127.0.0.1") as server:
        calls = Calls("xoxb-1", Outbox("slack", Unkept(), Pace(RATES, FakeClock())), str(server.make_url("/api/")))
        yield calls
        await calls.close()


async def test_a_channel_on_the_last_page_is_found() -> None:
    async with listing(3) as calls:
        assert await Rooms(calls).id("#room-3") == "C3"


async def test_a_list_that_never_ends_is_left() -> None:
    async with listing(1_000_000) as calls:
        assert len(await Rooms(calls).all()) == PAGES
