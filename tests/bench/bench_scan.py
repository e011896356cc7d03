"""How fast logs are scanned, beside the plain way and beside grep, on the same file in the same run."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bot.clock import SystemClock
from bot.scan import scan
from tests.engine.desks import DETECTOR

SIZE = 120_000_000
RULES = [rule for pattern in DETECTOR.patterns.values() for rule in pattern.match]


def made(folder: Path) -> Path:
    """A log of the size of a busy day, with a failure among every 40,000 lines or so."""
    chance = random.Random(7)
    calm = [
        f"2026-11-21T0{chance.randint(0, 9)}:16:00.{number % 1000:03d}Z INFO orders-api worker-{number % 17}:"
        f" request {number} served in {chance.randint(1, 900)} ms status=200 user={chance.randint(1, 99999)}\n"
        for number in range(40_000)
    ]
    broken = "2026-11-21T09:15:56Z ERROR orders-api: QueuePool limit of size 20 overflow 10 reached, timeout 30\n"
    block = "".join(calm) + broken
    file = folder / "day.log"
    file.write_text(block * (SIZE // len(block)))
    return file


def timed(work: Callable[[], int]) -> tuple[int, float]:
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def test_scan(tmp_path: Path) -> None:
    file = made(tmp_path)

    def ours() -> int:
        result = asyncio.run(scan([str(file)], DETECTOR, SystemClock(), lambda _size: None))
        return sum(incident.count for incident in result.incidents)

    def plain() -> int:
        rules = [re.compile(rule, re.IGNORECASE) for rule in RULES]
        with file.open(encoding="utf-8") as log:
            return sum(any(rule.search(line) for rule in rules) for line in log)

    def grep() -> int:
        words = "AirflowTaskTimeout|QueuePool limit of size|OutOfMemoryError|sorry, too many clients already"
        done = subprocess.run([str(shutil.which("grep")), "-cEi", words, str(file)], capture_output=True, check=False)
        return int(done.stdout)

    subprocess.run(["cat", str(file)], stdout=subprocess.DEVNULL, check=True)
    results = {name: timed(work) for name, work in {"ours": ours, "plain": plain, "grep": grep}.items()}
    size = file.stat().st_size / 1e6
    for name, (count, seconds) in results.items():
        print(f"{name:6} {count:5} found  {seconds:6.2f} s  {size / seconds:8.1f} MB/s")
    for name in ("plain", "grep"):
        print(f"ours is {results[name][1] / results['ours'][1]:.1f} times as fast as {name}")
    assert len({count for count, _ in results.values()}) == 1
