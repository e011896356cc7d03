"""Log files on this machine: follows them through growth, rotation and truncation, and passes each entry once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.logs.cursor import Cursor, restored
from adapters.logs.follow import Followed, Following
from adapters.logs.places import Look, Seen, origin
from adapters.logs.reading import COMPRESSED
from adapters.logs.tail import at_end
from engine.ports import Clock, Cursors, Hear, LogSource, Scanned

DEFAULT_PATHS = (
    "/var/log/application.log",
    "/var/log/error.log",
    "/tmp/application.log",  # noqa: S108 - one of the places that the user's document names
    "logs/application.log",
)

TOGETHER = 500
"""Old files met in one go: the database is free for others in between."""

PREFIX = "files:"
LAST_SCAN = "files"
"""The cursor that says when all paths were last looked at."""


@dataclass(frozen=True, slots=True)
class _Still:
    """Since when a file has had this size and time of writing; ``since`` in seconds."""

    size: int
    modified: int
    since: float


class Files(LogSource):
    """Paths are files, folders with all that is in them, and patterns such as ``/var/log/*.log``.

    A file that is there at the very first scan, or was last written before it, is read from its end unless
    ``from_start``; one that came while the program was away is read from its start. ``settle``: seconds without a
    change after which the last entry of a file is taken for complete.
    """

    name = "files"

    def __init__(
        self, paths: Sequence[str], cursors: Cursors, *, clock: Clock, from_start: bool = False, settle: float = 1.0
    ) -> None:
        self._paths, self._cursors, self._clock, self._from_start = paths, cursors, clock, from_start
        self._settle = settle
        self._began = clock.now()
        self._since = self._began.timestamp()
        self._first = True
        self._followed: dict[str, Followed] = {}
        self._still: dict[tuple[int, int], _Still] = {}
        self._said: dict[str, str] = {}

    async def scan(self, hear: Hear) -> Scanned:
        at = self._clock.now().timestamp()
        if self._first:
            self._since = await self._last_scan()
        look = await asyncio.to_thread(Look, self._paths)
        await self._meet(look)
        following = Following(self, look, hear, self._followed)
        for path in tuple(self._followed):
            await following.follow(path)
        self._first = False
        await self._cursors.put(LAST_SCAN, json.dumps({"at": at, "paths": list(self._paths)}))
        unsettled = any(one.tried == look.files.get(path) != one.read for path, one in self._followed.items())
        news = self._news(look)
        return Scanned(following.entries, following.size, news, unsettled, tuple(self._said.values()))

    async def _last_scan(self) -> float:
        """When an earlier start last looked at all these paths, in seconds; without one, when this start began."""
        text = await self._cursors.get(LAST_SCAN)
        known: dict[str, Any] = json.loads(text) if text else {"at": 0, "paths": []}
        return float(known["at"]) if set(self._paths) <= set(known["paths"]) else self._began.timestamp()

    def _appeared(self, file: Seen | None) -> bool:
        """Whether it was written since an earlier start last looked: it came while we were away, and is news."""
        return file is not None and self._since < self._began.timestamp() and _written(file) >= self._since

    async def _meet(self, look: Look) -> None:
        """Remember how far each new path was read, and that of a file that was renamed while we were away."""
        new = {*look.files, *look.troubles} - self._followed.keys()
        paths = sorted(new | {origin(path) for path in new} - self._followed.keys())
        kept = await self._cursors.get_all([PREFIX + path for path in paths]) if paths else {}
        if self._first and not kept:
            await self._meet_old(look)
        for path in paths:
            cursor, file = restored(kept.get(PREFIX + path)), look.files.get(path)
            if path not in self._followed and (cursor or path in new):
                there = self._first and path not in look.absent and not self._appeared(file)
                self._followed[path] = Followed(cursor, was_there=there, read=self._untouched(cursor, file))

    async def _meet_old(self, look: Look) -> None:
        """The very first time there may be a great many files of the past: all are met at once, at their ends."""
        old = [one for one in look.files.values() if one.size and self.is_old(one, was_there=True)]
        plain = [one for one in old if not one.path.endswith(COMPRESSED)]
        for start in range(0, len(plain), TOGETHER):
            cursors = await asyncio.to_thread(at_end, plain[start : start + TOGETHER])
            await self._cursors.put_all({PREFIX + path: cursor.text() for path, cursor in cursors.items()})
            for path, cursor in cursors.items():
                self._followed[path] = Followed(cursor, was_there=True, read=look.files[path])

    def _untouched(self, cursor: Cursor | None, file: Seen | None) -> Seen | None:
        """The file, if it was read to its end by an earlier start and nothing was written since."""
        if cursor is None or file is None or cursor.identity != file.identity or cursor.offset != file.size:
            return None
        return file if _written(file) < self._since < self._began.timestamp() else None

    def _news(self, look: Look) -> tuple[str, ...]:
        """Each trouble is said once, until it is over; a file that has gone is then forgotten."""
        troubles = {path: text for path, text in look.troubles.items() if not self._followed[path].waits}
        troubles |= {path: one.trouble for path, one in self._followed.items() if one.trouble and path not in troubles}
        for path in self._followed.keys() - look.files.keys() - look.troubles.keys():
            if self._followed[path].gone:
                self._still.pop(self._followed.pop(path).identity, None)
        news = tuple(text for path, text in troubles.items() if self._said.get(path) != text)
        self._said = troubles
        return news

    async def keep(self, name: str, cursor: Cursor) -> None:
        await self._cursors.put(PREFIX + name, cursor.text())

    async def kept(self, name: str) -> Cursor | None:
        return restored(await self._cursors.get(PREFIX + name))

    def now(self) -> datetime:
        return self._clock.now()

    def source(self, path: str, cursor: Cursor) -> str:
        """One for each file that has stood under the path, and the same whatever that file is called later.

        ``birth`` counts them, as an inode can come again.
        """
        return f"{path}#{cursor.inode}.{cursor.birth}"

    def is_old(self, file: Seen, was_there: bool) -> bool:  # noqa: FBT001 - it is what it says
        """Whether what stands in a file that we meet for the first time is of the past."""
        return not self._from_start and (was_there or _written(file) < self._since)

    def is_still(self, file: Seen) -> bool:
        """Whether nothing has been written for long enough: as we saw it, for a file server's clock may differ."""
        now = self._clock.now().timestamp()
        still = self._still.get(file.identity)
        if still is None or (still.size, still.modified) != (file.size, file.modified):
            still = self._still[file.identity] = _Still(file.size, file.modified, now)
        return now - still.since >= self._settle


def _written(file: Seen) -> float:
    """When it was last written, in seconds, at the latest: file systems count time coarsely, and not by our clock."""
    return file.modified / 1e9 + 2
