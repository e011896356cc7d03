"""What is known of an action before it was tried here: from the knowledge file, other failures, other environments."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from engine.learn.belief import Beta
from engine.model import Judgement, Lesson

PRIOR_WEIGHT = 4.0
"""How many outcomes the knowledge file's prior is worth: a few real ones soon outweigh it."""

SUREST = 0.99
"""A knowledge file that says 'always' or 'never' could not be contradicted by any outcome."""

REJECTED_WEIGHT = 0.5
"""A person who rejects a proposal thinks that it would not help, and is right more often than not."""

FADING = 0.97
"""Elsewhere, each newer outcome makes an older one count this much less."""

WORTHS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""How many outcomes here any number of outcomes elsewhere may be worth; which of these, the outcomes themselves say."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Outcomes counted with their weights."""

    good: float = 0.0
    weight: float = 0.0


def weight(lesson: Lesson) -> float:
    """How much this outcome says of its action: nothing where nobody knows, or where it mended itself."""
    if lesson.rejected:
        return REJECTED_WEIGHT
    return 1.0 if lesson.judgement in (Judgement.WORKED, Judgement.FAILED) else 0.0


def worked(lesson: Lesson) -> bool:
    """It mended the failure, and the failure did not come back within the watch."""
    return lesson.judgement is Judgement.WORKED and not lesson.recurred and not lesson.rejected


def prior(pattern: str, environment: str, given: float, wider: Sequence[Lesson]) -> Beta:
    """The belief before the first outcome here. ``wider``: outcomes of this action anywhere, newest first.

    Three rungs, the nearer one counting more: the knowledge file's ``given`` chance; how the action does for other
    failures; how it does for this failure in other environments. A rung of n outcomes counts as n*k/(n+k) of them,
    where k says how alike its groups are: k outcomes is what a Beta(k*m, k*(1-m)) between groups is worth, so k is
    estimated from the groups themselves by the Beta-binomial likelihood (empirical Bayes: B. Efron, Large-Scale
    Inference, Cambridge 2010, chapter 1; the Beta-binomial is J. G. Skellam, J. R. Stat. Soc. B 10, 1948).
    """
    given = min(max(given, 1.0 - SUREST), SUREST)
    belief = Beta(given * PRIOR_WEIGHT, (1.0 - given) * PRIOR_WEIGHT)
    others = _tallies(one for one in wider if one.pattern != pattern)
    same = _tallies(one for one in wider if one.pattern == pattern and one.environment != environment)
    belief = _borrowed(belief, list(others.values()), usual=1.0)
    return _borrowed(belief, list(same.values()), usual=4.0)


def _tallies(lessons: Iterable[Lesson]) -> Mapping[tuple[str, str], Tally]:
    def place(lesson: Lesson) -> tuple[str, str]:
        return lesson.pattern, lesson.environment

    ordered = sorted(lessons, key=place)  # stable: within a place they stay newest first
    return {here: _tally(list(group)) for here, group in groupby(ordered, key=place)}


def _tally(lessons: Sequence[Lesson]) -> Tally:
    good = total = 0.0
    fading = 1.0
    for lesson in lessons:
        counts = weight(lesson) * fading
        good, total = good + counts * worked(lesson), total + counts
        fading *= FADING if counts else 1.0
    return Tally(good, total)


def _borrowed(belief: Beta, groups: Sequence[Tally], usual: float) -> Beta:
    good = sum(one.good for one in groups)
    total = sum(one.weight for one in groups)
    if not total:
        return belief
    k = _worth(groups, (good + belief.mean) / (total + 1.0), usual)
    share = k / (total + k)
    return Beta(belief.good + good * share, belief.bad + (total - good) * share)


def _worth(groups: Sequence[Tally], mean: float, usual: float) -> float:
    """The likeliest k; ``usual`` is what it is thought to be before the groups are looked at."""
    mean = min(max(mean, 0.02), 0.98)

    def fit(k: float) -> float:
        doubt = 0.5 * math.log(k / usual) ** 2
        return sum(_log_likelihood(one, k * mean, k * (1.0 - mean)) for one in groups) - doubt

    return max(WORTHS, key=fit)


def _log_likelihood(tally: Tally, good: float, bad: float) -> float:
    return _log_beta(good + tally.good, bad + tally.weight - tally.good) - _log_beta(good, bad)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
