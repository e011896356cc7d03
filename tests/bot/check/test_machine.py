"""What the check finds on the machine: addresses, logs, folders, the disk, the clock."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.check.machine import disk, room
from bot.check.report import Level, Line
from tests.bot.check.looking import Environ, look, of, only
from tests.nobody import nobody


async def test_an_address_that_is_not_ours_cannot_be_listened_on(environ: Environ) -> None:
    line = only(
        await look({**environ, "HOST": "192.0.2.1", "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz"}), "Port"
    )
    assert (line.level, line.advice) == (Level.ERROR, "Set HOST to an address of this machine.")


async def test_logs_that_are_there_and_logs_that_are_not(environ: Environ, tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text("x" * 1700)
    os.mkfifo(tmp_path / "pipe")
    paths = [f"{tmp_path}/{name}" for name in ("a.log", "*.log", "none.log", "*.none", "pipe")]
    report = await look({**environ, "LOG_PATHS": ",".join(paths)})
    one, many, none, nothing, pipe = of(report, "Log file")
    assert one == Line(Level.OK, "Log file", f"{paths[0]}: 1.7 kB")
    assert many == Line(Level.OK, "Log file", f"{paths[1]}: 2 files, 3.4 kB")
    assert (none.level, none.text) == (Level.WARNING, f"{paths[2]} is not there (yet)")
    assert (nothing.level, nothing.text) == (Level.WARNING, f"{paths[3]}: no log yet")
    assert pipe.level is Level.ERROR
    assert of(report, "Logs") == []


async def test_a_folder_of_logs(environ: Environ, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text("x")
    line = only(await look({**environ, "LOG_PATHS": f"{tmp_path}/logs"}), "Log file")
    assert line.text == f"{tmp_path}/logs: 1 file, 1 byte"


async def test_a_log_that_cannot_be_read(environ: Environ) -> None:
    with TemporaryDirectory(dir="/tmp") as folder:  # pytest's own is closed to others
        Path(folder).chmod(0o755)
        (Path(folder) / "a.log").touch(0)
        with nobody():
            line = only(await look({**environ, "LOG_PATHS": f"{folder}/a.log"}), "Log file")
    assert line.level is Level.ERROR


async def test_default_logs_need_not_be_there_but_one_source_must(environ: Environ, tmp_path: Path) -> None:
    (tmp_path / "a.log").touch()
    paths = (f"{tmp_path}/a.log", f"{tmp_path}/b.log")
    seeing = await look(environ, log_paths=paths)
    assert [line.level for line in of(seeing, "Log file")] == [Level.OK]
    blind = await look(environ, log_paths=paths[1:])
    assert only(blind, "Log files").text == f"none of {tmp_path}/b.log is there"
    assert only(blind, "Logs").level is Level.WARNING


async def test_a_data_folder_that_cannot_be_written_is_an_error(environ: Environ, tmp_path: Path) -> None:
    assert only(await look(environ), "Data folder").text == f"{tmp_path}/data will be made"
    (tmp_path / "file").touch()
    line = only(await look({**environ, "DATABASE_URL": f"sqlite:///{tmp_path}/file/x.db"}), "Data folder")
    assert line.level is Level.ERROR


def test_room_on_the_disk(tmp_path: Path) -> None:
    assert disk(tmp_path / "not" / "there").text.endswith(" free")
    assert [room(free).level for free in (50_000_000, 500_000_000, 5_000_000_000)] == [
        Level.ERROR,
        Level.WARNING,
        Level.OK,
    ]
    assert room(50_000_000).text == "50.0 MB free"


async def test_a_clock_before_this_program_was_written_is_wrong(environ: Environ) -> None:
    good = await look(environ, now=lambda: datetime(2026, 11, 21, 9, 30, tzinfo=UTC))
    assert only(good, "Clock") == Line(Level.OK, "Clock", "2026-11-21 09:30:00 UTC")
    assert only(await look(environ, now=lambda: datetime(1970, 1, 1, tzinfo=UTC)), "Clock").level is Level.ERROR


async def test_folders_to_clean_must_be_there(environ: Environ, tmp_path: Path) -> None:
    report = await look({**environ, "CLEANUP_ROOTS": f"{tmp_path},{tmp_path}/none"})
    assert [line.text for line in of(report, "CLEANUP_ROOTS") if line.level is Level.WARNING] == [
        f"{tmp_path}/none is no folder"
    ]
