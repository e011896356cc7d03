"""How fast log files are read, beside a plain loop over their lines, and what watching many quiet ones costs."""

from __future__ import annotations

import time
from pathlib import Path

from adapters.logs.files import Files
from adapters.logs.reading import chunks
from bot.clock import SystemClock
from storage.memory import MemoryCursors

LINE = "2026-11-21T09:16:00.123Z INFO orders-api worker-3: request 4711 served in 12 ms status=200 user=99\n"


def test_reading(tmp_path: Path) -> None:
    file = tmp_path / "day.log"
    file.write_text(LINE * 1_500_000)
    size = file.stat().st_size

    began = time.perf_counter()
    ours = sum(chunk.text.count("\n") for chunk in chunks(file))
    ours_took = time.perf_counter() - began
    began = time.perf_counter()
    with file.open(encoding="utf-8") as log:
        plain = sum(1 for _ in log)
    plain_took = time.perf_counter() - began

    print(f"\nours {size / ours_took / 1e6:,.0f} MB/s, a plain loop {size / plain_took / 1e6:,.0f} MB/s")
    print(f"ours is {plain_took / ours_took:.1f} times as fast")
    assert ours == plain


async def test_watching_quiet_files(tmp_path: Path) -> None:
    async def hear(_entries: object) -> None:
        """Nothing is written, so nothing is heard."""

    for count in (500, 5000):
        for number in range(count):
            (tmp_path / f"task-{number}.log").write_text(LINE)
        files = Files([str(tmp_path)], MemoryCursors(), clock=SystemClock())
        await files.scan(hear)
        began = time.process_time()
        for _ in range(10):
            assert (await files.scan(hear)).entries == 0
        print(f"\na scan of {count:,} quiet files: {(time.process_time() - began) * 100:.1f} ms of CPU")
