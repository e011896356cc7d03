"""Rows of actions that mended a failure several times: what a person may be asked to take into the knowledge base."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from engine.learn.belief import Beta
from engine.learn.ladder import worked
from engine.model import Judgement, Lesson

OFTEN = 3
"""A row of actions that worked so many times is no accident."""

MORE_OFTEN_THAN_NOT = 0.8
"""How sure one must be that it works more often than it fails."""


@dataclass(frozen=True, slots=True)
class ActionSequence:
    """``actions``, in this order, mended this failure here ``worked`` of ``tried`` times, in ``seconds`` on average.

    What was tried is counted by its first actions: a row that was given up halfway counts as tried as far as it came.
    """

    pattern: str
    environment: str
    actions: tuple[str, ...]
    worked: int
    tried: int
    seconds: float

    @property
    def sentence(self) -> str:
        return f"{', then '.join(self.actions)} worked {self.worked} of {self.tried} times"


def sequences(lessons: Sequence[Lesson]) -> list[ActionSequence]:
    """Each row of actions that worked several times, the most often working first. ``lessons``: of one failure here."""
    rows: dict[tuple[str, ...], list[Lesson]] = defaultdict(list)
    for known in ended(lessons):
        rows[tuple(one.action for one in known)].append(known[-1])
    found = [_sequence(actions, last) for actions, last in rows.items()]
    return sorted((one for one in found if one and _holds(one)), key=lambda one: -one.worked)


def proposed(lessons: Sequence[Lesson], first: Sequence[str]) -> list[ActionSequence]:
    """The rows that are new: the knowledge file would do ``first`` and stop there."""
    return [one for one in sequences(lessons) if one.actions != tuple(first)]


def steps_of(lesson: Lesson, earlier: Sequence[Lesson]) -> tuple[str, ...]:
    """The actions of this outcome's incident up to it, in their order. ``earlier``: newest first."""
    same = [one.action for one in reversed(earlier) if one.incident == lesson.incident and _ran(one)]
    return (*same, lesson.action)


def ended(lessons: Sequence[Lesson]) -> list[list[Lesson]]:
    """What was done about each incident and came to an end, in its order. ``lessons``: newest first."""
    incidents: dict[str, list[Lesson]] = defaultdict(list)
    for one in reversed(lessons):
        if _ran(one):
            incidents[one.incident].append(one)
    return list(incidents.values())


def _ran(lesson: Lesson) -> bool:
    return not lesson.rejected and lesson.judgement in (Judgement.WORKED, Judgement.FAILED)


def _sequence(actions: tuple[str, ...], last: Sequence[Lesson]) -> ActionSequence | None:
    times = [one.seconds for one in last if worked(one)]
    if not times:
        return None
    first = last[0]
    return ActionSequence(first.pattern, first.environment, actions, len(times), len(last), sum(times) / len(times))


def _holds(one: ActionSequence) -> bool:
    enough = Beta(1.0 + one.worked, 1.0 + one.tried - one.worked).above(0.5) >= MORE_OFTEN_THAN_NOT
    return one.worked >= OFTEN and enough
