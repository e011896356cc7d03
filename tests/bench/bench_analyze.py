"""How many failures are explained a second on one core, beside the mere question which rule matches, asked plainly."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import mean

from adapters.targets import CATALOGUES
from bot.analysis import analyze
from engine.desk import Policy
from tests.engine.desks import DETECTOR
from tests.engine.test_reports import REPORTS

GOAL = 1_000
ROUNDS = 3

EXAMPLES = [example.text for pattern in DETECTOR.patterns.values() for example in pattern.examples]
RULES = [
    re.compile(rule, re.IGNORECASE | re.MULTILINE) for pattern in DETECTOR.patterns.values() for rule in pattern.match
]


def a_second(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """Texts a second of this program's own time: the quickest of a few rounds."""
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for text in texts:
            work(text)
        took.append(time.process_time() - began)
    return len(texts) / min(took)


def plain(text: str) -> list[re.Pattern[str]]:
    return [rule for rule in RULES if rule.search(text)]


def test_analyzing() -> None:
    whole = partial(analyze, DETECTOR, CATALOGUES, Policy())
    print(f"\n{len(DETECTOR.patterns)} known failures, {len(RULES):,} rules")
    speeds = {}
    for name, texts in {
        "log entries": EXAMPLES,
        "texts as people paste them": [one["text"] for one in REPORTS],
    }.items():
        speeds[name] = a_second(whole, texts)
        other = a_second(plain, texts)
        print(
            f"{name}, {mean(map(len, texts)):,.0f} characters on average: {speeds[name]:,.0f} a second,"
            f" {speeds[name] / other:.1f} times as many as every rule tried in turn"
        )
    assert min(speeds.values()) > GOAL
