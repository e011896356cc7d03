"""Log files are followed through everything that happens to them: nothing is lost, and nothing comes twice."""

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
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import pytest
import zstandard

from adapters.logs.files import Files, place
from engine.model import Entry
from engine.ports import Scanned
from storage.memory import MemoryCursors

TRACE = (
    "2026-11-21 09:15:56 ERROR {} failed\nTraceback (most recent call last):\n  File \"a.py\", line 3\nKeyError: 'a'"
)
JAVA = "26/11/21 09:24:10 ERROR Executor: {}\njava.lang.OutOfMemoryError: Java heap space\n\tat a.B.c(B.java:1)\n\tat a.B.d(B.java:2)"


class HandClock:
    """Real time, and as much more as the test has let pass."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


class Ear:
    """Hears entries, and can be made to fail."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.batches: list[int] = []
        self.fails = False

    async def __call__(self, entries: Sequence[Entry]) -> None:
        if self.fails:
            raise ConnectionError("the database has gone")
        self.batches.append(len(entries))
        self.entries += entries

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.entries]


class Desk:
    """A folder, somebody who follows paths in it, and what was heard."""

    def __init__(self, folder: Path, *paths: str, from_start: bool = False) -> None:
        self.folder, self.paths, self.from_start = folder, [str(folder / path) for path in paths], from_start
        self.ear, self.cursors, self.clock = Ear(), MemoryCursors(), HandClock()
        self.restart()

    def restart(self) -> None:
        self.files = Files(self.paths, self.cursors, clock=self.clock, from_start=self.from_start)

    def write(self, name: str, *entries: str, end: str = "\n") -> None:
        with (self.folder / name).open("a", newline="") as file:
            file.write("\n".join(entries) + end)

    async def scan(self) -> Scanned:
        """As two scans with enough time between them for what was written to settle."""
        first = await self.once()
        await self.clock.sleep(2)
        second = await self.once()
        return Scanned(first.entries + second.entries, first.size + second.size, first.troubles + second.troubles)

    async def once(self) -> Scanned:
        return await self.files.scan(self.ear)


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, "app.log")
    await desk.scan()
    return desk


@pytest.fixture
async def folder(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, "")
    await desk.scan()
    return desk


@pytest.fixture(params=["app.log", "", "*.log*"], ids=["file", "folder", "pattern"])
async def any_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    desk = Desk(tmp_path, request.param)
    await desk.scan()
    return desk


def errors(*numbers: int) -> list[str]:
    return [f"2026-11-21 09:15:56 ERROR number {number}" for number in numbers]


async def test_what_is_old_is_not_read_and_what_is_new_is(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "")
    desk.write("app.log", *errors(1, 2), "2026-11-21 ERROR half", end="")
    await desk.scan()
    assert desk.ear.texts == []
    desk.write("app.log", " a line", *errors(3))
    desk.write("later.log", *errors(4))
    old = tmp_path / "moved-in.log"
    desk.write("moved-in.log", *errors(5))
    os.utime(old, (1e9, 1e9))
    await desk.scan()
    assert desk.ear.texts == ["2026-11-21 ERROR half a line", *errors(3, 4)]


async def test_from_start_reads_what_is_old(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "app.log", from_start=True)
    desk.write("app.log", *errors(1, 2))
    scanned = await desk.scan()
    assert desk.ear.texts == errors(1, 2)
    assert scanned.entries == 2
    assert scanned.size == (tmp_path / "app.log").stat().st_size


async def test_an_entry_says_where_and_when(desk: Desk) -> None:
    desk.write("app.log", "ä first", *errors(1))
    await desk.scan()
    _, entry = desk.ear.entries
    assert entry.position == len("ä first\n".encode())
    assert entry.at == datetime(2026, 11, 21, 9, 15, 56, tzinfo=UTC)
    assert place(entry.source) == str(desk.folder / "app.log")


async def test_the_last_entry_waits_until_it_is_complete(desk: Desk) -> None:
    desk.write("app.log", *errors(1, 2))
    await desk.once()
    assert desk.ear.texts == errors(1)
    await desk.once()
    assert desk.ear.texts == errors(1)
    await desk.clock.sleep(1.1)
    await desk.once()
    assert desk.ear.texts == errors(1, 2)


@pytest.mark.parametrize("trace", [TRACE, JAVA], ids=["python", "java"])
async def test_a_trace_written_in_two_halves_stays_whole(desk: Desk, trace: str) -> None:
    whole = trace.format("load")
    for cut in (len(whole) // 2, whole.index("\n") + 1, whole.rindex("\n") + 1, len(whole) - 3):
        desk.ear.entries.clear()
        desk.write("app.log", whole[:cut], end="")
        await desk.once()
        desk.write("app.log", whole[cut:])
        await desk.once()
        await desk.scan()
        assert desk.ear.texts == [whole]


async def test_a_partial_line_waits_however_long(desk: Desk) -> None:
    desk.write("app.log", *errors(1), "2026-11-21 ERROR ha", end="")
    for _ in range(3):
        await desk.scan()
    assert desk.ear.texts == errors(1)
    desk.write("app.log", "lf")
    await desk.scan()
    assert desk.ear.texts == [*errors(1), "2026-11-21 ERROR half"]


async def test_rename_rotation(any_desk: Desk) -> None:
    desk = any_desk
    desk.write("app.log", *errors(1, 2))
    await desk.scan()
    for number in range(3, 30, 3):
        desk.write("app.log", *errors(number))
        await desk.once()
        desk.write("app.log", *errors(number + 1))
        rotate(desk.folder)
        await desk.once()
        desk.write("app.log", *errors(number + 2))
        await desk.scan()
        await desk.scan()
        assert desk.ear.texts == errors(*range(1, number + 3))
    assert len({one.source for one in desk.ear.entries}) == 10
    assert {place(one.source) for one in desk.ear.entries} == {str(desk.folder / "app.log")}


def rotate(folder: Path) -> None:
    make_room(folder)
    if (folder / "app.log").exists():
        (folder / "app.log").rename(folder / "app.log.1")


def make_room(folder: Path) -> None:
    for number in range(90, 0, -1):
        for suffix in ("", ".gz"):
            if (folder / f"app.log.{number}{suffix}").exists():
                (folder / f"app.log.{number}{suffix}").rename(folder / f"app.log.{number + 1}{suffix}")


async def test_a_renamed_file_is_still_written_to(any_desk: Desk) -> None:
    desk = any_desk
    desk.write("app.log", *errors(1))
    await desk.scan()
    rotate(desk.folder)
    desk.write("app.log.1", *errors(2))
    await desk.scan()
    (desk.folder / "app.log").touch()
    desk.write("app.log.1", *errors(3))
    await desk.scan()
    desk.write("app.log.1", *errors(4))
    desk.write("app.log", *errors(5))
    await desk.scan()
    await desk.scan()
    assert desk.ear.texts == errors(1, 2, 3, 4, 5)


async def test_several_rotations_while_nobody_looked(any_desk: Desk) -> None:
    desk = any_desk
    desk.write("app.log", *errors(1))
    await desk.scan()
    for number in (2, 3, 4):
        desk.write("app.log", *errors(number))
        rotate(desk.folder)
    desk.write("app.log", *errors(5))
    desk.restart()
    for _ in range(4):
        await desk.scan()
    assert desk.ear.texts == errors(1, 2, 3, 4, 5)


async def test_copytruncate(any_desk: Desk) -> None:
    desk = any_desk
    log, copy = desk.folder / "app.log", desk.folder / "app.log.1"
    desk.write("app.log", *errors(*range(100)))
    await desk.scan()
    desk.write("app.log", *errors(100))
    shutil.copy(log, copy)
    await desk.once()  # the copy is there, and the file is not empty yet
    os.truncate(log, 0)
    desk.write("app.log", *errors(101))
    await desk.scan()
    await desk.scan()
    desk.write("app.log", *errors(102))
    await desk.scan()
    assert desk.ear.texts == errors(*range(103))


async def test_copytruncate_between_two_looks(any_desk: Desk) -> None:
    desk = any_desk
    desk.write("app.log", *errors(*range(50)))
    await desk.scan()
    desk.write("app.log", *errors(50))
    shutil.copy(desk.folder / "app.log", desk.folder / "app.log.1")
    os.truncate(desk.folder / "app.log", 0)
    desk.write("app.log", *errors(*range(51, 200)))  # it is longer than before at once
    await desk.scan()
    await desk.scan()
    assert desk.ear.texts == errors(*range(200))


async def test_copytruncate_by_a_writer_that_goes_on_at_its_old_place(desk: Desk) -> None:
    with (desk.folder / "app.log").open("w") as writer:
        for number in range(3):
            writer.write(f"{errors(number)[0]}\n")
            writer.flush()
            await desk.scan()
            os.truncate(desk.folder / "app.log", 0)
    with (desk.folder / "app.log").open("rb") as file:
        assert file.read(1) == b""
    assert desk.ear.texts == errors(0, 1, 2)


async def test_truncation(desk: Desk) -> None:
    desk.write("app.log", *errors(1, 2, 3))
    await desk.scan()
    (desk.folder / "app.log").write_text("")
    await desk.once()
    desk.write("app.log", *errors(4))
    await desk.scan()
    (desk.folder / "app.log").write_text("\n".join(errors(*range(5, 50))) + "\n")  # longer than before
    await desk.scan()
    assert desk.ear.texts == errors(1, 2, 3, *range(4, 50))
    births = list(dict.fromkeys(one.source for one in desk.ear.entries))
    assert len(births) == 3


async def test_an_inode_that_comes_again(any_desk: Desk) -> None:
    desk = any_desk
    log = desk.folder / "app.log"
    desk.write("app.log", *errors(*range(30)))
    await desk.scan()
    for round_ in range(1, 5):
        inode = log.stat().st_ino
        log.unlink()
        for attempt in range(1000):  # until the file system gives the same number to a new file
            desk.write("app.log", *errors(*range(round_ * 30, round_ * 30 + 30)))
            if log.stat().st_ino == inode:
                break
            log.rename(desk.folder / f"spare{attempt}")
        for spare in desk.folder.glob("spare*"):
            spare.unlink()
        await desk.scan()
        await desk.scan()
        assert desk.ear.texts == errors(*range(round_ * 30 + 30))


async def test_a_restart_goes_on_where_it_was(any_desk: Desk) -> None:
    desk = any_desk
    for number in range(5):
        desk.write("app.log", *errors(number))
        await desk.scan()
        desk.restart()
    assert desk.ear.texts == errors(*range(5))
    cursor = json.loads(await desk.cursors.get(f"files:{desk.folder / 'app.log'}") or "")
    assert cursor["offset"] == (desk.folder / "app.log").stat().st_size
    assert cursor["inode"] == (desk.folder / "app.log").stat().st_ino


async def test_rotated_while_we_were_away(any_desk: Desk) -> None:
    desk = any_desk
    desk.write("app.log", *errors(1))
    await desk.scan()
    desk.write("app.log", *errors(2))
    rotate(desk.folder)
    desk.write("app.log", *errors(3))
    desk.restart()
    await desk.scan()
    await desk.scan()
    assert desk.ear.texts == errors(1, 2, 3)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
async def test_rotated_and_compressed_before_we_looked(any_desk: Desk, suffix: str) -> None:
    desk = any_desk
    log = desk.folder / "app.log"
    pack = gzip.compress if suffix == ".gz" else zstandard.ZstdCompressor().compress
    desk.write("app.log", *errors(*range(100)))
    await desk.scan()
    desk.write("app.log", *errors(100, 101))
    (desk.folder / f"app.log.1{suffix}").write_bytes(pack(log.read_bytes()))
    log.unlink()
    desk.write("app.log", *errors(102))
    await desk.scan()
    await desk.scan()
    assert desk.ear.texts == errors(*range(103))


async def test_a_damaged_archive_does_not_stop_the_new_file(desk: Desk) -> None:
    log = desk.folder / "app.log"
    desk.write("app.log", *errors(*range(5000)))
    await desk.scan()
    desk.write("app.log", *errors(5000))
    (desk.folder / "app.log.1.gz").write_bytes(gzip.compress(log.read_bytes())[:-100])
    log.unlink()
    desk.write("app.log", *errors(5001))
    scanned = await desk.scan()
    assert [text.partition(":")[0] for text in scanned.troubles] == [f"{log} is damaged"]
    assert desk.ear.texts[-1:] == errors(5001)


async def test_hear_fails_and_the_same_entries_come_again(any_desk: Desk) -> None:
    desk = any_desk
    desk.write("app.log", *errors(1))
    await desk.scan()
    desk.write("app.log", *errors(2, 3, 4))
    desk.ear.fails = True
    before = await desk.cursors.get(f"files:{desk.folder / 'app.log'}")
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await desk.once()
        assert await desk.cursors.get(f"files:{desk.folder / 'app.log'}") == before
    desk.ear.fails = False
    await desk.scan()
    assert desk.ear.texts == errors(1, 2, 3, 4)


async def test_batches_are_bounded(desk: Desk) -> None:
    desk.write("app.log", *errors(*range(2500)), *("ERROR " + "x" * 60_000 for _ in range(40)))
    await desk.scan()
    assert len(desk.ear.entries) == 2540
    assert max(desk.ear.batches) == 1000
    assert all(size < 20 for size in desk.ear.batches[-3:])


async def test_a_line_of_64_mb(desk: Desk) -> None:
    with (desk.folder / "app.log").open("w") as file:
        for _ in range(64):
            file.write("x" * 1024 * 1024)
        file.write("\n" + errors(1)[0] + "\n")
    tracemalloc.start()
    await desk.scan()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024
    cut, after = desk.ear.entries
    assert len(cut.text) <= 64 * 1024
    assert "characters left out" in cut.text
    assert (after.text, after.position) == (errors(1)[0], 64 * 1024 * 1024 + 1)


async def test_crlf_and_encodings(desk: Desk) -> None:
    desk.write("app.log", *(f"{text}\r" for text in errors(1, 2)))
    await desk.scan()
    with (desk.folder / "app.log").open("ab") as file:
        file.write("ERROR für\n".encode("latin-1"))
    await desk.scan()
    assert desk.ear.texts == [*errors(1, 2), "ERROR f\ufffdr"]


async def test_utf_16(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "app.log")
    await desk.scan()
    with (tmp_path / "app.log").open("wb") as file:
        file.write("\ufeff".encode("utf-16-le"))
        for number in range(3):
            file.write(f"ERROR ä𝄞 {number}\r\n".encode("utf-16-le"))
            file.flush()
            await desk.scan()
    assert desk.ear.texts == [f"ERROR ä𝄞 {number}" for number in range(3)]
    assert [one.position for one in desk.ear.entries] == [2, 2 + 2 * 13, 2 + 4 * 13]


async def test_troubles_are_said_once_and_others_go_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "binary.log", "pipe.log", "folder.log", "none.log", "good.log")
    (tmp_path / "binary.log").write_bytes(bytes(range(256)) * 20)
    os.mkfifo(tmp_path / "pipe.log")
    (tmp_path / "folder.log").mkdir()
    scanned = await desk.once()
    assert sorted(scanned.troubles) == [
        f"{tmp_path}/binary.log looks binary, not text.",
        f"{tmp_path}/folder.log is a folder, where a log file was expected.",
        f"{tmp_path}/good.log is not there.",
        f"{tmp_path}/none.log is not there.",
        f"{tmp_path}/pipe.log is a pipe or a device, not a file.",
    ]
    desk.write("good.log", *errors(1))
    assert (await desk.scan()).troubles == ()
    assert desk.ear.texts == errors(1)
    (tmp_path / "good.log").unlink()
    assert (await desk.scan()).troubles == (f"{tmp_path}/good.log is not there.",)
    desk.write("good.log", *errors(2))
    assert (await desk.scan()).troubles == ()
    (tmp_path / "good.log").unlink()
    assert (await desk.scan()).troubles == (f"{tmp_path}/good.log is not there.",)
    assert desk.ear.texts == errors(1, 2)


async def test_a_file_in_a_folder_goes(folder: Desk) -> None:
    folder.write("app.log", *errors(1))
    await folder.scan()
    (folder.folder / "app.log").unlink()
    assert (await folder.scan()).troubles == (f"{folder.folder}/app.log has gone.",)
    assert (await folder.scan()).troubles == ()
    folder.write("app.log", *errors(2))
    await folder.scan()
    assert folder.ear.texts == errors(1, 2)


@contextmanager
def nobody() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


async def test_unreadable() -> None:
    with TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        desk = Desk(Path(name), "")
        desk.write("secret.log", *errors(1))
        desk.write("open.log", *errors(2))
        (desk.folder / "secret.log").chmod(0o000)
        with nobody():
            scanned = await desk.scan()
            assert scanned.troubles == (f"{name}/secret.log cannot be read: this program has no permission to.",)
            assert (await desk.scan()).troubles == ()
        desk.write("open.log", *errors(3))
        with nobody():
            await desk.scan()
        assert desk.ear.texts == errors(3)
        (desk.folder / "secret.log").chmod(0o644)
        with nobody():
            await desk.scan()
        desk.write("secret.log", *errors(4))
        with nobody():
            assert (await desk.scan()).troubles == ()
        assert desk.ear.texts == errors(3, 4)  # what stood in it before is as old as it was


async def test_links_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "current.log").symlink_to(tmp_path / "deep" / "a.log")
    (tmp_path / "deep" / "up").symlink_to(tmp_path)
    desk = Desk(tmp_path, "", "current.log")
    await desk.scan()
    desk.write("deep/a.log", *errors(1))
    await desk.scan()
    desk.write("deep/a.log", *errors(2))
    await desk.once()
    (tmp_path / "current.log").unlink()
    (tmp_path / "current.log").symlink_to(tmp_path / "deep" / "b.log")
    desk.write("deep/b.log", *errors(3))
    await desk.scan()
    await desk.scan()
    assert sorted(desk.ear.texts) == errors(1, 2, 3)


@pytest.mark.parametrize("seed", range(24))
async def test_random_writing_and_rotating(tmp_path: Path, seed: int) -> None:
    """Nothing is lost and nothing comes twice, whatever is done in whatever order."""
    chance = random.Random(seed)
    desk = Desk(tmp_path, ["app.log", "", "*.log*"][seed % 3])
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
        deadline = time.monotonic() + 30
        while f"Executor: {total - 1}\\n" not in heard.read_text():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
    finally:
        follower.kill()
        follower.wait()
    texts = [json.loads(line) for line in heard.read_text().splitlines()]
    assert list(dict.fromkeys(texts)) == [JAVA.format(number) for number in range(total)]
    assert len(texts) - total <= kills * 1000


async def test_an_idle_scan_of_500_files_is_cheap(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "")
    for number in range(500):
        desk.write(f"task-{number}.log", *errors(number))
    await desk.scan()
    await desk.scan()
    began = time.process_time()
    for _ in range(20):
        await desk.once()
    each = (time.process_time() - began) / 20
    print(f"{each * 1000:.1f} ms")
    assert each < 0.05
