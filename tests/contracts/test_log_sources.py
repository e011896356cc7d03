"""What every log source promises: each entry once and in order, the cursor only after it was heard, and no exception."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from adapters.logs import LOG_SOURCES
from engine.model import Entry
from engine.ports import Cursors, LogSource
from storage.memory import MemoryCursors
from tests.clock import FakeClock


class World(Protocol):
    """Where the logs of one kind of source come from."""

    def source(self, cursors: Cursors, clock: FakeClock) -> LogSource:
        """A new source, as after a restart."""

    def write(self, *entries: str) -> None: ...
    def take_away(self) -> None: ...


class FilesWorld:
    def __init__(self, folder: Path) -> None:
        self.log = folder / "app.log"

    def source(self, cursors: Cursors, clock: FakeClock) -> LogSource:
        return LOG_SOURCES["files"]([str(self.log)], cursors, clock=clock, from_start=True)

    def write(self, *entries: str) -> None:
        with self.log.open("a") as file:
            file.writelines(f"{entry}\n" for entry in entries)

    def take_away(self) -> None:
        self.log.unlink()


WORLDS: dict[str, Callable[[Path], World]] = {"files": FilesWorld}


class Scene:
    def __init__(self, world: World) -> None:
        self.world, self.cursors, self.clock = world, MemoryCursors(), FakeClock(datetime.now(UTC))
        self.heard: list[Entry] = []
        self.fails = False
        self.restart()

    def restart(self) -> None:
        self.source = self.world.source(self.cursors, self.clock)

    async def hear(self, entries: Sequence[Entry]) -> None:
        if self.fails:
            raise ConnectionError("the database has gone")
        self.heard += entries

    async def scan(self) -> tuple[str, ...]:
        """Twice, so that the last entry has settled."""
        troubles = (await self.source.scan(self.hear)).troubles
        await self.clock.sleep(5)
        return troubles + (await self.source.scan(self.hear)).troubles

    @property
    def texts(self) -> list[str]:
        return [entry.text for entry in self.heard]


@pytest.fixture(params=sorted(LOG_SOURCES))
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    return Scene(WORLDS[request.param](tmp_path))


def entries(*numbers: int) -> list[str]:
    return [f"2026-11-21 09:15:56 ERROR number {number}\n  and its second line" for number in numbers]


async def test_it_goes_by_the_name_in_the_table() -> None:
    assert sorted(WORLDS) == sorted(LOG_SOURCES), "a new source needs its world here"


async def test_each_entry_once_and_in_order(scene: Scene) -> None:
    scene.world.write(*entries(1, 2))
    await scene.scan()
    await scene.scan()
    scene.world.write(*entries(*range(3, 3000)))
    await scene.scan()
    assert scene.texts == entries(*range(1, 3000))
    assert LOG_SOURCES[scene.source.name] is type(scene.source)


async def test_entries_say_when_and_where(scene: Scene) -> None:
    scene.world.write(*entries(1, 2, 3))
    await scene.scan()
    assert all(entry.at == datetime(2026, 11, 21, 9, 15, 56, tzinfo=UTC) for entry in scene.heard)
    assert len({entry.source for entry in scene.heard}) == 1
    assert [entry.position for entry in scene.heard] == sorted({entry.position for entry in scene.heard})


async def test_it_counts_what_it_passed(scene: Scene) -> None:
    scene.world.write(*entries(1, 2, 3))
    first = await scene.source.scan(scene.hear)
    await scene.clock.sleep(5)
    second = await scene.source.scan(scene.hear)
    assert first.entries + second.entries == 3
    assert first.size + second.size >= sum(map(len, entries(1, 2, 3)))


async def test_a_restart_repeats_nothing(scene: Scene) -> None:
    for number in range(4):
        scene.world.write(*entries(number))
        await scene.scan()
        scene.restart()
    await scene.scan()
    assert scene.texts == entries(0, 1, 2, 3)


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_was_not_heard_comes_again(scene: Scene, restarted: bool) -> None:
    scene.world.write(*entries(1, 2))
    scene.fails = True
    with pytest.raises(ConnectionError):
        await scene.scan()
    if restarted:
        scene.restart()
    scene.fails = False
    await scene.scan()
    assert scene.texts == entries(1, 2)


async def test_a_source_that_has_gone_is_a_trouble_and_comes_back(scene: Scene) -> None:
    scene.world.write(*entries(1))
    await scene.scan()
    scene.world.take_away()
    troubles = await scene.scan()
    assert troubles
    assert all(text.endswith(".") for text in troubles)
    scene.world.write(*entries(2))
    assert await scene.scan() == ()
    assert scene.texts == entries(1, 2)
