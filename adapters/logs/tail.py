"""What has been written to one file since it was last read: batches of whole entries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from adapters.logs.cursor import Cursor, fingerprint, head_of
from adapters.logs.places import Seen
from adapters.logs.reading import (
    COMPRESSED,
    DAMAGED,
    HEAD,
    PIECE,
    Codec,
    Plain,
    Read,
    binary,
    blocks,
    codec,
    lines,
    look_binary,
    opened,
)
from engine.entries import Splitter
from engine.errors import Refused
from engine.model import Entry
from engine.stated import moment

MOST_ENTRIES = 1000
MOST_TEXT = 1024 * 1024

PATIENCE = 64 * 1024 * 1024
"""Bytes of a line without end that are waited for; then its beginning is passed as it is."""


class Replaced(Exception):
    """The file is not the one that was read before."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries, and the cursor as it is once they have been heard. ``size`` is in bytes."""

    entries: tuple[Entry, ...]
    cursor: Cursor
    size: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of ``file``, from ``cursor`` to the size it had. ``name`` is the source of its entries.

    ``closed``: its last entry is complete, for nothing has been written for a while. ``ended``: so is its last line,
    for nothing will be written any more.
    """

    file: Seen
    cursor: Cursor
    name: str
    now: datetime
    closed: bool
    ended: bool

    def batches(self) -> Iterator[Batch]:
        """Raises OSError, one of DAMAGED, Refused if it is binary, and Replaced."""
        with opened(self.file.path) as (file, status):
            if (status.st_dev, status.st_ino) != self.file.identity:
                raise Replaced
            head = file.read(HEAD)
            if not self.cursor.begins(head):
                raise Replaced
            if binary(head.lstrip(b"\0")):
                raise Refused(look_binary(self.file.path))
            yield from self._batches(file, head)

    def _batches(self, file: Plain, head: bytes) -> Iterator[Batch]:
        how = codec(head)
        offset = max(self.cursor.offset, how.mark)
        read, offset = _from(self._bounded(_forward(file, head, offset), offset), offset)
        digest, length = fingerprint(head)
        cursor = replace(self.cursor, head=digest, length=length)
        entries: list[Entry] = []
        weight = 0
        for begins, ends, text in self._entries(read, how, offset):
            entries.append(Entry(text, self.name, begins, moment(text, self.now)))
            weight += len(text)
            if len(entries) == MOST_ENTRIES or weight > MOST_TEXT - 64 * 1024:  # one more entry could be too much
                yield Batch(tuple(entries), replace(cursor, offset=ends), ends - cursor.offset)
                cursor, entries, weight = replace(cursor, offset=ends), [], 0
        if entries:
            yield Batch(tuple(entries), replace(cursor, offset=ends), ends - cursor.offset)

    def _bounded(self, read: Read, offset: int) -> Read:
        """No further than the size that was seen: what is written meanwhile is for the next time."""
        if self.file.path.endswith(COMPRESSED):
            return read
        left = self.file.size - offset

        def some(size: int) -> bytes:
            nonlocal left
            data = read(min(size, left)) if left > 0 else b""
            left -= len(data)
            return data

        return some

    def _entries(self, read: Read, how: Codec, offset: int) -> Iterator[tuple[int, int, str]]:
        """Where each entry begins and ends, and its text."""
        splitter, end = Splitter(), offset
        for block in blocks(read, how, offset):
            every = list(lines(block, how))
            end = block.end
            if not block.data.endswith(how.newline) and not self.ended and block.end - block.offset < PATIENCE:
                end = every.pop()[0]
            for at, line in every:
                if done := splitter.feed(at, line):
                    yield done[0], at, done[1]
        if (self.closed or self.ended or splitter.alone) and (last := splitter.rest()):
            yield last[0], end, last[1]


def _forward(file: Plain, head: bytes, offset: int) -> Read:
    """Read on from an offset, when the head has been read already."""
    if offset > len(head):
        file.seek(offset)
        return file.read
    parts = iter((head[offset:],))
    return lambda size: next(parts, b"") or file.read(size)


def _from(read: Read, offset: int) -> tuple[Read, int]:
    """Skip the hole that a writer leaves which goes on at its old place after the file was emptied."""
    data = read(HEAD)
    while data and not (text := data.lstrip(b"\0")):
        offset += len(data)
        data = read(PIECE)
    if not data or len(text) == len(data):
        parts = iter((data,))
    else:
        offset += len(data) - len(text)
        parts = iter((text,))
    return (lambda size: next(parts, b"") or read(size)), offset


def last_line_end(file: Seen) -> int:
    """The offset behind the last whole line: where to begin if all before is old. Raises what ``batches`` raises."""
    with opened(file.path) as (plain, _):
        head = plain.read(HEAD)
        if binary(head):
            raise Refused(look_binary(file.path))
    how = codec(head)
    begin = max(how.mark, file.size - PIECE)
    begin -= begin % len(how.newline)
    with Path(file.path).open("rb") as again:
        again.seek(begin)
        end = begin
        for block in blocks(again.read, how, begin):
            end = block.end if block.data.endswith(how.newline) else list(lines(block, how))[-1][0]
        return end


def at_end(files: Iterable[Seen]) -> dict[str, Cursor]:
    """Cursors behind the last whole line of each file, by path. One that cannot be read, or is binary, is left out."""
    found: dict[str, Cursor] = {}
    for file in files:
        with suppress(OSError, Refused, *DAMAGED):
            found[file.path] = Cursor(file.device, file.inode, *fingerprint(head_of(file.path)), last_line_end(file), 0)
    return found
