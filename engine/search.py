"""Finds what is most like a text among many thousand known failures.

The measure is the cosine between texts as vectors of terms and of pairs of neighbouring terms, each weighing its
inverse document frequency (Salton and Buckley, Term-weighting approaches in automatic text retrieval, 1988), times the
points of the field it stands in. Postings find the candidates, the whole measure is computed for these alone.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import log, sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.phrases import Gate, holds
from engine.terms import GAP, LONGEST, Integers, Vocabulary, terms

Floats: TypeAlias = NDArray[np.float64]

Words: TypeAlias = tuple[str, ...]
_Marks: TypeAlias = tuple[Words, Words, Words]
"""What of a document is compared as it is: phrases, tags, services. Python's collector passes over tuples."""

PATTERN, SERVICE, TAG, WORD = 10.0, 8.0, 5.0, 3.0
"""The document's points for an error pattern, the service, a tag, and a word of title or description."""

HALF = 30.0
"""So many points make a text half as like again, and no number of them twice as like."""

PAIR = 0.5
"""Two neighbouring words weigh half of what the rarer of them does: measured on 349 runbooks of two projects."""

HELD = 0.1
"""How like a text is at least to a failure one of whose error patterns it holds whole, whatever words they share."""

CANDIDATES = 64
RAREST = 32
"""Terms that choose the candidates; more of them changed nothing where it was measured."""

MOST_POSTINGS = 30_000
"""Once the rarest terms are in so many entries, commoner ones are left to the measure itself: a search stays short."""

UNSETTLED = 512
"""New entries, and at most one of fifty, that are compared one by one until the postings are made afresh."""

AT_ONCE = 2_000
"""Documents that are read together: a twentieth of a second, and their texts are no longer held."""


@dataclass(frozen=True, slots=True)
class Document:
    """What can be found under ``id``. ``texts`` are (points, text); ``phrases`` error patterns, see ``phrases``."""

    id: str
    texts: tuple[tuple[float, str], ...]
    phrases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """``score`` is from 0 to 1; the rest says why: what of the document the text holds."""

    id: str
    score: float
    phrases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Question:
    """A text's terms and pairs of terms, each with its weight, and the length of their vector."""

    ids: Integers
    lookup: Floats
    pairs: Integers
    length: float


@dataclass(frozen=True, slots=True)
class _Postings:
    """For each term where it stands: ``rows[starts[t]:starts[t + 1]]``; the first ``count`` rows are in it."""

    count: int
    idf: Floats
    starts: Integers
    rows: NDArray[np.int32]
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Once:
    """Each term of each document once: how often it stands there, and the greatest of its worths."""

    owner: Integers
    term: Integers
    times: Integers
    worth: Integers


_NONE = _Postings(0, np.zeros(1), np.zeros(2, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))


class Index:
    """Entries by what they say. What is put is found at once; nothing here waits for anything."""

    def __init__(self, documents: Iterable[Document] = ()) -> None:
        self._ids: list[str] = []
        self._marks: list[_Marks] = []
        self._rows: dict[str, int] = {}
        self._dead: set[int] = set()
        self._waiting: list[Document] = []
        self._vocabulary = Vocabulary()
        self._terms, self._points, self._starts = array("i"), array("f"), array("q", [0])
        self._sequence, self._turns = array("i"), array("q", [0])
        self._postings, self._gate = _NONE, Gate(())
        for document in documents:
            self.put(document)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, id: str) -> bool:
        return id in self._rows

    def put(self, document: Document) -> None:
        """Take a document up; one of the same id is replaced."""
        self.drop(document.id)
        self._rows[document.id] = len(self._ids)
        self._ids.append(document.id)
        self._marks.append((document.phrases, document.tags, document.services))
        self._waiting.append(document)
        if len(self._waiting) >= AT_ONCE:
            self.read()

    def drop(self, id: str) -> None:
        """Forget a document; one that is not there is forgotten already."""
        if (row := self._rows.pop(id, None)) is not None:
            self._dead.add(row)

    @property
    def unsettled(self) -> bool:
        """So much is new that the next search makes the postings first."""
        return len(self._ids) - self._postings.count > min(UNSETTLED, self._postings.count // 50)

    def search(self, text: str, service: str = "", limit: int = 5) -> list[Hit]:
        """The documents most like ``text``, best first; of equals the first by id. What shares no word is no hit."""
        if self.unsettled:
            self.settle()
        self.read()
        idf = self._idf()
        question, found = self._question(text, idf), text[:LONGEST].lower()
        maybe = self._gate.owners(found).union(range(self._postings.count, len(self._ids)))
        held = {row for row in maybe if any(holds(found, one) for one in self._marks[row][0])}
        rows = self._candidates(question, held)
        if not rows:
            return []
        like = self._likeness(rows, question, idf).tolist()
        like = [max(one, HELD) if row in held else one for row, one in zip(rows, like, strict=True)]
        least = sorted(like)[-limit:][0] / 2  # no points make more than twice as like
        near = [(row, one) for row, one in zip(rows, like, strict=True) if one >= least and one > 0]
        hits = [self._hit(row, one, found, service) for row, one in near]
        return sorted(hits, key=lambda hit: (-round(hit.score, 9), hit.id))[:limit]

    def settle(self) -> None:
        """Make the postings afresh from all that was put. 100,000 entries take half a second."""
        self.read()
        count = len(self._ids)
        if not count:
            return
        every, points = np.array(self._terms, np.int64), np.array(self._points, np.float64)
        owner = np.repeat(np.arange(count), np.diff(np.array(self._starts)))
        if self._dead:
            alive = ~np.isin(owner, list(self._dead))
            every, points, owner = every[alive], points[alive], owner[alive]
        standing = np.bincount(every, minlength=len(self._vocabulary))
        idf = np.maximum(np.log((len(self._rows) + 1) / (standing + 0.5)), 0.05)
        weights = points * idf[every]
        length = np.sqrt(np.bincount(owner, weights**2, minlength=count))
        self._gate = Gate((row, self._marks[row][0]) for row in self._rows.values())
        order = _order(every)
        self._postings = _Postings(
            count=count,
            idf=idf,
            starts=np.concatenate(([0], np.cumsum(standing))),
            rows=owner[order].astype(np.int32),
            weights=(weights / length[owner])[order].astype(np.float32),
        )

    def read(self) -> None:
        """Read what waits: its terms in their order, and each once with the most points of those it stands for."""
        documents, self._waiting = self._waiting, []
        if not documents:
            return
        every = self._vocabulary.read([text for one in documents for _, text in one.texts])
        text = np.cumsum(every == GAP) - 1
        owner = np.repeat(np.arange(len(documents)), [len(one.texts) for one in documents])[text]
        worths, worth = np.unique([worth for one in documents for worth, _ in one.texts], return_inverse=True)
        once = _each_once(every, owner, worth[text])
        points = np.array([_relative(one) for one in worths])[once.worth] * (1 + np.log(once.times))
        self._sequence.frombytes(every.astype(np.int32).tobytes())
        self._terms.frombytes(once.term.astype(np.int32).tobytes())
        self._points.frombytes(points.astype(np.float32).tobytes())
        _lengthen(self._turns, owner, len(documents))
        _lengthen(self._starts, once.owner, len(documents))

    def _idf(self) -> Floats:
        """Each term's weight; what came after the postings were made is as rare as a term can be."""
        known = self._postings.idf
        new = len(self._vocabulary) - len(known)
        return np.concatenate((known, np.full(new, log(len(self._rows) + 1.0) + 0.05))) if new else known

    def _question(self, text: str, idf: Floats) -> _Question:
        """Words that no entry has make the vector longer: who shares one word of ten is not alike."""
        said = terms(text)
        ids = [self._vocabulary.numbers.get(term, GAP) for term in said]
        strange = len({term for term, id in zip(said, ids, strict=True) if id == GAP})
        known = np.array(sorted({*ids} - {GAP}), np.int64)
        lookup = np.zeros(len(idf))
        lookup[known] = idf[known] * [_often(ids.count(id)) for id in known.tolist()]
        pairs = {(a, b) for a, b in pairwise(ids) if a and b}
        pair_lengths = sum((PAIR * max(idf[a], idf[b])) ** 2 for a, b in pairs)
        length = float((lookup[known] ** 2).sum()) + pair_lengths + strange * log(len(self._rows) + 2) ** 2
        return _Question(known, lookup, np.array([_code(a, b) for a, b in sorted(pairs)], np.int64), sqrt(length))

    def _candidates(self, question: _Question, held: set[int]) -> list[int]:
        """The rows that share most with the question by its rarest terms, of ``held``, and all in no posting yet."""
        postings = self._postings
        settled = question.ids[question.ids < len(postings.idf)]
        sizes = postings.starts[settled + 1] - postings.starts[settled]
        rarest = np.argsort(sizes, kind="stable")[:RAREST]
        few = np.cumsum(sizes[rarest]) <= MOST_POSTINGS
        few[:1] = True
        best = self._best(settled[rarest[few]], question.lookup)
        fresh = range(postings.count, len(self._ids))
        return sorted({*best, *held, *fresh} - self._dead)

    def _best(self, chosen: Integers, lookup: Floats) -> list[int]:
        postings = self._postings
        spans = [(postings.starts[term], postings.starts[term + 1], lookup[term]) for term in chosen.tolist()]
        if not spans:
            return []
        rows = np.concatenate([postings.rows[start:end] for start, end, _ in spans])
        weights = np.concatenate([postings.weights[start:end] * weight for start, end, weight in spans])
        scores = np.bincount(rows, weights)
        found = np.flatnonzero(scores > 0)
        if len(found) > CANDIDATES:
            found = found[np.argpartition(scores[found], -CANDIDATES)[-CANDIDATES:]]
        return [int(row) for row in found]

    def _likeness(self, rows: Sequence[int], question: _Question, idf: Floats) -> Floats:
        """The cosine between the question and each of these rows."""
        every, owner = _gathered(self._terms, self._starts, rows, np.int32)
        points, _ = _gathered(self._points, self._starts, rows, np.float32)
        weights = points * idf[every]
        shared = _sums(owner, weights * question.lookup[every], len(rows))
        lengths = _sums(owner, weights**2, len(rows))
        sequence, owner = _gathered(self._sequence, self._turns, rows, np.int32)
        first, second, owner = sequence[:-1], sequence[1:], owner[:-1]
        pairs = np.where((first != GAP) & (second != GAP), PAIR * np.maximum(idf[first], idf[second]), 0.0) ** 2
        lengths += _sums(owner, pairs, len(rows))
        both = np.flatnonzero((question.lookup[first] > 0) & (question.lookup[second] > 0))
        same = both[np.isin(_code(first[both].astype(np.int64), second[both]), question.pairs)]
        shared += _sums(owner[same], pairs[same], len(rows))
        return np.minimum(shared / np.maximum(np.sqrt(lengths) * question.length, 1e-9), 1.0)

    def _hit(self, row: int, like: float, text: str, service: str) -> Hit:
        """The likeness, raised by the points for a whole pattern and for the service; a tag counts as a word does."""
        phrases, tags, services = self._marks[row]
        phrases = tuple(phrase for phrase in phrases if holds(text, phrase))
        tags = tuple(tag for tag in tags if tag.lower() in text)
        services = tuple(one for one in services if service and one.lower() == service.lower())
        points = PATTERN * len(phrases) + SERVICE * len(services)
        return Hit(self._ids[row], min(like * (1 + points / (points + HALF)), 1.0), phrases, tags, services)


def _each_once(every: Integers, owner: Integers, worth: Integers) -> _Once:
    """Numbers that hold all three are sorted: what is the same then stands together, the greatest worth last."""
    real = every != GAP
    terms, worths = int(every.max(initial=0)) + 1, int(worth.max(initial=0)) + 1
    whole = np.sort((owner[real] * terms + every[real]) * worths + worth[real])
    same = whole // worths
    last = np.flatnonzero(np.diff(same, append=-1))
    return _Once(same[last] // terms, same[last] % terms, np.diff(last, prepend=-1), whole[last] % worths)


def _lengthen(ends: array[int], owner: Integers, count: int) -> None:
    """Where the values of each of ``count`` new owners end."""
    ends.frombytes((ends[-1] + np.cumsum(np.bincount(owner, minlength=count))).astype(np.int64).tobytes())


def _order(values: Integers) -> Integers:
    """The places of values below 2^31, of the smallest first, of equals the first first: numbers that hold both sort
    ten times as fast as a stable sort does."""
    return np.sort((values << 32) + np.arange(len(values))) & 0xFFFFFFFF


def _sums(owner: Integers, values: Floats, count: int) -> Floats:
    """What belongs to each of ``count`` owners, summed up; floats even where nothing belongs to any."""
    return np.bincount(owner, values, minlength=count).astype(np.float64)


def _code(first: Any, second: Any) -> Any:
    """Two neighbouring terms as one number."""
    return first * (1 << 31) + second


def _gathered(
    values: array[Any], starts: array[int], rows: Sequence[int], kind: type[np.int32 | np.float32]
) -> tuple[NDArray[Any], Integers]:
    """The values of these rows, one after the other, and whose each is by its place among ``rows``."""
    if not values:
        return np.zeros(0, kind), np.zeros(0, np.int64)
    whole = np.frombuffer(values, kind)
    parts = [whole[starts[row] : starts[row + 1]] for row in rows]
    return np.concatenate(parts), np.repeat(np.arange(len(rows)), [len(part) for part in parts])


@cache
def _relative(worth: float) -> float:
    """A field's points beside those of a mere word; ten times the points are not ten times the meaning."""
    return log(1 + worth) / log(1 + WORD)


@cache
def _often(times: int) -> float:
    """What is said ten times is not ten times as meant."""
    return 1 + log(times)
