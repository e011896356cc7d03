"""How sure one must be before an action is proposed without a warning: the fewer outcomes, the surer."""

from __future__ import annotations

from dataclasses import dataclass

from engine.learn.belief import Belief, Beta


@dataclass(frozen=True, slots=True)
class Bound:
    """``start`` holds where nothing was tried yet. Of what is trusted at most ``wrong`` may fail, ``sure`` of it."""

    start: float = 0.7
    wrong: float = 0.25
    sure: float = 0.9


def trusted(belief: Belief, bound: Bound) -> bool:
    """Whether the action helps often enough, and enough is known of it to say so: P(chance >= 1 - wrong) >= sure.

    Every action that is trusted then has a chance of at least 1 - wrong with that probability, so of a long row of
    them no greater share fails than ``wrong``, but for those that the belief itself is wrong of (1 - sure).
    """
    return belief.above(1.0 - bound.wrong) >= bound.sure


def threshold(weight: float, bound: Bound) -> float:
    """The confidence that a belief which stands on ``weight`` outcomes must reach, by bisection, to a thousandth."""
    low, high = 1.0 - bound.wrong, 1.0
    while high - low > 1e-3:
        middle = (low + high) / 2
        enough = Beta(middle * weight, (1.0 - middle) * weight).above(1.0 - bound.wrong) >= bound.sure
        low, high = (low, middle) if enough else (middle, high)
    return high
