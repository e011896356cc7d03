"""Doing a thing once, however often it is asked for: a double click or a retry meets the first one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeAlias

Wish: TypeAlias = tuple[str, str]
"""Who wishes, and the id of the wish."""

REMEMBERED = 2_000
"""Wishes: a retry comes within seconds, and this many are hours of a busy room."""


class Once:
    def __init__(self) -> None:
        self._done: OrderedDict[Wish, asyncio.Task[None]] = OrderedDict()

    async def do(self, wish: Wish, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work, or wait for the same wish to end. Raises what the work raised; it may then be tried again."""
        task = self._done.get(wish)
        if task is None or _failed(task):
            task = self._done[wish] = asyncio.ensure_future(_run(work))
            self._forget()
        # a reader who goes away ends the waiting, not the work
        await asyncio.shield(task)

    async def finish(self, within: float) -> None:
        """Give what is still under way this many seconds, then end it."""
        running = [task for task in self._done.values() if not task.done()]
        if running:
            await asyncio.wait(running, timeout=within)
        for task in running:
            task.cancel()

    def _forget(self) -> None:
        while len(self._done) > REMEMBERED and next(iter(self._done.values())).done():
            self._done.popitem(last=False)


async def _run(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def _failed(task: asyncio.Task[None]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
