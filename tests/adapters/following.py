"""A folder with logs in it, somebody who follows them, and what was heard: for the tests of log files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from adapters.logs.files import Files
from engine.model import Entry
from engine.ports import Scanned
from storage.memory import MemoryCursors
from tests.clock import FakeClock

TRACE = (
    "2026-11-21 09:15:56 ERROR {} failed\nTraceback (most recent call last):\n  File \"a.py\", line 3\nKeyError: 'a'"
)
JAVA = "26/11/21 09:24:10 ERROR Executor: {}\njava.lang.OutOfMemoryError: Java heap space\n\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)"


class Ear:
    """Hears entries, and can be made to fail."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.batches: list[int] = []
        self.fails = False

    async def __call__(self, entries: Sequence[Entry]) -> None:
        if self.fails:
            raise ConnectionError("the database has gone")
        self.batches.append(len(entries))
        self.entries += entries

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.entries]


class Desk:
    """A folder, somebody who follows paths in it, and what was heard."""

    def __init__(self, folder: Path, *paths: str, from_start: bool = False) -> None:
        self.folder, self.paths, self.from_start = folder, [str(folder / path) for path in paths], from_start
        self.ear, self.cursors, self.clock = Ear(), MemoryCursors(), FakeClock(datetime.now(UTC))
        self.restart()

    def restart(self) -> None:
        self.files = Files(self.paths, self.cursors, clock=self.clock, from_start=self.from_start)

    def write(self, name: str, *entries: str, end: str = "\n") -> None:
        with (self.folder / name).open("a", newline="") as file:
            file.write("\n".join(entries) + end)

    async def scan(self) -> Scanned:
        """As two scans with enough time between them for what was written to settle."""
        first = await self.once()
        await self.clock.sleep(2)
        second = await self.once()
        troubles = first.troubles + second.troubles
        return Scanned(first.entries + second.entries, first.size + second.size, troubles, standing=second.standing)

    async def once(self) -> Scanned:
        return await self.files.scan(self.ear)


def errors(*numbers: int) -> list[str]:
    return [f"2026-11-21 09:15:56 ERROR number {number}" for number in numbers]


def rotate(folder: Path) -> None:
    make_room(folder)
    if (folder / "app.log").exists():
        (folder / "app.log").rename(folder / "app.log.1")


def make_room(folder: Path) -> None:
    for number in range(90, 0, -1):
        for suffix in ("", ".gz"):
            if (folder / f"app.log.{number}{suffix}").exists():
                (folder / f"app.log.{number}{suffix}").rename(folder / f"app.log.{number + 1}{suffix}")


WAYS = {"file": "app.log", "folder": "", "pattern": "*.log*"}
"""How one log can be followed: as a file, with all in its folder, or by a pattern."""


async def started(folder: Path, path: str) -> Desk:
    """Somebody who has looked once already, before there was anything."""
    desk = Desk(folder, path)
    await desk.scan()
    return desk
