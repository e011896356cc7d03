"""How fast logs are scanned, beside the plain way and beside grep, on the same file in the same run.

The plain way tries every rule on every line, and is given 2,000 lines of the file; grep is given the literals
that the rules' matches hold, so that it finds the same lines, but not what they mean.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bot.clock import SystemClock
from bot.scan import scan
from engine.identify.gate import required
from tests.engine.desks import DETECTOR

SIZE = 120_000_000
RULES = [rule for one in DETECTOR.patterns.values() if not one.asked for rule in one.match]
LITERALS = sorted({one for rule in RULES for one in required(rule)})


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


def timed(work: Callable[[], int], times: int) -> tuple[int, float]:
    """What it found, and the seconds of its quickest run."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        found = work()
        took.append(time.perf_counter() - began)
    return found, min(took)


def test_scan(tmp_path: Path) -> None:
    file = made(tmp_path)
    wanted, part = tmp_path / "literals", tmp_path / "part.log"
    wanted.write_text("\n".join(LITERALS))
    lines = file.read_text().splitlines(keepends=True)
    part.write_text("".join(lines[39_000:41_000]))
    del lines

    def ours() -> int:
        result = asyncio.run(scan([str(file)], DETECTOR, SystemClock(), lambda _size: None))
        return sum(incident.count for incident in result.incidents)

    def plain() -> int:
        rules = [re.compile(rule, re.IGNORECASE) for rule in RULES]
        with part.open(encoding="utf-8") as log:
            return sum(any(rule.search(line) for rule in rules) for line in log)

    def grep() -> int:
        command = [str(shutil.which("grep")), "-cFif", str(wanted), str(file)]
        done = subprocess.run(command, capture_output=True, check=False, env=os.environ | {"LC_ALL": "C"})
        return int(done.stdout)

    subprocess.run(["cat", str(file)], stdout=subprocess.DEVNULL, check=True)
    results = {"ours": timed(ours, 5), "plain": timed(plain, 1), "grep": timed(grep, 5)}
    read = {"ours": file, "plain": part, "grep": file}
    speed = {name: read[name].stat().st_size / 1e6 / seconds for name, (_, seconds) in results.items()}
    print(f"\n{len(RULES):,} rules, {len(LITERALS):,} literals")
    for name, (count, _) in results.items():
        print(f"{name:6} {count:5} found  {speed[name]:9.2f} MB/s")
    for name in ("plain", "grep"):
        print(f"ours is {speed['ours'] / speed[name]:,.1f} times as fast as {name}")
    assert results["ours"][0] == results["grep"][0] > 10
    assert results["plain"][0] == 1
