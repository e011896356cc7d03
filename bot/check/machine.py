"""Looks at this machine: the log files, the folder for our data, the room on the disk, the clock."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime
from glob import glob, has_magic
from pathlib import Path

from bot.check.report import Level, Line

TIGHT = 1024**3
"""Bytes free below which we warn: some weeks of incidents and their backups."""

FULL = 100 * 1024**2
"""Bytes free below which the database may stop writing any minute."""

EARLIEST = 2026
"""The year this program was written. An earlier clock is wrong, and with it every token and every time of a log."""


def logs(paths: Sequence[str], *, chosen: bool) -> list[Line]:
    """A line for each path; ``chosen`` ones are missed, of the default ones it is enough if one is there."""
    found = [line for path in paths for line in _log(path, chosen=chosen)]
    there = [line for line in found if line.level is not Level.NOTE]
    if chosen or there:
        return there
    what = f"none of {', '.join(paths)} is there" if paths else "no path is given"
    return [Line(Level.NOTE, "Log files", what, "Set LOG_PATHS to the logs to read.")]


def _log(path: str, *, chosen: bool) -> list[Line]:
    if not has_magic(path):
        found = _size(path, chosen=chosen)
        return [found if isinstance(found, Line) else Line(Level.OK, "Log file", f"{path}, {in_bytes(found)}")]
    sizes = [_size(one, chosen=chosen) for one in sorted(glob(path, recursive=True))]  # noqa: PTH207 - takes a whole path
    good = [size for size in sizes if isinstance(size, int)]
    wrong = [line for line in sizes if isinstance(line, Line)]
    if not sizes:
        return [Line(Level.WARNING, "Log files", f"{path} matches nothing yet", "Correct LOG_PATHS, if it should.")]
    return [*wrong, *([Line(Level.OK, "Log files", f"{path}: {len(good)}, {in_bytes(sum(good))}")] if good else [])]


def _size(path: str, *, chosen: bool) -> int | Line:
    """Bytes of a file that can be read, else what is wrong with it."""
    try:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            return sum(1 for _ in Path(path).iterdir())
        if not stat.S_ISREG(status.st_mode):  # to open a pipe would wait for its writer
            return Line(Level.WARNING, "Log file", f"{path} is no plain file", "Name a file or a folder.")
        with Path(path).open("rb") as log:
            log.read(1)
            return status.st_size
    except FileNotFoundError:
        level = Level.WARNING if chosen else Level.NOTE
        return Line(level, "Log file", f"{path} is not there (yet)", "Correct LOG_PATHS, if it should be.")
    except OSError as error:
        level = Level.ERROR if chosen else Level.WARNING
        return Line(level, "Log file", f"{path} cannot be read: {error.strerror}", "Let the agent's user read it.")


def in_bytes(size: float) -> str:
    """For people: ``3.4 MB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def folder(path: Path) -> Line:
    """Whether our data can be written; a folder that is not there yet can be made in the nearest one that is."""
    nearest = next((one for one in (path, *path.absolute().parents) if one.exists()), path)
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        advice = "Let the agent's user write there, or set DATABASE_URL to another place."
        return Line(Level.ERROR, "Data folder", f"{path} cannot be written: {error.strerror}", advice)
    return Line(Level.OK, "Data folder", f"{path} is writable" if nearest == path else f"{path} will be made")


def disk(path: Path) -> Line:
    nearest = next(one for one in (path, *path.absolute().parents) if one.exists())
    free = shutil.disk_usage(nearest).free
    level = Level.ERROR if free < FULL else Level.WARNING if free < TIGHT else Level.OK
    return Line(
        level, "Disk", f"{in_bytes(free)} free", "" if level is Level.OK else "Make room before the database needs it."
    )


def clock(now: datetime) -> Line:
    told = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now.year < EARLIEST:
        return Line(Level.ERROR, "Clock", f"it says {told}, which cannot be", "Set this machine's clock.")
    return Line(Level.OK, "Clock", told)


def cleanup(roots: Sequence[Path]) -> list[Line]:
    missing = [root for root in roots if not root.is_dir()]
    return [Line(Level.WARNING, "CLEANUP_ROOTS", f"{root} is no folder", "Correct or remove it.") for root in missing]
