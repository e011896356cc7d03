"""Looks at this machine: the log files, the folder for our data, the room on the disk, the clock."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime
from glob import has_magic
from pathlib import Path

from adapters.logs.places import Look
from adapters.logs.reading import open_regular, why_unread
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
    """What the reader of log files would find there."""
    if not has_magic(path) and not Path(path).exists():
        level = Level.WARNING if chosen else Level.NOTE
        return [Line(level, "Log file", f"{path} is not there (yet)", "Correct LOG_PATHS, if it should be.")]
    look = Look([path])
    closed = {file: trouble for file in look.files if (trouble := _closed(file))}
    sizes = [seen.size for file, seen in look.files.items() if file not in closed]
    level = Level.ERROR if chosen else Level.WARNING
    advice = "Let the agent's user read it, or correct LOG_PATHS."
    lines = [Line(level, "Log file", trouble, advice) for trouble in (*look.troubles.values(), *closed.values())]
    if sizes:
        plural = (
            f"{len(sizes)} file{'' if len(sizes) == 1 else 's'}, "
            if list(look.files) != [str(Path(path).absolute())]
            else ""
        )
        lines.append(Line(Level.OK, "Log file", f"{path}: {plural}{in_bytes(sum(sizes))}"))
    return lines or [Line(Level.WARNING, "Log file", f"{path}: no log yet", "Correct LOG_PATHS, if there should be.")]


def _closed(file: str) -> str:
    """Why a file cannot be opened; empty if it can."""
    try:
        with open_regular(file):
            return ""
    except OSError as error:
        return why_unread(file, error)


def in_bytes(size: float) -> str:
    """For people: ``3.4 MB``."""
    if size < 1000:
        return f"{size:.0f} byte{'' if size == 1 else 's'}"
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}" if size < 100 else f"{size:.0f} {unit}"
    return f"{size / 1000:.1f} TB"


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
    return room(shutil.disk_usage(nearest).free)


def room(free: int) -> Line:
    """``free`` in bytes."""
    level = Level.ERROR if free < FULL else Level.WARNING if free < TIGHT else Level.OK
    advice = "" if level is Level.OK else "Make room before the database needs it."
    return Line(level, "Disk", f"{in_bytes(free)} free", advice)


def clock(now: datetime) -> Line:
    told = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now.year < EARLIEST:
        return Line(Level.ERROR, "Clock", f"it says {told}, which cannot be", "Set this machine's clock.")
    return Line(Level.OK, "Clock", told)


def cleanup(roots: Sequence[Path]) -> list[Line]:
    missing = [root for root in roots if not root.is_dir()]
    return [Line(Level.WARNING, "CLEANUP_ROOTS", f"{root} is no folder", "Correct or remove it.") for root in missing]
