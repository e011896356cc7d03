"""Whatever is done in whatever order, by chance or by a kill, each entry is heard, and heard once."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest

from tests.adapters.following import JAVA, TRACE, WAYS, Desk, make_room, rotate
from tests.waiting import PATIENCE


@pytest.mark.parametrize("seed", range(24))
async def test_random_writing_and_rotating(tmp_path: Path, seed: int) -> None:
    """Nothing is lost and nothing comes twice, whatever is done in whatever order."""
    chance = random.Random(seed)
    desk = Desk(tmp_path, list(WAYS.values())[seed % 3])
    await desk.scan()
    written: list[str] = []
    desk.write("app.log", written_line(written, seed))
    await desk.scan()
    for _ in range(150):
        await random_step(desk, chance, written, seed)
    desk.write("app.log", "INFO the end")
    for _ in range(8):
        await desk.scan()
    while HELD:
        HELD.pop().close()
    assert desk.ear.texts == [*written, "INFO the end"]


async def random_step(desk: Desk, chance: random.Random, written: list[str], seed: int) -> None:
    log = desk.folder / "app.log"
    what = chance.random()
    if what < 0.5:
        await write_in_two(desk, chance, written, seed)
    elif what < 0.75:
        await desk.once()
        await desk.clock.sleep(chance.choice([0, 2]))
    elif what < 0.85:
        desk.restart()
    elif what < 0.95 and log.exists():
        rotate_and_squeeze(desk.folder, chance)
    elif log.exists() and log.stat().st_size:
        await desk.scan()  # a copytruncate of a file that we have never seen cannot be told from a new file
        desk.write("app.log", written_line(written, seed))
        rotate_copies(desk.folder)


async def write_in_two(desk: Desk, chance: random.Random, written: list[str], seed: int) -> None:
    shape = chance.choice([TRACE, JAVA, "2026-11-21 09:15:56 INFO {}", "2026-11-21 09:15:56 INFO \x1b[1m{} ä"])
    written.append(shape.format(f"{seed}/{len(written)}/{'z' * chance.randrange(300)}"))
    cut = chance.randrange(len(written[-1]))
    desk.write("app.log", written[-1][:cut], end="")
    if chance.random() < 0.2:
        await desk.once()
    desk.write("app.log", written[-1][cut:])


def rotate_and_squeeze(folder: Path, chance: random.Random) -> None:
    rotate(folder)
    if chance.random() < 0.5:
        (folder / "app.log").touch()
    if chance.random() < 0.5:
        squeeze(folder, chance.choice([1, 2]))


def written_line(written: list[str], seed: int) -> str:
    written.append(f"2026-11-21 09:15:56 INFO {seed}/{len(written)}")
    return written[-1]


HELD: list[IO[str]] = []


def squeeze(folder: Path, number: int) -> None:
    path = folder / f"app.log.{number}"
    if path.exists():
        with gzip.open(f"{path}.new", "wb") as packed:
            packed.write(path.read_bytes())
        Path(f"{path}.new").rename(folder / f"packed.{number}")
        (folder / f"packed.{number}").rename(f"{path}.gz")
        HELD.append(path.open())  # a number that comes again at once is another test's business
        path.unlink()


def rotate_copies(folder: Path) -> None:
    make_room(folder)
    shutil.copy(folder / "app.log", folder / "app.log.1")
    os.truncate(folder / "app.log", 0)


FOLLOWER = """
import asyncio, json, sys
from pathlib import Path
from datetime import UTC, datetime
from adapters.logs.files import Files

class Clock:
    def now(self): return datetime.now(UTC)
    async def sleep(self, seconds): await asyncio.sleep(seconds)

class FileCursors:
    def __init__(self, path): self.path = path
    def all(self): return json.loads(self.path.read_text()) if self.path.exists() else {}
    async def get(self, name): return self.all().get(name)
    async def get_all(self, names): return {name: value for name, value in self.all().items() if name in names}
    async def put_all(self, values):
        for name, value in values.items(): await self.put(name, value)
    async def put(self, name, value):
        new = self.path.with_suffix(".new"); new.write_text(json.dumps({**self.all(), name: value})); new.rename(self.path)

async def main(log, kept, heard):
    files = Files([log], FileCursors(Path(kept)), clock=Clock(), from_start=True, settle=0.2)
    with open(heard, "a") as out:
        async def hear(entries):
            out.write("".join(json.dumps(one.text) + "\\n" for one in entries)); out.flush()
        while True:
            await files.scan(hear)
            await asyncio.sleep(0.005)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_killed_while_it_follows(tmp_path: Path) -> None:
    log, heard = tmp_path / "app.log", tmp_path / "heard"
    total, kills = 4000, 6
    command = [sys.executable, "-c", FOLLOWER, str(log), str(tmp_path / "kept"), str(heard)]
    follower = subprocess.Popen(command)
    try:
        for number in range(total):
            with log.open("a") as file:
                file.write(f"{JAVA.format(number)}\n")
            if number % 997 == 996:
                rotate(tmp_path)
            if number % (total // kills) == 500:
                follower.kill()
                follower.wait()
                follower = subprocess.Popen(command)
            await asyncio.sleep(0.0005)
            while number == 0 and not heard.exists():
                await asyncio.sleep(0.01)
        deadline = time.monotonic() + PATIENCE
        while f"Executor: {total - 1}\\n" not in heard.read_text():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
    finally:
        follower.kill()
        follower.wait()
    texts = [json.loads(line) for line in heard.read_text().splitlines()]
    assert list(dict.fromkeys(texts)) == [JAVA.format(number) for number in range(total)]
    assert len(texts) - total <= kills * 1000
