"""What is wrong with the logs is told as it is now: no longer than it lasts, and as long as it does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from adapters.logs.files import Files
from bot.watch import Watch
from storage.memory import MemoryCursors
from tests.clock import FakeClock
from tests.engine.desks import Machine, desk


def troubles(watch: Watch) -> list[str]:
    return [said for name, said in watch.facts() if name == "Trouble"]


async def test_a_trouble_is_told_until_it_is_over(tmp_path: Path) -> None:
    clock = FakeClock(datetime.now(UTC))
    folder = tmp_path / "logs"
    watch = Watch(desk(Machine(), clock), (Files([str(folder)], MemoryCursors(), clock=clock),))
    assert watch.facts() == (("Last scan", "not yet"),)
    for _ in range(2):
        await watch.scan()
        assert troubles(watch) == [f"{folder} is not there."]
    folder.mkdir()
    (folder / "app.log").write_text("all is well\n")
    await watch.scan()
    assert troubles(watch) == []
