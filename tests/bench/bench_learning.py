"""Who learns best in worlds whose truth is known: the product, the user's fixed formula, and common ways.

``ONCALL_PICTURES=folder`` keeps the curves. Worlds of HELD_OUT were never looked at while numbers were chosen.
"""

from __future__ import annotations

import math
import os
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.pictures import Chart, Line, png
from engine.learn.score import bins
from tests.bench.learners import LEARNERS, Decision, Learner
from tests.bench.worlds import HELD_OUT, TUNED, Failure, World, failures, happens

SEEDS = (11, 12)
PIECES = 12
"""Points of a curve."""


@dataclass(frozen=True)
class Lived:
    """One incident: what was decided and what was true. ``stale``: the choice was best before the change, not now."""

    turn: int
    decision: Decision
    works: bool
    chance: float
    lost: float
    blind: float
    stale: bool


def live(world: World, learner: Learner, seed: int) -> list[Lived]:
    """The same incidents, in the same order and with the same luck, whoever learns."""
    chance = random.Random(seed)
    found = failures(world, chance)
    often = [1.0 / (1 + number // len(world.environments)) for number in range(len(found))]
    return [_incident(world, learner, chance.choices(found, often)[0], seed, turn) for turn in range(world.incidents)]


def _incident(world: World, learner: Learner, failure: Failure, seed: int, turn: int) -> Lived:
    decision = learner.decide(failure)
    now = failure.now(turn, world)
    told = happens(world, failure, decision.choice, decision.confidence, turn, random.Random(f"{seed} {turn}"))
    learner.learn(told.lesson, failure)
    best, before = max(now), failure.chances.index(max(failure.chances))
    stale = turn >= world.incidents / 2 and decision.choice == before and now[before] < best / 2
    return Lived(
        turn, decision, told.works, now[decision.choice], best - now[decision.choice], best - sum(now) / len(now), stale
    )


def share(part: list[Lived]) -> float:
    """Of what choosing blindly loses, the share that is lost."""
    return sum(one.lost for one in part) / sum(one.blind for one in part)


def wilson(bad: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share: E. B. Wilson, J. Am. Stat. Assoc. 22, 1927."""
    if not of:
        return 0.0, 1.0
    z, p = 1.96, bad / of
    middle, spread = p + z * z / (2 * of), z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return (middle - spread) / (1 + z * z / of), (middle + spread) / (1 + z * z / of)


def risk(lived: list[Lived], coverage: float) -> float:
    """Of the surest this share, how many were wrong."""
    first = sorted(lived, key=lambda one: -one.decision.rank)[: max(1, round(coverage * len(lived)))]
    return sum(not one.works for one in first) / len(first)


@dataclass(frozen=True)
class Report:
    regret: float
    drifted: float
    stale: float
    error: float
    brier: float
    least: float
    """The Brier score of who makes the same choices and knows their true chances: luck alone."""
    automatic: float
    wrong: float
    interval: tuple[float, float]
    unwarned: float
    at_12: float
    at_30: float

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"regret {self.regret:.3f} (after drift {self.drifted:.3f})  stale {self.stale:5.1f}  ECE {self.error:.3f}"
            f"  Brier {self.brier:.3f} (luck {self.least:.3f})  automatic {self.automatic:4.0%}, wrong {self.wrong:5.1%}"
            f" [{low:5.1%}, {high:5.1%}]  of the surest 12 % wrong {self.at_12:5.1%}, 30 % {self.at_30:5.1%}"
            f"  wrong without a warning {self.unwarned:5.1%}"
        )


def report(world: World, lived: list[Lived]) -> Report:
    """``stale``: how often, of 100 incidents in the first tenth after the change, the broken action was chosen."""
    after = [one for one in lived if 0 <= one.turn - world.incidents // 2 < world.incidents // 10]
    automatic = [one for one in lived if one.decision.automatic]
    unwarned = [one for one in lived if not one.decision.warned]
    bad = sum(not one.works for one in automatic)
    said = [(one.decision.confidence, one.works) for one in lived]
    return Report(
        regret=share(lived),
        drifted=share(after),
        stale=100 * sum(one.stale for one in after) / len(after),
        error=sum(one.count * abs(one.said - one.was) for one in bins(said)) / len(said),
        brier=sum((one - works) ** 2 for one, works in said) / len(said),
        least=sum(one.chance * (1 - one.chance) for one in lived) / len(lived),
        automatic=len(automatic) / len(lived),
        wrong=bad / max(1, len(automatic)),
        interval=wilson(bad, len(automatic)),
        at_12=risk(lived, 0.12),
        at_30=risk(lived, 0.30),
        unwarned=sum(not one.works for one in unwarned) / max(1, len(unwarned)),
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("world", [*TUNED, *HELD_OUT], ids=lambda world: world.name)
def test_learning(world: World) -> None:
    lived = {name: [one for seed in SEEDS for one in live(world, make(), seed)] for name, make in LEARNERS.items()}
    found = {name: report(world, told) for name, told in lived.items()}
    kind = "tuned on" if world in TUNED else "held out"
    print(f"\n{world.name} ({kind}; {world.incidents} incidents, {len(SEEDS)} times)")
    for name, told in found.items():
        print(f"  {name:17}{told}")
    ours, document = found["product"], found["document"]
    print(
        f"  of the document's: regret {ours.regret / document.regret:.2f}, ECE {ours.error / document.error:.2f},"
        f" Brier {ours.brier / document.brier:.2f}, wrong automatic {ours.wrong / max(document.wrong, 1e-9):.2f}"
    )
    if folder := os.environ.get("ONCALL_PICTURES"):
        (Path(folder) / f"learning-{world.name.replace(' ', '-').replace(',', '')}.png").write_bytes(
            curves(world, lived)
        )
    assert ours.regret < document.regret
    assert ours.error < min(0.05, document.error)
    assert ours.brier < document.brier
    assert ours.interval[0] < 0.25
    assert ours.wrong < document.wrong


def curves(world: World, lived: dict[str, list[Lived]]) -> bytes:
    """Regret over time, and calibration."""
    shown = {name: told for name, told in lived.items() if name in ("product", "document", "moving .15")}
    over_time = tuple(Line(name, _pieces(world, told), dots=True) for name, told in shown.items())
    calibration = tuple(
        Line(name, [(one.said, one.was) for one in bins([(x.decision.confidence, x.works) for x in told])], dots=True)
        for name, told in shown.items()
    )
    across = (0.0, float(world.incidents))
    regret = Chart(
        f"Regret: {world.name}", "incidents", "of choosing blindly", over_time, across, percent=(False, True)
    )
    shares = [number / 20 for number in range(1, 21)]
    risks = tuple(Line(name, [(one, risk(told, one)) for one in shares]) for name, told in shown.items())
    covered = Chart("How many could go by themselves", "of all incidents", "wrong among them", risks, y=(0.0, 0.5))
    return png([regret, Chart("Calibration", "confidence said", "share that worked", calibration), covered], columns=3)


def _pieces(world: World, lived: list[Lived]) -> list[tuple[float, float]]:
    size = world.incidents / PIECES
    parts = [[one for one in lived if n * size <= one.turn < (n + 1) * size] for n in range(PIECES)]
    return [((n + 0.5) * size, share(part)) for n, part in enumerate(parts)]
