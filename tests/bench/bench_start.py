"""How long a start takes until the first card stands in the room, and what an idle program holds in memory."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import psutil

from tests.engine.desks import TIMEOUT
from tests.program import Running, page, signed_in

ROUNDS = 5


async def test_start(tmp_path: Path) -> None:
    for number in range(ROUNDS):
        folder = tmp_path / str(number)
        (folder / "logs").mkdir(parents=True)
        began = time.perf_counter()
        own = {"LOG_PATHS": str(folder / "logs"), "ADMINS": "ada", "MONITORING_INTERVAL": "1"}
        program = Running(folder, own)
        await program.start()
        listening = time.perf_counter() - began
        (folder / "logs" / "task.log").write_text(TIMEOUT.replace("2026", "2099", 1) + "\n")
        async with signed_in(program) as person:
            while "#1 Airflow task" not in await page(person):
                await asyncio.sleep(0.02)
        shown = time.perf_counter() - began
        await asyncio.sleep(3)
        assert program.process
        held = psutil.Process(program.process.pid).memory_info().rss / 1e6
        print(f"listening after {listening:.2f} s, first card after {shown:.2f} s, {held:.0f} MB when idle")
        assert await program.stop() == 0
