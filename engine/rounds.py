"""Work that is done whenever somebody wakes it, and once more a while after it went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

AGAIN_AFTER = 5.0
"""Seconds before work whose target, chat or database did not answer is tried again."""


class Rounds:
    """``trouble`` is told of every exception; none ends the rounds."""

    def __init__(self, work: Callable[[], Awaitable[None]], trouble: Callable[[Exception], None]) -> None:
        self._work = work
        self._trouble = trouble
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled. The first round begins at once: it takes up what a crash left."""
        self.wake()
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self._work()
            except Exception as error:  # noqa: BLE001 - whatever one round met, the next must come; it is logged
                self._trouble(error)
                asyncio.get_running_loop().call_later(AGAIN_AFTER, self.wake)
