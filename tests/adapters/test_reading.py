"""The text of a log is read whole and in order, whatever its size, encoding, newlines and compression."""

from __future__ import annotations

import gzip
import io
import os
import tracemalloc
from pathlib import Path

import pytest
import zstandard

from adapters.logs.reading import KEPT, PIECE, Codec, blocks, chunks, lines
from engine.entries import split
from engine.errors import NotFound, Refused, Unreachable

LINE = "2026-11-21 09:15:56,254 ERROR worker {} could not reach the database at 10.0.0.1 wörld\n"
TRACE = "2026-11-21 09:15:57,254 ERROR failed\nTraceback (most recent call last):\n  File \"a.py\", line {}\nKeyError: 'a'\n"


def log(count: int) -> str:
    return "".join((TRACE if number % 7 == 0 else LINE).format(number) for number in range(count))


def text_of(source: str | io.BytesIO | Path) -> str:
    return "".join(chunk.text for chunk in chunks(source))


@pytest.mark.parametrize("name", ["a.log", "a.log.gz", "a.log.zst"])
def test_plain_and_compressed_read_the_same(tmp_path: Path, name: str) -> None:
    text = log(60_000)
    data = text.encode()
    packed = {"gz": gzip.compress, "zst": zstandard.ZstdCompressor().compress}.get(name.rsplit(".", 1)[1], bytes)(data)
    (tmp_path / name).write_bytes(packed)
    found = list(chunks(tmp_path / name))
    assert "".join(chunk.text for chunk in found) == text
    assert len(found) > 3
    assert all(data[chunk.offset :].startswith(chunk.text[:50].encode()) for chunk in found)


def test_a_chunk_never_cuts_an_entry() -> None:
    text = log(60_000)
    found = [one for chunk in chunks(io.BytesIO(text.encode())) for _, one in split(chunk.text)]
    assert found == [one for _, one in split(text)]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_byte_order_marks(encoding: str) -> None:
    text = log(20_000).replace("wörld", "wörld 𝄞 \u0a0a")  # bytes that look like a newline, half a character off
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    data = mark + text.encode(encoding)
    found = list(chunks(io.BytesIO(data)))
    assert "".join(chunk.text for chunk in found) == text
    wide = "utf-8" if encoding == "utf-8-sig" else "utf-16-le" if data[0] == 0xFF else "utf-16-be"
    assert all(data[chunk.offset :].startswith(chunk.text[:50].encode(wide)) for chunk in found)


def test_wrong_encoding_is_read_as_far_as_it_can_be() -> None:
    assert text_of(io.BytesIO("ERROR für 3\nINFO ok\n".encode("latin-1"))) == "ERROR f\ufffdr 3\nINFO ok\n"
    cyrillic = "ERROR нет связи с базой\n".encode("cp1251")  # noqa: RUF001 - Cyrillic is the point
    assert text_of(io.BytesIO(cyrillic * 100)).count("ERROR") == 100


def test_crlf_and_a_last_line_without_newline() -> None:
    assert text_of(io.BytesIO(b"ERROR a\r\n  b\r\nERROR c")) == "ERROR a\n  b\nERROR c"
    assert text_of(io.BytesIO(b"")) == ""


@pytest.mark.parametrize("data", [bytes(range(256)) * 40, b"\x7fELF\x02\x01" + b"\0" * 500, os.urandom(5000)])
def test_binary_is_refused_in_plain_words(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "core.log").write_bytes(data)
    with pytest.raises(Refused, match=r"core.log looks binary, not text\."):
        text_of(tmp_path / "core.log")
    with pytest.raises(Refused, match="The input looks binary"):
        text_of(io.BytesIO(data))


def test_one_nul_and_colours_do_not_make_a_log_binary() -> None:
    text = "\x1b[31mERROR\x1b[0m a\0b\n" + "INFO all is well here and there\n" * 10
    assert text_of(io.BytesIO(text.encode())) == text


class Endless(io.RawIOBase):
    """A line of this many bytes without a newline, then what follows it, made while it is read."""

    def __init__(self, length: int, after: bytes) -> None:
        self.left, self.after = length, after

    def read(self, size: int = -1) -> bytes:
        if self.left:
            given = min(size, self.left)
            self.left -= given
            return b"x" * given
        given_after, self.after = self.after[:size], self.after[size:]
        return given_after


@pytest.mark.parametrize("after", [b"", b"\nERROR after\n"])
def test_a_line_of_64_mb_is_cut_and_reading_goes_on(after: bytes) -> None:
    length = 64 * 1024 * 1024
    stream = Endless(length, after)
    tracemalloc.start()
    found = list(chunks(stream))  # type: ignore[arg-type] # typeshed does not take a RawIOBase for a BinaryIO
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    text = "".join(chunk.text for chunk in found)
    assert text == "x" * KEPT + f" [… {length - KEPT} characters left out …]" + after.decode()
    assert peak < 8 * 1024 * 1024
    if after:
        assert found[-1].offset == length + 1


def test_a_long_line_of_wide_characters() -> None:
    data = "ERROR a\n".encode("utf-16-le") + "é".encode("utf-16-le") * PIECE + "\nERROR b\n".encode("utf-16-le")
    found = [
        line
        for block in blocks(io.BytesIO(data).read, Codec("utf-16-le", b"\n\0"))
        for line in lines(block, Codec("utf-16-le", b"\n\0"))
    ]
    assert [text[:7] for _, text in found] == ["ERROR a", "é" * 7, "ERROR b"]
    assert f"{PIECE - KEPT // 2} characters left out" in found[1][1]
    assert [offset for offset, _ in found] == [0, 16, 16 + 2 * PIECE + 2]


def test_line_offsets_are_bytes() -> None:
    data = "é\r\n\nERROR 𝄞\n".encode() + b"\xff\xfe x\nlast"
    [block] = list(blocks(io.BytesIO(data[:-4]).read, Codec()))
    assert list(lines(block, Codec())) == [(0, "é"), (4, ""), (5, "ERROR 𝄞"), (16, "\ufffd\ufffd x")]


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is not there"):
        text_of(tmp_path / "none.log")
    with pytest.raises(Unreachable, match="is a folder"):
        text_of(tmp_path)
    os.mkfifo(tmp_path / "pipe.log")
    with pytest.raises(Unreachable, match="is a pipe or a device"):
        text_of(tmp_path / "pipe.log")
    whole = gzip.compress(log(1000).encode())
    for number, data in enumerate((whole[:-20], b"no gzip at all", whole[:200] + b"\xff" * 50 + whole[250:])):
        (tmp_path / f"{number}.log.gz").write_bytes(data)
        with pytest.raises(Unreachable, match="is damaged"):
            text_of(tmp_path / f"{number}.log.gz")
    (tmp_path / "a.log.zst").write_bytes(b"(\xb5/\xfd" + b"\xff" * 50)
    with pytest.raises(Unreachable, match="is damaged"):
        text_of(tmp_path / "a.log.zst")
