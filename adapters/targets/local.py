"""This machine's own folders: removes old logs, and nothing outside the folders it was given."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shlex
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.targets.parameters import wrong
from engine.errors import Misconfigured, NotFound, Refused, Unreachable
from engine.model import Action, ActionSpec, Evidence, Judgement, Outcome, Parameter, Result, Risk, Verdict
from engine.ports import Target

HOUR, DAY = 3_600, 86_400


class Cleanup(BaseModel):
    """Parameters of ``cleanup_logs``; ``days_old`` counts as find's ``-mtime +N`` does: N full days and one more.

    By the last full hour: in a busy folder a log grows old each minute, and no approval would hold for as long.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    log_path: Annotated[str, Field(min_length=1, max_length=4096, pattern=r"^/[^\x00-\x1f]*$")]
    days_old: Annotated[int, Field(ge=0, le=36_500)] = 7

    def before(self, now: float) -> float:
        """What was last written by then is old, in Unix seconds."""
        return now - now % HOUR - (self.days_old + 1) * DAY

    def __str__(self) -> str:
        return f"find {shlex.quote(self.log_path)} -name '*.log' -type f -mtime +{self.days_old} -delete"


def _cleanup(parameters: Mapping[str, str]) -> Cleanup:
    """Raises Refused."""
    try:
        return Cleanup.model_validate({name: value for name, value in parameters.items() if value})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise Refused(f"cleanup_logs cannot use {name[:80]}: {first['msg']}.") from None


def _request(parameters: Mapping[str, str]) -> str:
    try:
        return str(_cleanup(parameters))
    except Refused as error:
        return f"No request can be made of this: {error}"


CATALOGUE: Mapping[str, ActionSpec] = {
    "cleanup_logs": ActionSpec(
        name="cleanup_logs",
        parameters=(
            Parameter("log_path", "Log folder"),
            Parameter("days_old", "Older than (days)", kind="integer", required=False, default="7"),
        ),
        risk=Risk.MEDIUM,
        effect="Removes the *.log files below {log_path} that are older than {days_old} days",
        undo="None: what is removed cannot be brought back",
        request=_request,
        verify_within=timedelta(minutes=1),
        wrong=wrong(Cleanup),
        object=("log_path",),
        timeout=timedelta(minutes=5),
        repeat="What is gone is gone: a second run removes what has grown old since.",
    )
}


@dataclass(frozen=True, slots=True)
class Old:
    """An old log. ``folder`` is relative to the folder that is cleaned."""

    folder: str
    name: str
    inode: int
    size: int
    changed_ns: int


class Local(Target):
    """Without ``roots`` nothing can be done; with them nothing outside of them."""

    name = "local"
    dry_run = False

    def __init__(self, roots: Sequence[Path], now: Callable[[], float] = time.time) -> None:
        self._roots = tuple(_root(root) for root in roots)
        self._now = now

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return CATALOGUE

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        """At ``log_path``, or else ``path``, for logs older than ``days_old``, or else seven, days."""
        path = identifiers.get("log_path") or identifiers.get("path") or ""
        try:
            wanted = _cleanup({"log_path": path, "days_old": identifiers.get("days_old", "")})
            return await asyncio.to_thread(self._look, wanted)
        except Refused as error:
            return Evidence(self.name, f"Not looked at: {error}")
        except NotFound as error:
            return Evidence(self.name, str(error), {"exists": "no"})
        except OSError as error:
            raise Unreachable(f"{path[:200]} cannot be read: {error.strerror}.") from error

    async def act(self, action: Action) -> Outcome:
        if action.name not in CATALOGUE:
            return Outcome(Result.FAILED, f"local has no action {action.name[:80]!r}. Nothing was removed.")
        try:
            return await asyncio.to_thread(self._act, _cleanup(action.parameters), action.seen)
        except (Refused, NotFound) as error:
            return Outcome(Result.FAILED, f"{error} Nothing was removed.")
        except OSError as error:  # _remove has dealt with its own, so this one came before it
            return Outcome(Result.FAILED, f"The folder cannot be read: {error.strerror}. Nothing was removed.")

    async def verify(self, action: Action) -> Verdict:
        """WORKED if no old log is left but such as have grown old since; UNKNOWN if nothing shows that it was begun."""
        evidence = await self.look(action.parameters)
        if evidence.healthy or _grown_old_since(evidence.state, action.seen):
            return Verdict(Judgement.WORKED, evidence.summary)
        if "digest" not in evidence.state or evidence.state == action.seen:
            return Verdict(Judgement.UNKNOWN, f"Nothing shows that any was removed. {evidence.summary}")
        return Verdict(Judgement.FAILED, f"Some are still there. {evidence.summary}")

    def _look(self, wanted: Cleanup) -> Evidence:
        with self._opened(wanted) as folder:
            old = _old(folder, wanted.before(self._now()))
            disk = os.fstatvfs(folder)
        size = sum(one.size for one in old)
        free = f"{disk.f_bavail / disk.f_blocks:.0%} of the disk is free" if disk.f_blocks else "the disk has no size"
        logs = f"{_count(old)} older than {wanted.days_old} days below {wanted.log_path}"
        return Evidence(self.name, f"{logs}, {size:,} bytes; {free}.", _state(old), healthy=not old)

    def _act(self, wanted: Cleanup, seen: Mapping[str, str]) -> Outcome:
        with self._opened(wanted) as folder:
            old = _old(folder, wanted.before(self._now()))
            if not old:
                return Outcome(Result.NOTHING_DONE, f"No log below {wanted.log_path} is that old.")
            if _state(old) != seen:
                return Outcome(Result.CHANGED, f"Now it is {_count(old)}, not the ones you saw. Nothing was removed.")
            removed = [one for one in old if _remove(folder, one)]
        size = sum(one.size for one in removed)
        left = f" {_count(old)} were to go; the others changed or could not be removed." if removed != old else ""
        result = Result.DONE if removed else Result.FAILED
        return Outcome(result, f"Removed {_count(removed)}, {size:,} bytes.{left}")

    @contextmanager
    def _opened(self, wanted: Cleanup) -> Iterator[int]:
        """The folder, opened from its root downward; a link put there meanwhile ends it. Raises Refused, NotFound."""
        root, path = self._inside(wanted.log_path)
        at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            folder = _descend(at, path.relative_to(root))
        finally:
            os.close(at)
        try:
            yield folder
        finally:
            os.close(folder)

    def _inside(self, log_path: str) -> tuple[Path, Path]:
        """The root that holds the path, and the path without links. Raises Refused, NotFound."""
        if not self._roots:
            raise Refused("No folder has been given to this agent to clean.")
        try:
            path = Path(log_path).resolve(strict=True)
        except (OSError, RuntimeError):  # a loop of links is a RuntimeError
            raise NotFound(f"There is no folder {log_path[:200]}.") from None
        for root in self._roots:
            if path.is_relative_to(root) and path.is_dir():
                return root, path
        raise Refused(f"{log_path[:200]} is not a folder below those given to this agent to clean.")


def _root(root: Path) -> Path:
    resolved = root.resolve()
    if not root.is_absolute() or resolved == Path(resolved.anchor):
        raise Misconfigured(f"{root} cannot be cleaned: give the full path of a folder of logs, such as /var/log/app.")
    return resolved


def _old(folder: int, before: float) -> list[Old]:
    """The regular ``*.log`` files last written before that time (Unix seconds), in order, links not followed."""
    found = []
    for path, _, names, at in os.fwalk(".", dir_fd=folder, follow_symlinks=False, onerror=_raise):
        for name in names:
            if not name.endswith(".log"):
                continue
            with suppress(FileNotFoundError):
                status = os.stat(name, dir_fd=at, follow_symlinks=False)
                if stat.S_ISREG(status.st_mode) and status.st_mtime <= before:
                    found.append(Old(path, name, status.st_ino, status.st_size, status.st_mtime_ns))
    return sorted(found, key=lambda one: (one.folder, one.name))


def _raise(error: OSError) -> None:
    """A folder that cannot be read must not pass for an empty one; one that has just gone may."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _remove(folder: int, one: Old) -> bool:
    """Only if it is still the very file that was seen, reached without following a link."""
    at = -1
    try:
        at = _descend(folder, Path(one.folder))
        status = os.stat(one.name, dir_fd=at, follow_symlinks=False)
        if (status.st_ino, status.st_size, status.st_mtime_ns) != (one.inode, one.size, one.changed_ns):
            return False
        os.unlink(one.name, dir_fd=at)
    except OSError:
        return False
    finally:
        if at >= 0:
            os.close(at)
    return True


def _descend(folder: int, path: Path) -> int:
    """Open a folder below another, part by part, following no link. Raises OSError."""
    at = os.dup(folder)
    for part in path.parts:
        try:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
        finally:
            os.close(at)
        at = below
    return at


def _state(old: Sequence[Old]) -> Mapping[str, str]:
    """An approval is for exactly these files, as they were."""
    listed = "\n".join(f"{one.folder}\0{one.name}\0{one.size}\0{one.changed_ns}" for one in old)
    digest = hashlib.sha256(listed.encode(errors="surrogateescape")).hexdigest()[:16]
    times = [one.changed_ns for one in old] or [0]
    span = {"oldest_ns": str(min(times)), "newest_ns": str(max(times))}
    return {"old_files": str(len(old)), "old_bytes": str(sum(one.size for one in old)), **span, "digest": digest}


def _grown_old_since(now: Mapping[str, str], seen: Mapping[str, str]) -> bool:
    """Whether all that is old now was not yet when the approved ones were seen."""
    return "newest_ns" in seen and int(now.get("oldest_ns", "0")) > int(seen["newest_ns"])


def _count(old: Sequence[Old]) -> str:
    return f"{len(old)} {'log' if len(old) == 1 else 'logs'}"
