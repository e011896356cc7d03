"""Reads the text of a log, plain or compressed, in pieces of a few MiB at most, however long its lines are."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from gzip import BadGzipFile
from io import FileIO
from typing import BinaryIO, Protocol, TypeAlias, cast

import zstandard

from engine.entries import last_start, left_out
from engine.errors import NotFound, Refused, Unreachable

try:
    from isal import isal_zlib as deflate
    from isal.igzip import open as open_gzip
except ImportError:  # no wheel for this machine; the standard library reads the same, at a third of the speed
    import zlib as deflate  # type: ignore[no-redef] # the same names
    from gzip import open as open_gzip

PIECE = 1024 * 1024
"""Bytes of one read, and the longest line that is kept whole."""

KEPT = 60 * 1024
"""Bytes that are kept of a longer line: with the note of what was left out it still fits into one entry."""

HEAD = 1024
"""Bytes at the beginning of a file that tell it from another, and that tell text from binary."""

COMPRESSED = (".gz", ".zst")
DAMAGED: tuple[type[Exception], ...] = (
    EOFError,
    cast("type[Exception]", deflate.error),
    BadGzipFile,
    zstandard.ZstdError,
)
"""What the readers of compressed files raise; BadGzipFile is an OSError too."""

Read: TypeAlias = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Codec:
    """How bytes become text; ``mark`` is the length of the byte order mark."""

    name: str = "utf-8"
    newline: bytes = b"\n"
    mark: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, but perhaps the last of a file. ``offset`` and ``end`` count the bytes of the uncompressed file."""

    offset: int
    end: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole entries. ``offset`` is the byte offset, in the uncompressed file, of the first character."""

    offset: int
    text: str


def codec(head: bytes) -> Codec:
    """Which encoding the first bytes speak of; UTF-8 where they say nothing."""
    if head.startswith(b"\xff\xfe"):
        return Codec("utf-16-le", b"\n\0", 2)
    if head.startswith(b"\xfe\xff"):
        return Codec("utf-16-be", b"\0\n", 2)
    return Codec(mark=3 if head.startswith(b"\xef\xbb\xbf") else 0)


_CONTROL = bytes({*range(32)} - {*b"\a\b\t\n\v\f\r\x1b"})


def binary(head: bytes) -> bool:
    """Whether one byte in twenty is a control character, as in machine code or compressed data, and never in a log."""
    if codec(head).name != "utf-8":
        return False
    return (len(head) - len(head.translate(None, _CONTROL))) * 20 > len(head)


def look_binary(path: str) -> str:
    return f"{path} looks binary, not text."


def why_unread(path: str, error: OSError) -> str:
    """The sentence for a person."""
    match error:
        case FileNotFoundError():
            return f"{path} is not there."
        case PermissionError():
            return f"{path} cannot be read: this program has no permission to."
        case IsADirectoryError():
            return f"{path} is a folder, where a log file was expected."
        case _:
            return f"{path} cannot be read: {error.strerror or error}."


def open_regular(path: str) -> FileIO:
    """Open a file for reading. Raises OSError; a pipe or a device is refused, and never waited for."""
    file = FileIO(path, opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(0, "it is a pipe or a device, not a file")
    return file


class Plain(Protocol):
    """The uncompressed bytes of a file; ``seek`` may only go forward."""

    def read(self, size: int, /) -> bytes: ...
    def seek(self, offset: int, /) -> int: ...


@contextmanager
def opened(path: str) -> Iterator[tuple[Plain, os.stat_result]]:
    """Open a file, compressed or not. Raises OSError, and one of DAMAGED while it is read."""
    with open_regular(path) as file:
        status = os.fstat(file.fileno())
        if path.endswith(".gz"):
            with open_gzip(file, "rb") as plain:  # type: ignore[no-untyped-call] # isal types only its C part
                yield plain, status
        elif path.endswith(".zst"):
            with zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as plain:
                yield plain, status
        else:
            yield cast("Plain", file), status


def blocks(read: Read, how: Codec, offset: int = 0, cut: Callable[[bytes], int] = len) -> Iterator[Block]:
    """What is left to read, whole lines at a time; ``cut`` says how many bytes of these to give, at least one.

    A line longer than PIECE is given alone: its first bytes, and how much was left out. Only the last block of all may
    end without a newline.
    """
    held = b""
    while data := read(PIECE):
        held += data
        if edge := _last_newline(held, how):
            edge = cut(held[:edge])
            yield Block(offset, offset + edge, held[:edge])
            held, offset = held[edge:], offset + edge
        elif len(held) > PIECE:
            block, held = _long_line(read, how, held, offset)
            yield block
            offset = block.end
    if held:
        yield Block(offset, offset + len(held), held)


def _last_newline(data: bytes, how: Codec) -> int:
    """The length of the whole lines in this."""
    found = data.rfind(how.newline)
    while found > 0 and found % len(how.newline) > 0:  # half of one character and half of the next
        found = data.rfind(how.newline, 0, found + 1)
    return found + len(how.newline) if found >= 0 else 0


def _first_newline(data: bytes, how: Codec) -> int:
    found = data.find(how.newline)
    while found > 0 and found % len(how.newline) > 0:
        found = data.find(how.newline, found + 1)
    return found + len(how.newline) if found >= 0 else 0


def _long_line(read: Read, how: Codec, held: bytes, offset: int) -> tuple[Block, bytes]:
    """Read to the end of a long line, and keep only its beginning. Also answers what was read after it."""
    beginning = held[:KEPT].decode(how.name, "replace").rstrip("\ufffd")
    length = len(held) - len(held) % len(how.newline)
    held = held[length:]
    while data := read(PIECE):
        held += data
        edge = _first_newline(held, how)
        even = edge or len(held) - len(held) % len(how.newline)
        length, held = length + even, held[even:]
        if edge:
            break
    else:
        length, held, edge = length + len(held), b"", 0
    note = left_out((length - KEPT) // len(how.newline) - bool(edge))
    ended = "\n" if edge else ""
    return Block(offset, offset + length, f"{beginning} {note}{ended}".encode(how.name)), held


def text_of(data: bytes, how: Codec) -> str:
    """The text, with plain newlines. What cannot be decoded becomes U+FFFD."""
    text = data.decode(how.name, "replace")
    return text.replace("\r\n", "\n") if "\r" in text else text


def lines(block: Block, how: Codec) -> Iterator[tuple[int, str]]:
    """The byte offset and the text of each line."""
    offset = block.offset
    for line in _cut_lines(block.data, how):
        yield offset, line.decode(how.name, "replace").removesuffix("\r")
        offset += len(line) + len(how.newline)


def _cut_lines(data: bytes, how: Codec) -> list[bytes]:
    data = data.removesuffix(how.newline)
    if len(how.newline) == 1:
        return data.split(how.newline)
    # Surrogates that stand alone go through unharmed, so that the lengths stay what they were.
    text = data[: len(data) & ~1].decode(how.name, "surrogatepass")
    return [line.encode(how.name, "surrogatepass") for line in text.split("\n")]


def chunks(source: str | os.PathLike[str] | BinaryIO) -> Iterator[Chunk]:
    """The text of a file, or of a stream, in chunks that end where an entry ends.

    Raises NotFound, Refused if it looks binary, and Unreachable if it cannot be read or is damaged.
    """
    if not isinstance(source, str | os.PathLike):
        yield from _chunks(getattr(source, "read1", source.read), "The input")
        return
    path = os.fspath(source)
    try:
        with opened(path) as (file, _):
            yield from _chunks(file.read, path)
    except FileNotFoundError as error:
        raise NotFound(why_unread(path, error)) from None
    except DAMAGED as error:
        raise Unreachable(f"{path} is damaged: {error}.", temporary=False) from error
    except OSError as error:
        raise Unreachable(why_unread(path, error), temporary=False) from error


def _chunks(read: Read, name: str) -> Iterator[Chunk]:
    first = read(PIECE)
    if binary(first[:HEAD]):
        raise Refused(look_binary(name))
    how = codec(first)
    parts = iter((first[how.mark :],))
    again: Read = lambda size: next(parts, b"") or read(size)  # noqa: E731 - a def would take four lines to say this
    for block in blocks(again, how, how.mark, lambda data: _whole_entries(data, how)):
        yield Chunk(block.offset, text_of(block.data, how))


_WINDOW = 64 * 1024


def _whole_entries(data: bytes, how: Codec) -> int:
    """How many of these bytes come before the last entry, as far as that can be told from the last lines."""
    window = data[-_WINDOW & ~1 :] if len(data) > _WINDOW else data
    if len(how.newline) == 1:
        # One character a byte: what marks a beginning is ASCII, and so the offsets are the bytes'.
        begins = last_start(window.decode("latin-1"))
    else:
        text = window.decode(how.name, "surrogatepass")
        begins = len(text[: last_start(text)].encode(how.name, "surrogatepass"))
    return len(data) - len(window) + begins if begins else len(data)
