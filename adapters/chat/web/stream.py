"""The live page: what has changed since the reader's last revision, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from aiohttp import web

from adapters.chat.web.posts import Post, Posts
from engine.errors import Unreachable

HEARTBEAT = 15.0
"""Seconds between signs of life: proxies close what is silent for 30 to 60."""

RETRY = 1500
"""Milliseconds until a browser that lost the connection tries again."""

SLOW = 5.0
"""Seconds a reader may take to accept data; one that has gone to sleep comes back with its last revision."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A piece of the page. It replaces the element ``id``; if there is none it is new in ``into``, if that is given."""

    id: str
    into: str
    html: str


Patches: TypeAlias = Callable[[Post], Awaitable[Sequence[Patch]]]
"""From a changed post to what changes in a reader's page; nothing if it is not for this reader."""


class Bell:
    """Wakes everybody who waits for news. Once closed it stays so."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()
        self.closed = False

    def ring(self) -> None:
        for event in self._waiting:
            event.set()

    def close(self) -> None:
        self.closed = True
        self.ring()

    async def rings(self, at_least_every: float) -> AsyncIterator[None]:
        """Yield at once, at each ring, and whenever it was silent for so many seconds; end once closed."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            while not self.closed:
                event.clear()
                yield
                await _rung(event, at_least_every)
        finally:
            self._waiting.discard(event)


async def _rung(event: asyncio.Event, within: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()


@dataclass(frozen=True, slots=True)
class Stream:
    """One reader's open connection. ``still_welcome`` is asked before anything is sent."""

    posts: Posts
    bell: Bell
    patches: Patches
    still_welcome: Callable[[], Awaitable[bool]]

    async def run(self, request: web.Request, revision: int, headers: dict[str, str]) -> web.StreamResponse:
        response = web.StreamResponse(headers={**headers, "X-Accel-Buffering": "no"})
        response.content_type = "text/event-stream"
        await response.prepare(request)
        # a reader who has gone comes back with the last revision; so does one whose page the database kept waiting
        with suppress(ConnectionError, TimeoutError, Unreachable):
            await self._send_all(response, revision)
        return response

    async def _send_all(self, response: web.StreamResponse, revision: int) -> None:
        await _write(response, f"retry: {RETRY}\n\n")
        # other processes cannot ring this bell, so silence is a reason to look as well
        async for _ in self.bell.rings(HEARTBEAT):
            if not await self.still_welcome():
                return
            revision = await self._send_news(response, revision)
            await _write(response, ":\n\n")

    async def _send_news(self, response: web.StreamResponse, revision: int) -> int:
        while news := await self.posts.after(revision):
            for post in news:
                revision = post.revision
                if patches := await self.patches(post):
                    await _write(response, event(revision, patches))
        return revision


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(SLOW):
        await response.write(text.encode())


def event(revision: int, patches: Sequence[Patch]) -> str:
    """Return one server-sent event; its id lets a lost connection go on where it stopped."""
    data = json.dumps([{"id": one.id, "into": one.into, "html": one.html} for one in patches])
    return f"id: {revision}\ndata: {data}\n\n"
