"""What outcomes say of a chance that may have changed: how likely it is now, and how sure of that one can be."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

CHANGE = 0.01
"""How likely it is, from one outcome to the next, that the system has changed and the past says nothing any more."""

ANEW = 2.0
"""After a change the prior is worth so few outcomes, and its chance is multiplied by ``DOUBT``."""

DOUBT = 0.75
"""That something broke is no reason to trust it: without this, confidence ran 0.03 too high in simulations."""

SMALLEST = 2e-3
"""Stories of the past that are less likely than this are forgotten: it keeps a belief as small as it is fast."""


@dataclass(frozen=True, slots=True)
class Beta:
    """A chance of which ``good`` and ``bad`` outcomes are known, the prior's counted in."""

    good: float
    bad: float

    @property
    def mean(self) -> float:
        return self.good / (self.good + self.bad)

    @property
    def weight(self) -> float:
        return self.good + self.bad

    def above(self, bound: float) -> float:
        """How likely the chance itself is at least ``bound``."""
        return 1.0 - _incomplete_beta(self.good, self.bad, bound)


Story: TypeAlias = tuple[float, Beta]


@dataclass(frozen=True, slots=True)
class Seen:
    """One outcome: 1 it worked, 0 it did not; ``weight`` 0 means that nothing was seen, and time passed."""

    good: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Belief:
    """A mixture: how likely each story of the past is, and what the chance is if it is true."""

    stories: tuple[Story, ...]

    @property
    def mean(self) -> float:
        """How likely the next outcome is good."""
        return sum(share * beta.mean for share, beta in self.stories)

    @property
    def weight(self) -> float:
        """How many outcomes the belief stands on, the prior's counted in."""
        return sum(share * beta.weight for share, beta in self.stories)

    def above(self, bound: float) -> float:
        """How likely the chance itself is at least ``bound``."""
        return sum(share * beta.above(bound) for share, beta in self.stories)


def believe(prior: Beta, outcomes: Iterable[Seen]) -> Belief:
    """The belief after ``outcomes``, oldest first.

    A story says when the system last changed; since then outcomes are Bernoulli with one unknown chance, so each story
    is a Beta distribution, and Bayes' rule weighs the stories by how well they foretold each outcome. An action that
    always worked and now fails twice is believed broken; one that fails now and then is not. This is Bayesian online
    changepoint detection with a constant hazard: R. P. Adams and D. J. C. MacKay, 2007, arXiv:0710.3742, section 2,
    with the Beta-Bernoulli model; outcomes of less weight count as fractional powers of their likelihood.
    """
    anew = Beta(ANEW * DOUBT * prior.mean, ANEW * (1.0 - DOUBT * prior.mean))
    stories = [(1.0, prior)]
    for seen in outcomes:
        stories = _later(stories, anew)
        if seen.weight:
            stories = _likely([_after(share, beta, seen) for share, beta in stories])
    return Belief(tuple(stories))


def _later(stories: list[Story], anew: Beta) -> list[Story]:
    """Between two outcomes each story may have ended; those that have told nothing yet are one and the same."""
    kept = [(share * (1.0 - CHANGE), beta) for share, beta in stories if beta is not anew]
    return [*kept, (1.0 - sum(share for share, _ in kept), anew)]


def _after(share: float, beta: Beta, seen: Seen) -> Story:
    good, bad, weight = beta.good, beta.bad, seen.weight
    if seen.good:
        return share * (good / (good + bad)) ** weight, Beta(good + weight, bad)
    return share * (bad / (good + bad)) ** weight, Beta(good, bad + weight)


def _likely(stories: list[Story]) -> list[Story]:
    least = SMALLEST * sum(share for share, _ in stories)
    kept = [one for one in stories if one[0] > least]
    total = sum(share for share, _ in kept)
    return [(share / total, beta) for share, beta in kept]


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), to about 1e-12: https://dlmf.nist.gov/8.17#v."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):  # where the fraction below would converge slowly, its mirror image is fast
        return 1.0 - _incomplete_beta(b, a, 1.0 - x)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / (a * _fraction(a, b, x))


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction 1 + d1 / (1 + d2 / (1 + …)) of DLMF 8.17.22, from its innermost term outward."""
    value = 1.0
    for term in range(_TERMS, 0, -1):
        half = term // 2
        if term % 2:
            step = -(a + half) * (a + b + half) * x / ((a + term - 1) * (a + term))
        else:
            step = half * (b - half) * x / ((a + term - 1) * (a + term))
        value = 1.0 + step / value
    return value


_TERMS = 60
"""Enough for 1e-12 where the weight is below a thousand outcomes."""
