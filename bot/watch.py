"""Watching: every log source is scanned, what it says is heard, and the last scan is remembered for ``status``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from bot.log import get_logger
from bot.words import clock
from engine.desk import Desk
from engine.errors import OnCallError
from engine.escalate import tick
from engine.group import hear
from engine.model import Entry
from engine.ports import LogSource, Scanned

log = get_logger("watch")


SETTLED = 1.1
"""Seconds after which a last entry that may be growing is looked at once more, instead of at the next round."""


class Watch:
    def __init__(self, desk: Desk, sources: Sequence[LogSource]) -> None:
        self._desk = desk
        self._sources = sources
        self.last: datetime | None = None
        self._met = asyncio.Event()
        self.troubles: dict[str, tuple[str, ...]] = {}

    async def scan(self) -> None:
        """One round over all sources. A database that is away now is there at the next round: nothing is lost."""
        for source in self._sources:
            try:
                scanned = await source.scan(self._hear)
                self._met.set()
                self._note(source.name, scanned)
                if scanned.unsettled:
                    await self._desk.clock.sleep(SETTLED)
                    self._note(source.name, await source.scan(self._hear))
            except OnCallError as error:
                log.warning("a scan was broken off", source=source.name, reason=str(error))
        self.last = self._desk.clock.now()

    async def met(self, patience: float) -> None:
        """Wait, so many seconds at most, until the logs have been met: what is written from then on is seen."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._met.wait()

    async def _hear(self, entries: Sequence[Entry]) -> None:
        await hear(self._desk, entries)

    async def tick(self) -> None:
        """Time passes for incidents."""
        try:
            await tick(self._desk)
        except OnCallError as error:
            log.warning("time could not pass", reason=str(error))

    def facts(self) -> tuple[tuple[str, str], ...]:
        troubles = [trouble for of in self.troubles.values() for trouble in of]
        when = clock(self.last) if self.last else "not yet"
        return (("Last scan", when), *(("Trouble", trouble) for trouble in troubles[-5:]))

    def _note(self, name: str, scanned: Scanned) -> None:
        self.troubles[name] = scanned.standing
        for trouble in scanned.troubles:
            log.warning("a log cannot be read", source=name, reason=trouble)
