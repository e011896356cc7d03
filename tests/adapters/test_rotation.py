"""Log files are rotated, copied, emptied, compressed and renamed: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest
import zstandard

from engine.model import place
from tests.adapters.following import WAYS, Desk, errors, rotate, started


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    return await started(tmp_path, "app.log")


@pytest.fixture(params=sorted(WAYS))
async def any_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    return await started(tmp_path, WAYS[request.param])


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


async def test_emptied_and_then_renamed(any_desk: Desk) -> None:
    desk = any_desk
    desk.write("app.log", *errors(1, 2))
    await desk.scan()
    os.truncate(desk.folder / "app.log", 0)
    desk.write("app.log", *errors(3))
    rotate(desk.folder)
    desk.write("app.log", *errors(4))
    for _ in range(3):
        await desk.scan()
    assert desk.ear.texts == errors(1, 2, 3, 4)


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
