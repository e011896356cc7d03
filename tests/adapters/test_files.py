"""Log files are followed through everything that happens to them: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from adapters.logs.files import Files
from bot.clock import SystemClock
from engine.model import Entry, place
from storage.memory import MemoryCursors
from tests.adapters.following import JAVA, TRACE, WAYS, Desk, errors, started
from tests.nobody import nobody


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    return await started(tmp_path, "app.log")


@pytest.fixture
async def folder(tmp_path: Path) -> Desk:
    return await started(tmp_path, "")


@pytest.fixture(params=sorted(WAYS))
async def any_desk(request: pytest.FixtureRequest, tmp_path: Path) -> Desk:
    return await started(tmp_path, WAYS[request.param])


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


async def test_what_came_while_the_program_was_away_is_read_from_its_start(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "")
    desk.write("app.log", *errors(1))
    await desk.once()
    desk.write("app.log", *errors(2))
    desk.write("attempt=2.log", *errors(3, 4))
    old = tmp_path / "moved-in.log"
    desk.write("moved-in.log", *errors(5))
    os.utime(old, (1e9, 1e9))
    await desk.clock.sleep(0.5)
    desk.restart()
    await desk.scan()
    assert sorted(desk.ear.texts) == errors(2, 3, 4)


async def test_a_path_that_is_new_in_the_settings_is_read_from_its_end(tmp_path: Path) -> None:
    cursors, heard = MemoryCursors(), list[str]()

    async def hear(entries: Sequence[Entry]) -> None:
        heard.extend(entry.text for entry in entries)

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.log").write_text("".join(f"{line}\n" for line in errors(1)))
    await Files([str(tmp_path / "a")], cursors, clock=SystemClock()).scan(hear)
    await Files([str(tmp_path / "a"), str(tmp_path / "b")], cursors, clock=SystemClock()).scan(hear)
    assert heard == []


async def test_a_json_line_is_complete_at_once(desk: Desk) -> None:
    desk.write("app.log", '{"level": "error", "event": "Task killed!"}')
    first = await desk.once()
    assert (desk.ear.texts, first.unsettled) == (['{"level": "error", "event": "Task killed!"}'], False)
    desk.write("app.log", "2026-11-21 ERROR this may go on")
    assert (await desk.once()).unsettled


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
