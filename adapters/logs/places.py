"""Which files are meant by the paths in the settings, and which other files are rotated forms of one."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.logs.reading import COMPRESSED, why_unread


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it stood at one moment. Two that are equal have the same content."""

    path: str
    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @property
    def identity(self) -> tuple[int, int]:
        return self.device, self.inode


def seen(path: str, status: os.stat_result) -> Seen:
    return Seen(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


_LOG_NAME = re.compile(r"\.log(?:\.|$)|\.(?:txt|json|jsonl)$")


def is_log_name(name: str) -> bool:
    """Whether a file in a folder is taken for a log that is being written."""
    return bool(_LOG_NAME.search(name)) and not name.endswith(COMPRESSED)


class Look:
    """One look at all paths: the files by their path, each once however many names it has, and what is wrong."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.files: dict[str, Seen] = {}
        self.troubles: dict[str, str] = {}
        self.absent: set[str] = set()
        self._met: set[tuple[int, int]] = set()
        for path in paths:
            self._given(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow links, and the name is the key

    def _given(self, path: str) -> None:
        if glob.has_magic(path) and not os.path.lexists(path):
            for found in sorted(glob.iglob(path, recursive=True)):  # noqa: PTH207 - a Path cannot hold an absolute pattern
                self._matched(found)
            return
        try:
            status = Path(path).stat()
        except OSError as error:
            self.troubles[path] = why_unread(path, error)
            if isinstance(error, FileNotFoundError):
                self.absent.add(path)
            return
        if not stat.S_ISDIR(status.st_mode):
            self._file(path, status)
        elif is_log_name(path):
            self.troubles[path] = why_unread(path, IsADirectoryError())
        else:
            self._folder(path)

    def _matched(self, path: str) -> None:
        try:
            status = Path(path).stat()
        except OSError:
            return  # it went between the listing and now, or is a link to nothing
        if not stat.S_ISDIR(status.st_mode) and not path.endswith(COMPRESSED):
            self._file(path, status)

    def _folder(self, path: str) -> None:
        try:
            with os.scandir(path) as listing:
                inside = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self.troubles[path] = why_unread(path, error)
            return
        for entry in inside:
            if entry.is_dir(follow_symlinks=False):
                self._folder(entry.path)
            elif is_log_name(entry.name):
                self._matched(entry.path)

    def _file(self, path: str, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            self.troubles[path] = f"{path} is a pipe or a device, not a file."
        elif (identity := (status.st_dev, status.st_ino)) not in self._met:
            self._met.add(identity)
            self.files[path] = seen(path, status)


def siblings(path: str) -> Iterator[Seen]:
    """The other files in the same folder, and in the folder that a link leads to."""
    for folder in {str(Path(path).parent), str(Path(path).resolve().parent)}:
        try:
            with os.scandir(folder) as listing:
                inside = [entry for entry in listing if entry.path != path and entry.is_file(follow_symlinks=False)]
        except OSError:
            continue
        for entry in inside:
            try:
                yield seen(entry.path, entry.stat(follow_symlinks=False))
            except OSError:
                continue


_ENDING = re.compile(r"(?:\.(?:log|txt|json|jsonl))?$")


def rotation(path: str, of: str) -> str | None:
    """What a rotated file's name has beside the log's: ``1`` of app.log.1.gz or app.1.log; None if it is none."""
    name, base = path.rpartition("/")[2], of.rpartition("/")[2]
    if not name.startswith(base[:1]):
        return None
    name = name.removesuffix(".gz").removesuffix(".zst")
    stem = _ENDING.sub("", base)
    if name.startswith(base):
        mark = name[len(base) :]
    elif name.startswith(stem) and name.endswith(base[len(stem) :]):
        mark = name[len(stem) : len(name) - len(base) + len(stem)]
    else:
        return None
    is_mark = mark[:1] in {".", "-", "_"} and (mark[1:2].isdigit() or mark[1:] in {"old", "bak"})
    return mark[1:] if is_mark else None


_MARK = re.compile(r"[.\-_](?:\d[\w.\-:]{0,40}?|old|bak)(?=(?:\.log|\.txt|\.json|\.jsonl)?$)")


def origin(path: str) -> str:
    """The name that a rotated file had before; the same name if it does not look rotated."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + _MARK.sub("", name, count=1)


def newer(mark: str, than: str) -> bool:
    """Whether one rotated file came after another, by their names: a low number is young, and so is a late date."""
    one, other = (re.sub(r"\D", "", text) for text in (mark, than))
    if not one or not other or (len(one) > 4) != (len(other) > 4):
        return False
    return int(one) < int(other) if len(one) <= 4 else one > other
