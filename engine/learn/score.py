"""How the agent has done: by failure and action, how long it took, and whether its confidence meant what it said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from engine.learn.feedback import success
from engine.model import Judgement, Lesson

BINS = 10
LATELY = 20
"""How many outcomes one point of the learning curve looks back on."""


@dataclass(frozen=True, slots=True)
class Row:
    """How an action did for a failure. ``seconds`` is the median from approval to verified, None if it never worked."""

    pattern: str
    action: str
    worked: int
    tried: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """Of ``count`` proposals ``said`` was the mean confidence and ``was`` the share that worked."""

    said: float
    was: float
    count: int


@dataclass(frozen=True, slots=True)
class Scores:
    """``curve``: with each outcome, the share that worked of the last few, and what had been said of them.

    ``error`` is the expected calibration error, ``brier`` the mean squared one; both None before the first outcome.
    """

    rows: tuple[Row, ...]
    bins: tuple[Bin, ...]
    curve: tuple[tuple[float, float], ...]
    error: float | None
    brier: float | None
    recovered: int
    rejected: int
    recurred: int

    @property
    def tried(self) -> int:
        return sum(row.tried for row in self.rows)

    @property
    def worked(self) -> int:
        return sum(row.worked for row in self.rows)


def scores(lessons: Sequence[Lesson]) -> Scores:
    """The scores of these outcomes, newest first."""
    known = [(one.confidence, bool(success(one))) for one in reversed(lessons) if success(one) is not None]
    found = bins(known)
    return Scores(
        rows=_rows(lessons),
        bins=found,
        curve=_curve(known),
        error=sum(one.count * abs(one.said - one.was) for one in found) / len(known) if known else None,
        brier=sum((said - was) ** 2 for said, was in known) / len(known) if known else None,
        recovered=sum(one.judgement is Judgement.RECOVERED for one in lessons),
        rejected=sum(one.rejected for one in lessons),
        recurred=sum(one.recurred for one in lessons),
    )


def bins(known: Sequence[tuple[float, bool]], most: int = BINS) -> tuple[Bin, ...]:
    """Bins of equally many: C. Guo et al., On Calibration of Modern Neural Networks, 2017, arXiv:1706.04599.

    What was said with the same confidence stays in one bin: apart, each half would look better or worse than it was.
    """
    ordered = sorted(known, key=lambda one: one[0])
    edges = sorted({0, *(_edge(ordered, n * len(ordered) // most) for n in range(1, most)), len(ordered)})
    parts = (ordered[start:end] for start, end in pairwise(edges))
    return tuple(
        Bin(sum(said for said, _ in part) / len(part), sum(was for _, was in part) / len(part), len(part))
        for part in parts
    )


def _edge(ordered: Sequence[tuple[float, bool]], at: int) -> int:
    """The next place where the confidence changes."""
    while 0 < at < len(ordered) and ordered[at][0] == ordered[at - 1][0]:
        at += 1
    return at


def _rows(lessons: Sequence[Lesson]) -> tuple[Row, ...]:
    groups: dict[tuple[str, str], list[Lesson]] = defaultdict(list)
    for one in lessons:
        if success(one) is not None:
            groups[one.pattern, one.action].append(one)
    rows = (_row(*names, group) for names, group in groups.items())
    return tuple(sorted(rows, key=lambda row: (-row.tried, row.pattern, row.action)))


def _row(pattern: str, action: str, lessons: Sequence[Lesson]) -> Row:
    times = [one.seconds for one in lessons if success(one)]
    return Row(pattern, action, len(times), len(lessons), median(times) if times else None)


def _curve(known: Sequence[tuple[float, bool]]) -> tuple[tuple[float, float], ...]:
    windows = (known[max(0, end - LATELY) : end] for end in range(1, len(known) + 1))
    return tuple((sum(was for _, was in one) / len(one), sum(said for said, _ in one) / len(one)) for one in windows)
