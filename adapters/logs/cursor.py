"""How far a file has been read, and how the file is known again: by device, inode and the hash of its beginning."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass

from adapters.logs.places import Seen, newer, rotation, siblings
from adapters.logs.reading import COMPRESSED, DAMAGED, HEAD, opened

UNREADABLE: tuple[type[Exception], ...] = (OSError, *DAMAGED)


@dataclass(frozen=True, slots=True)
class Cursor:
    """``offset`` counts uncompressed bytes. ``birth`` counts the files that have stood under this path one by one."""

    device: int
    inode: int
    head: str
    length: int
    offset: int
    birth: int

    @property
    def identity(self) -> tuple[int, int]:
        return self.device, self.inode

    def begins(self, head: bytes) -> bool:
        """Whether these are the first bytes of the file that was read."""
        return fingerprint(head[: self.length]) == (self.head, self.length)

    def text(self) -> str:
        head = {"sha256": self.head, "length": self.length}
        whole = {"device": self.device, "inode": self.inode, "head": head, "offset": self.offset, "birth": self.birth}
        return json.dumps(whole)


def restored(text: str | None) -> Cursor | None:
    """The cursor that ``text`` is; None if it is none."""
    try:
        kept = json.loads(text or "null")
        head = kept["head"]
        numbers = (kept["device"], kept["inode"], head["length"], kept["offset"], kept["birth"])
        device, inode, length, offset, birth = map(int, numbers)
        return Cursor(device, inode, str(head["sha256"]), length, offset, birth)
    except (ValueError, TypeError, KeyError):
        return None


def fingerprint(head: bytes) -> tuple[str, int]:
    return hashlib.sha256(head[:HEAD]).hexdigest(), len(head[:HEAD])


def head_of(path: str) -> bytes:
    """The first uncompressed bytes; none if it cannot be read."""
    try:
        with opened(path) as (file, _):
            return file.read(HEAD)
    except UNREADABLE:
        return b""


def rest_of(cursor: Cursor, path: str) -> Seen | None:
    """Where the file that was read under ``path`` stands now: renamed, or else as a copy, compressed or not."""
    around = list(siblings(path))
    for one in around:
        if one.identity == cursor.identity and cursor.begins(head_of(one.path)):
            return one
    if not cursor.length:
        return None
    named = [one for one in around if rotation(one.path, path) is not None]
    copies = [one for one in named if cursor.begins(head_of(one.path))]
    return max(copies, key=lambda one: (_reaches(one, cursor), one.modified), default=None)


def is_copy(path: str, head: bytes, cursor: Cursor, of: str) -> bool:
    """Whether ``path`` has the name of a rotated form of the file ``of``, and begins as it did."""
    return cursor.length > 0 and rotation(path, of) is not None and cursor.begins(head)


def _reaches(one: Seen, cursor: Cursor) -> bool:
    return one.size >= cursor.offset or one.path.endswith(COMPRESSED)


def next_after(rest: Seen, path: str, not_these: Collection[tuple[int, int]]) -> Seen | None:
    """The file that stood under ``path`` right after this one and has been rotated away too."""
    mark = rotation(rest.path, path)
    if mark is None:
        return None
    later: list[tuple[str, Seen]] = []
    for one in siblings(path):
        other = rotation(one.path, path)
        if other is not None and newer(other, mark) and one.identity not in not_these and head_of(one.path):
            later.append((other, one))
    later.sort(key=lambda one: one[1].path.endswith(COMPRESSED))  # while it is compressed there are both
    return next((one for other, one in later if not any(newer(other, third) for third, _ in later)), None)


def same_number(cursor: Cursor, path: str, not_these: Collection[tuple[int, int]]) -> Seen | None:
    """The file that was written under ``path`` after the one that was read had been emptied, and was then renamed."""
    for one in siblings(path):
        if one.identity == cursor.identity and one.identity not in not_these and rotation(one.path, path) is not None:
            return one if head_of(one.path) else None
    return None
