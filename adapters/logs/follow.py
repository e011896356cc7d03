"""One scan of the followed files: who stands where now, what of an old file is left, and what is new."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from adapters.logs.cursor import Cursor, fingerprint, head_of, is_copy, next_after, rest_of, same_number
from adapters.logs.places import Look, Seen, rotation
from adapters.logs.reading import COMPRESSED, DAMAGED, HEAD, why_unread
from adapters.logs.tail import Reading, Replaced, last_line_end
from engine.errors import Refused
from engine.ports import Hear

T = TypeVar("T")


class Unread(Exception):
    """A file that is there could not be read; the message is a sentence for a person."""


class Moved(Exception):
    """A file is no longer where it was a moment ago."""


class Rules(Protocol):
    """What a scan asks the log source."""

    async def keep(self, name: str, cursor: Cursor) -> None: ...
    async def kept(self, name: str) -> Cursor | None: ...
    def now(self) -> datetime: ...
    def source(self, path: str, cursor: Cursor) -> str: ...
    def is_old(self, file: Seen, was_there: bool) -> bool: ...  # noqa: FBT001 - it is what it says
    def is_still(self, file: Seen) -> bool: ...


@dataclass(slots=True)
class Followed:
    """What is known of one path.

    ``read``: the file as it was when all was read that could be. ``finished``: the file that the cursor speaks of has
    left this path and been read to its end. ``copy``: what stands here now is a copy of another followed file.
    ``was_there``: a file stood here when the program began.
    ``gone``: none stands here now, nor does one that stood here stand anywhere else.
    """

    cursor: Cursor | None = None
    read: Seen | None = None
    tried: Seen | None = None
    finished: bool = False
    copy: tuple[tuple[int, int], str, int] | None = None
    was_there: bool = False
    gone: bool = False
    trouble: str = ""

    @property
    def waits(self) -> bool:
        """A file that stood here has not been read to its end."""
        return self.cursor is not None and not self.finished

    @property
    def identity(self) -> tuple[int, int]:
        return self.cursor.identity if self.cursor else (0, 0)


def number(file: Seen) -> str:
    return f"{file.device}:{file.inode}"


class Following:
    """``entries`` and ``size``, in bytes, count what was passed."""

    def __init__(self, rules: Rules, look: Look, hear: Hear, followed: dict[str, Followed]) -> None:
        self._rules, self._look, self._hear, self._followed = rules, look, hear, followed
        self.entries = self.size = 0

    async def follow(self, path: str) -> None:
        """Pass what is new under this path."""
        known, now = self._followed[path], self._look.files.get(path)
        if now is not None and now == known.read:
            return
        known.trouble = ""
        try:
            await self._changed(path, known, now)
        except Unread as error:
            known.trouble = str(error)
        except (Moved, Replaced):
            pass  # the next scan will see where to

    async def _changed(self, path: str, known: Followed, now: Seen | None) -> None:
        if now and known.cursor and known.cursor.identity == now.identity:
            try:
                await self._grown(path, known, known.cursor, now)
            except Replaced:
                pass  # truncated, or its number was given to a new file
            else:
                return
        if now and not now.size and known.finished:
            return  # an empty file can be told from no other
        if known.cursor:
            known.finished = await self._finish(path, known, known.cursor, now)
        if now and not known.waits and (now.size or not known.cursor):
            await self._begin(path, known, now)

    async def _grown(self, path: str, known: Followed, cursor: Cursor, now: Seen) -> None:
        """Raises Replaced if it is not the file that was read before."""
        if now.size < cursor.offset:
            raise Replaced
        still = self._rules.is_still(now)
        if still or now != known.tried:
            cursor = await self._pass(path, known, self._reading(path, cursor, now, closed=still))
        known.tried = now
        if still or cursor.offset == now.size:
            known.read = now

    async def _finish(self, path: str, known: Followed, cursor: Cursor, now: Seen | None) -> bool:
        """Read the rest of the file that stood here, and of all that stood here since; True when that is done."""
        taken = self._taken(path, now)
        while rest := await self._work(path, partial(rest_of, cursor, path)):
            if now and rest.identity == now.identity:
                return True
            later = await self._work(path, partial(next_after, rest, path, taken))
            if not await self._rest(path, known, cursor, rest, later or now):
                return False
            await self._mark(rest, known.cursor or cursor)
            if later is None:
                return True
            cursor = await self._start(path, known, later, 0)
        if later := await self._work(path, partial(same_number, cursor, path, taken)):
            await self._start(path, known, later, 0)
            return False
        if now is None:
            known.trouble, known.gone = f"{path} has gone.", True
        return True

    def _taken(self, path: str, now: Seen | None) -> set[tuple[int, int]]:
        others = {one.identity for other, one in self._followed.items() if one.waits and other != path}
        return others | {now.identity} if now else others

    async def _rest(self, path: str, known: Followed, cursor: Cursor, rest: Seen, new: Seen | None) -> bool:
        """A renamed file may still be written to until the new one is, and until it has been still for a while."""
        is_static = rest.identity != cursor.identity or rest.path.endswith(COMPRESSED)
        still = self._rules.is_still(rest)
        over = is_static or (new is not None and new.size > 0 and still)
        if not over and (rest == known.read or (rest == known.tried and not still)):
            return False
        try:
            await self._pass(path, known, self._reading(path, cursor, rest, closed=still or over, ended=over))
        except Unread as error:
            known.trouble = str(error)  # it will not get better, and the new file must not wait for it
            return True
        known.tried = rest
        known.read = rest if still else known.read
        return over

    async def _mark(self, rest: Seen, cursor: Cursor) -> None:
        """A rotated file may be met again under any name, also after a restart: it is known as read by its number."""
        offset = cursor.offset if rest.identity == cursor.identity else rest.size
        await self._rules.keep(number(rest), replace(cursor, device=rest.device, inode=rest.inode, offset=offset))

    async def _begin(self, path: str, known: Followed, now: Seen) -> None:
        """A file that was not here before."""
        head = await self._work(path, partial(head_of, now.path))
        if self._is_of_another(now, head) or self._is_copy(known, now, head) or self._is_between(path):
            return
        offset = 0
        if known.cursor is None and self._rules.is_old(now, known.was_there):
            offset = await self._work(path, partial(last_line_end, now))
        cursor = await self._start(path, known, now, offset)
        await self._grown(path, known, cursor, now)

    def _is_of_another(self, now: Seen, head: bytes) -> bool:
        """Whether it is known from another path, from which its rest will be read."""
        others = (one.cursor for one in self._followed.values() if one.cursor and one.waits)
        return any(other.identity == now.identity and other.begins(head) for other in others)

    def _is_copy(self, known: Followed, now: Seen, head: bytes) -> bool:
        """Whether it is a copy, made before a followed file is emptied. A sure one is remembered."""
        mark = (now.identity, *fingerprint(head))
        if known.copy == mark:
            return True
        for path, other in self._followed.items():
            if other.cursor and other is not known and is_copy(now.path, head, other.cursor, path):
                known.copy = mark if other.cursor.length == HEAD else None
                return True
        return False

    def _is_between(self, path: str) -> bool:
        """Whether it may be one that stood under another path for a while: it is read there when its turn comes."""
        waiting = (other for other, one in self._followed.items() if not one.gone and self._is_away(other, one))
        return any(rotation(path, other) is not None for other in waiting)

    def _is_away(self, path: str, known: Followed) -> bool:
        """Whether what its cursor speaks of has left this path, and nothing newer was begun there."""
        now = self._look.files.get(path)
        return known.finished or (known.waits and (now is None or now.identity != known.identity))

    async def _start(self, path: str, known: Followed, file: Seen, offset: int) -> Cursor:
        head = await self._work(file.path, partial(head_of, file.path))
        mark = await self._rules.kept(number(file))
        if mark and mark.length and mark.begins(head):
            offset = mark.offset
        birth = known.cursor.birth + 1 if known.cursor else 0
        cursor = Cursor(file.device, file.inode, *fingerprint(head), offset, birth)
        await self._keep(path, known, cursor)
        return cursor

    def _reading(self, path: str, cursor: Cursor, file: Seen, *, closed: bool, ended: bool = False) -> Reading:
        return Reading(file, cursor, self._rules.source(path, cursor), self._rules.now(), closed, ended)

    async def _pass(self, path: str, known: Followed, reading: Reading) -> Cursor:
        """Pass what is there, batch by batch; the cursor follows once a batch has been heard."""
        batches = reading.batches()
        while batch := await self._work(path, partial(next, batches, None)):
            await self._hear(batch.entries)
            await self._keep(path, known, batch.cursor)
            self.entries += len(batch.entries)
            self.size += batch.size
        return known.cursor or reading.cursor

    async def _keep(self, path: str, known: Followed, cursor: Cursor) -> None:
        await self._rules.keep(path, cursor)
        known.cursor, known.finished, known.gone = cursor, False, False

    async def _work(self, path: str, work: Callable[[], T]) -> T:
        """File work, in a thread. Raises Unread, Moved and Replaced."""
        try:
            return await asyncio.to_thread(work)
        except FileNotFoundError as error:
            raise Moved from error
        except Refused as error:
            raise Unread(str(error)) from error
        except DAMAGED as error:
            raise Unread(f"{path} is damaged: {error}.") from error
        except OSError as error:
            raise Unread(why_unread(path, error)) from error
