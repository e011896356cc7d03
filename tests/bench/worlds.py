"""Small worlds whose truth is known: failures, actions with hidden success rates, drift, and people who err."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from engine.model import IncidentId, Judgement, Lesson

START = datetime(2026, 1, 1, tzinfo=UTC)
ACTIONS = tuple(f"action_{number}" for number in range(12))
CHOICE = 5
"""Actions that a knowledge file proposes for a failure."""


@dataclass(frozen=True)
class World:
    """What is hidden from whoever learns."""

    name: str
    incidents: int = 3000
    failures: int = 60
    environments: tuple[str, ...] = ("production",)
    good: tuple[float, float] = (6.0, 2.0)
    """The Beta distribution of the best action's chance; that of the others is ``poor``."""
    poor: tuple[float, float] = (1.5, 2.5)
    expert_error: float = 0.2
    breaks: float = 0.3
    """Share of failures whose best action changes in the middle; ``gradual`` over a third of the time."""
    gradual: bool = False
    alone: float = 0.05
    """Recovers by itself, whatever was done, and the target shows that it did."""
    noise: float = 0.03
    """The verification says the contrary; half of these come back within the watch and are put right."""
    unknown: float = 0.05
    rejects_wrong: float = 0.0
    rejects_right: float = 0.0
    """How often a person rejects a proposal that would fail, and one that would work."""


TUNED = (
    World("as published"),
    World("three environments", environments=("production", "staging", "test")),
    World("people reject", rejects_wrong=0.6, rejects_right=0.05),
)
HELD_OUT = (
    World("no drift", breaks=0.0),
    World("slow drift", breaks=0.5, gradual=True),
    World("poor experts", expert_error=0.4),
    World("little works", good=(3.0, 3.0), poor=(1.0, 5.0)),
    World("noisy checks", noise=0.10, unknown=0.15, alone=0.15),
    World("few of each, many kinds", failures=400),
    World("all of it", breaks=0.5, noise=0.08, expert_error=0.3, alone=0.1, rejects_wrong=0.5, rejects_right=0.1),
)


@dataclass
class Failure:
    """One kind of failure in one environment."""

    pattern: str
    environment: str
    actions: tuple[str, ...]
    chances: list[float]
    later: list[float]
    priors: list[float]
    matches: int
    lessons: list[Lesson] = field(default_factory=list)

    def now(self, turn: int, world: World) -> list[float]:
        middle, end = world.incidents / 2, world.incidents / 2 + (world.incidents / 3 if world.gradual else 1)
        moved = min(1.0, max(0.0, (turn - middle) / (end - middle)))
        return [a + (b - a) * moved for a, b in zip(self.chances, self.later, strict=True)]


def failures(world: World, chance: random.Random) -> list[Failure]:
    return [one for number in range(world.failures) for one in _kind(world, f"service/failure-{number}", chance)]


def _kind(world: World, pattern: str, chance: random.Random) -> list[Failure]:
    """The same failure in each environment: much alike, not quite the same."""
    actions = tuple(chance.sample(ACTIONS, CHOICE))
    chances = [chance.betavariate(*world.poor) for _ in actions]
    chances[chance.randrange(CHOICE)] = chance.betavariate(*world.good)
    later = list(chances)
    if chance.random() < world.breaks:
        best = chances.index(max(chances))
        later[best] = 0.1 * chances[best]
        later[(best + 1 + chance.randrange(CHOICE - 1)) % CHOICE] = chance.betavariate(*world.good)
    priors = [min(0.95, max(0.05, chance.gauss(one, world.expert_error))) for one in chances]
    matches = chance.randint(1, 5)

    def near(values: list[float], alike: float) -> list[float]:
        return [min(0.99, max(0.01, chance.gauss(one, alike))) for one in values]

    return [
        Failure(pattern, environment, actions, near(chances, 0.05), near(later, 0.05), priors, matches)
        for environment in world.environments
    ]


@dataclass(frozen=True)
class Told:
    """What came of one proposal. ``works`` is the truth; ``lesson`` is what the agent is told."""

    works: bool
    lesson: Lesson


def happens(world: World, failure: Failure, choice: int, confidence: float, turn: int, chance: random.Random) -> Told:
    works = chance.random() < failure.now(turn, world)[choice]
    at = START + timedelta(minutes=10 * turn)

    def lesson(judgement: Judgement, *, recurred: bool = False, rejected: bool = False) -> Lesson:
        id = IncidentId(str(turn))
        names = failure.pattern, failure.actions[choice], failure.environment
        return Lesson(at, id, *names, judgement, confidence, 60.0, recurred, rejected)

    if chance.random() < (world.rejects_right if works else world.rejects_wrong):
        return Told(works, lesson(Judgement.UNKNOWN, rejected=True))
    if chance.random() < world.alone:
        return Told(works, lesson(Judgement.RECOVERED))
    if chance.random() < world.unknown:
        return Told(works, lesson(Judgement.UNKNOWN))
    if chance.random() >= world.noise:
        return Told(works, lesson(Judgement.WORKED if works else Judgement.FAILED))
    if works:
        return Told(works, lesson(Judgement.FAILED))
    return Told(works, lesson(Judgement.WORKED, recurred=chance.random() < 0.5))
