"""The terms by which texts are compared: their words, without the names and numbers that belong to one case only."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Integers: TypeAlias = NDArray[np.int64]

GAP = 0
"""The number that stands before each text: it is no term, and stands beside none."""

MOST_WORDS = 200_000
"""Words whose terms are remembered; of more, most are names and numbers that are never seen again."""

LONGEST = 8_000
"""Characters of one text that are read: as many as are kept of a log entry."""

LONGEST_WORD = 40
"""What is longer is no word but a key, a hash or a picture in base64."""

CODES = frozenset(("code", "status", "exit", "exited", "signal", "error", "errno", "sqlstate", "http", "ora"))
"""After these words a number says what happened: exit code 137, HTTP 503, error 1045, SQLSTATE 53300."""

_CHUNK = re.compile(r"[^\W_]+(?:[-_][^\W_]+)*")
_JOINT = re.compile(r"[-_]")
_HUMP = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_HEAD = re.compile(r"[A-Za-z]{4,}")


def terms(text: str) -> list[str]:
    """The terms of a text in their order, in lower case and in the singular.

    ``worker-7d9f8b6c5-x2x9z`` is ``worker``, ``dag_run_20241201_083000`` is ``dag run``; times, addresses and counts
    are nothing. ``OutOfMemoryError`` is itself and its four words, so that people who write it apart find it.
    """
    found: list[str] = []
    before = ""
    for chunk in _CHUNK.findall(text[:LONGEST]):
        if before in CODES and _may_be_code(chunk):
            found.append(chunk.lower())
        elif parts := _parts(chunk):
            found += parts
            before = parts[-1]
    return found


def _may_be_code(chunk: str) -> bool:
    return len(chunk) <= 5 and chunk[-1].isdigit()


@lru_cache(maxsize=65_536)
def _parts(chunk: str) -> tuple[str, ...]:
    """The words of one name. After a part that is a mere hash nothing follows: the rest is as random."""
    found: list[str] = []
    for part in _JOINT.split(chunk):
        if part.isalpha():
            found += _humps(part)
        elif head := _name_of(part):
            found.append(head)
        elif not part.isdigit():
            break
    return tuple(found)


def _humps(word: str) -> list[str]:
    if len(word) > LONGEST_WORD:
        return []
    humps = _HUMP.findall(word) if word.isascii() else []
    whole = [singular(word.lower())]
    return whole + [singular(hump.lower()) for hump in humps] if len(humps) > 1 else whole


def _name_of(part: str) -> str:
    """What letters mixed with digits mean: ``s3`` and ``k8s`` themselves, ``worker12`` a worker, a hash nothing."""
    if part.isdigit():
        return ""
    if len(part) <= 3:
        return part.lower()
    head = _HEAD.match(part)
    return singular(head[0].lower()) if head and part[head.end() :].isdigit() else ""


def singular(word: str) -> str:
    """A word without the ``s`` of its plural, so that ``connections`` finds ``connection``."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    return word[:-3] + "y" if word.endswith("ies") else word[:-1]


class Vocabulary:
    """Terms as numbers, and many texts read at once: as ``terms`` reads each, at a fifth of the time."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {"": GAP}
        self._words = _Words(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def read(self, texts: Sequence[str]) -> Integers:
        """The numbers of these texts' terms in their order, GAP before each text."""
        if len(self._words) > MOST_WORDS:
            self._words = _Words(self.numbers)
        said = _joined(texts).split()
        words = np.fromiter(map(self._words.__getitem__, said), np.int64, len(said))
        cells, marks = self._words.cells(words)
        fits = _fitting(marks)
        cells = cells if fits is None else cells[fits]
        for place in np.flatnonzero(cells < 0).tolist():
            cells[place] = self._words.settled(int(cells[place]))
        return cells


_EITHER, _AFTER_CODE, _OTHERWISE, _CODE, _OTHER = 0, 1, 2, 4, 8
"""When a cell counts: always, only where ``CODES`` stand before it, only where not; and what it is for the next one."""


class _Words(dict[str, int]):
    """What stands between two spaces, to its number; what is met first is taken apart.

    A word is a row of cells, each a term and a mark. A term that may not count is kept aside, below zero, till it does.
    """

    def __init__(self, numbers: dict[str, int]) -> None:
        super().__init__({_END: 0})
        self._numbers = numbers
        self._aside: list[str] = []
        self._cells, self._marks, self._ends = array("q", [GAP]), array("b", [_OTHER]), array("q", [0, 1])

    def __missing__(self, word: str) -> int:
        for chunk in _CHUNK.findall(word):
            for term, mark in _marked(chunk):
                self._cells.append(self._number(term, mark))
                self._marks.append(mark)
        self._ends.append(len(self._cells))
        self[word] = len(self._ends) - 2
        return self[word]

    def cells(self, words: Integers) -> tuple[Integers, NDArray[np.int8]]:
        """The cells of these words, one after the other, and their marks."""
        ends = np.frombuffer(self._ends, np.int64)
        starts, sizes = ends[words], np.diff(ends)[words]
        done = np.cumsum(sizes)
        places = np.repeat(starts - done + sizes, sizes) + np.arange(done[-1] if len(done) else 0)
        return np.frombuffer(self._cells, np.int64)[places], np.frombuffer(self._marks, np.int8)[places]

    def settled(self, cell: int) -> int:
        """The number of a term that was kept aside: it counts here."""
        return self._numbers.setdefault(self._aside[~cell], len(self._numbers))

    def _number(self, term: str, mark: int) -> int:
        if not mark & (_AFTER_CODE | _OTHERWISE):
            return self._numbers.setdefault(term, len(self._numbers))
        self._aside.append(term)
        return ~(len(self._aside) - 1)


_END = "\0"


def _joined(texts: Sequence[str]) -> str:
    """All texts as one, a mark before each that is in none."""
    read = [text[:LONGEST] for text in texts]
    whole = f" {_END} ".join(["", *read])
    if whole.count(_END) == len(read):
        return whole
    return f" {_END} ".join(["", *(text.replace(_END, " ") for text in read)])


def _marked(chunk: str) -> Iterator[tuple[str, int]]:
    """The terms of one name; a short one that ends in a digit is read otherwise after a word of ``CODES``."""
    parts, number = _parts(chunk), _may_be_code(chunk)
    if number:
        yield chunk.lower(), _AFTER_CODE
    for place, part in enumerate(parts, 1):
        mark = _OTHERWISE if number else _EITHER
        if place == len(parts) and (part in CODES or not number):
            mark |= _CODE if part in CODES else _OTHER
        yield part, mark


def _fitting(marks: NDArray[np.int8]) -> NDArray[np.bool_] | None:
    """Which cells count where they stand; None if all do."""
    if not (marks & (_AFTER_CODE | _OTHERWISE)).any():
        return None
    places = np.where(marks & (_CODE | _OTHER), np.arange(len(marks)), 0)
    before = np.maximum.accumulate(np.concatenate(([0], places[:-1])))
    after_code = (marks[before] & _CODE) > 0
    fits: NDArray[np.bool_] = (marks & np.where(after_code, _OTHERWISE, _AFTER_CODE)) == 0
    return fits
