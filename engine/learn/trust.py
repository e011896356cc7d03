"""How sure one must be of an action: before it is proposed without a warning, and before it could go by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.learn.belief import Belief
from engine.learn.ladder import weight, worked
from engine.model import Lesson

STEP = 0.05
"""How far one outcome moves a threshold: a handful of failures is felt, one is not the end."""

LOWEST, HIGHEST = 0.5, 0.95
"""However well it does, what helps less than every second time is not proposed without a warning."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Of what is trusted at most the share ``wrong`` may fail, and one wants to be ``sure`` of it."""

    wrong: float = 0.25
    sure: float = 0.9


def trusted(belief: Belief, bound: Bound) -> bool:
    """Whether enough is known of an action, and good enough, that it could go alone: P(chance >= 1 - wrong) >= sure.

    Of a long row of trusted actions no greater share fails than ``wrong``, but for those that the belief is wrong of;
    selective prediction: Y. Geifman and R. El-Yaniv, NeurIPS 2017, arXiv:1705.08500.
    """
    return belief.above(1.0 - bound.wrong) >= bound.sure


def threshold(lessons: Sequence[Lesson], action: str, start: float, wrong: float) -> float:
    """The confidence that this action must have here, else a person is warned. ``lessons``: of this failure here.

    It starts at ``start``; each failure raises it by STEP * (1 - wrong), each success lowers it by STEP * wrong, so it
    stands still where just the share ``wrong`` fails: I. Gibbs and E. Candes, NeurIPS 2021, arXiv:2106.00193, eq. 2.
    Newest first, as everywhere.
    """
    now = start
    for one in reversed(lessons):
        if one.action == action:
            moved = now + STEP * weight(one) * ((0.0 if worked(one) else 1.0) - wrong)
            now = min(max(moved, min(start, LOWEST)), max(start, HIGHEST))
    return now
