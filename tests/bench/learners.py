"""Those who learn in the small worlds: the product, the user's document, and what people commonly do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from engine.learn import Elsewhere, record
from engine.learn.ladder import weight, worked
from engine.learn.trust import Bound, threshold, trusted
from engine.model import Lesson
from tests.bench.worlds import Failure

START = 0.7
"""The document's threshold, where the product's own begins."""


@dataclass(frozen=True)
class Decision:
    choice: int
    confidence: float
    automatic: bool
    warned: bool
    """A person is told that the confidence is low."""
    rank: float
    """Who would let fewer go by themselves lets those of the highest rank."""


def fixed(choice: int, confidence: float) -> Decision:
    """The document's rule."""
    return Decision(choice, confidence, automatic=confidence >= START, warned=confidence < START, rank=confidence)


class Learner(Protocol):
    def decide(self, failure: Failure) -> Decision: ...
    def learn(self, lesson: Lesson, failure: Failure) -> None: ...


class Product(Learner):
    """The engine's own functions, called as a diagnosis calls them."""

    def __init__(self) -> None:
        self.bound = Bound()
        self.anywhere: dict[str, list[Lesson]] = defaultdict(list)
        self.here: dict[tuple[str, str], list[Lesson]] = defaultdict(list)

    def decide(self, failure: Failure) -> Decision:
        mine = self.here[failure.pattern, failure.environment][:-201:-1]
        records = []
        for action, prior in zip(failure.actions, failure.priors, strict=True):
            elsewhere = Elsewhere(failure.pattern, failure.environment, self.anywhere[action][:-201:-1])
            records.append(record(mine, action, prior, elsewhere))
        choice = max(range(len(records)), key=lambda number: records[number].confidence)
        known = records[choice]
        needed = threshold(mine, failure.actions[choice], START, self.bound.wrong)
        rank = known.belief.above(1.0 - self.bound.wrong)
        return Decision(choice, known.confidence, trusted(known.belief, self.bound), known.confidence < needed, rank)

    def learn(self, lesson: Lesson, failure: Failure) -> None:
        self.anywhere[lesson.action].append(lesson)
        self.here[failure.pattern, failure.environment].append(lesson)


class Document(Learner):
    """The user's formula: 0.4 pattern + 0.3 impact + 0.3 knowledge-base matches of five, and 0.7 as the threshold."""

    def decide(self, failure: Failure) -> Decision:
        choice = failure.priors.index(max(failure.priors))
        confidence = min(1.0, 0.4 * failure.priors[choice] + 0.3 * 0.5 + 0.3 * failure.matches / 5)
        return fixed(choice, confidence)

    def learn(self, lesson: Lesson, failure: Failure) -> None:
        pass


class Expert(Learner):
    """The knowledge file's chance as it stands."""

    def decide(self, failure: Failure) -> Decision:
        choice = failure.priors.index(max(failure.priors))
        return fixed(choice, failure.priors[choice])

    def learn(self, lesson: Lesson, failure: Failure) -> None:
        pass


@dataclass
class Moving(Learner):
    """An exponential moving average an action, from the expert's chance on, and 0.7 as the threshold."""

    step: float = 0.15

    def __post_init__(self) -> None:
        self.means: dict[tuple[str, str, str], float] = {}

    def _mean(self, failure: Failure, number: int) -> float:
        key = failure.pattern, failure.environment, failure.actions[number]
        return self.means.get(key, failure.priors[number])

    def decide(self, failure: Failure) -> Decision:
        means = [self._mean(failure, number) for number in range(len(failure.actions))]
        choice = means.index(max(means))
        return fixed(choice, means[choice])

    def learn(self, lesson: Lesson, failure: Failure) -> None:
        if not weight(lesson) or lesson.rejected:
            return
        number = failure.actions.index(lesson.action)
        mean = self._mean(failure, number)
        key = failure.pattern, failure.environment, lesson.action
        self.means[key] = mean + self.step * (worked(lesson) - mean)


@dataclass
class Counting(Learner):
    """Successes over all, of what was counted: what the document's learning comes to."""

    def __post_init__(self) -> None:
        self.counts: dict[tuple[str, str, str], tuple[float, int]] = {}

    def _share(self, failure: Failure, number: int) -> float:
        good, total = self.counts.get((failure.pattern, failure.environment, failure.actions[number]), (0.0, 0))
        return good / total if total else failure.priors[number]

    def decide(self, failure: Failure) -> Decision:
        shares = [self._share(failure, number) for number in range(len(failure.actions))]
        choice = shares.index(max(shares))
        return fixed(choice, shares[choice])

    def learn(self, lesson: Lesson, failure: Failure) -> None:
        if weight(lesson) and not lesson.rejected:
            key = failure.pattern, failure.environment, lesson.action
            good, total = self.counts.get(key, (0.0, 0))
            self.counts[key] = good + worked(lesson), total + 1


LEARNERS: dict[str, Callable[[], Learner]] = {
    "product": Product,
    "document": Document,
    "expert": Expert,
    "counting": Counting,
    "moving .15": Moving,
}
