"""The record of one outcome, in the form in which other programs read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.learn.ladder import weight, worked
from engine.learn.sequences import sequences, steps_of
from engine.model import Judgement, Lesson

HOUR = 3600.0
SLOWEST = 0.5
"""A mend that took long is worth half of one that took no time."""

FAST = 300.0
"""Seconds: what worked so soon counts as fast while there is no average to compare it with."""


def learning_record(lesson: Lesson, earlier: Sequence[Lesson]) -> dict[str, Any]:
    """``success`` is None where nobody can know. ``earlier``: outcomes of this failure here, newest first.

    Times are in seconds from approval to verified.
    """
    return {
        "success": success(lesson),
        "resolution_time": round(lesson.seconds),
        "confidence_score": lesson.confidence,
        "learning_feedback": feedback(lesson, earlier),
    }


def success(lesson: Lesson) -> bool | None:
    if lesson.rejected or lesson.judgement not in (Judgement.WORKED, Judgement.FAILED):
        return None
    return worked(lesson)


def feedback(lesson: Lesson, earlier: Sequence[Lesson]) -> dict[str, Any]:
    """What this outcome says; every share is between 0 and 1.

    ``resolution_effectiveness``: 1 less a share for every hour that the mend took, never under a half; 0 if it failed.
    ``pattern_match_strength``: how often recognising this failure led to its end so far, this outcome counted.
    ``action_sequence_effectiveness``: 1 over the number of actions that it took; 0 if it failed.
    """
    steps = steps_of(lesson, earlier)
    faster = _faster(lesson, earlier)
    return {
        "resolution_effectiveness": max(SLOWEST, 1.0 - lesson.seconds / HOUR) if worked(lesson) else 0.0,
        "pattern_match_strength": _strength((lesson, *earlier)),
        "action_sequence_effectiveness": 1.0 / len(steps) if worked(lesson) else 0.0,
        "new_patterns_learned": _news(lesson, earlier, steps),
        "performance_metrics": {"resolution_faster_than_average": bool(faster)},
    }


def _average(earlier: Sequence[Lesson]) -> float | None:
    times = [one.seconds for one in earlier if worked(one)]
    return sum(times) / len(times) if times else None


def _faster(lesson: Lesson, earlier: Sequence[Lesson]) -> bool | None:
    """None where there is nothing to compare with."""
    average = _average(earlier)
    return None if average is None else worked(lesson) and lesson.seconds < average


def _strength(lessons: Sequence[Lesson]) -> float:
    total = sum(weight(one) for one in lessons)
    return sum(weight(one) * worked(one) for one in lessons) / total if total else 0.0


def _news(lesson: Lesson, earlier: Sequence[Lesson], steps: tuple[str, ...]) -> list[str]:
    average = _average(earlier)
    fast = worked(lesson) and lesson.seconds < (FAST if average is None else average / 2)
    old = {one.actions for one in sequences(earlier)}
    new = [one for one in sequences((lesson, *earlier)) if one.actions not in old and one.actions == steps]
    return [*(["fast_resolution_pattern"] if fast else []), *(f"sequence:{'+'.join(one.actions)}" for one in new)]
