"""Old logs are removed, and only those: not another file, not through a link, not one that has changed."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.targets.local import CATALOGUE, DAY, HOUR, Local, Old, _old, _remove
from engine.errors import Misconfigured
from engine.model import Action, Judgement, Result, Risk


def write(path: Path, days: float, text: str = "x" * 100) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    then = time.time() - days * DAY
    os.utime(path, (then, then))
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two old logs among things that must stay."""
    root = tmp_path / "logs"
    write(root / "app" / "old.log", 9.1)
    write(root / "app" / "deep" / "older.log", 30.1)
    write(root / "app" / "new.log", 1.1)
    write(root / "app" / "just-not.log", 7.9)
    write(root / "app" / "old.txt", 30)
    write(root / "app" / "folder.log" / "keep.txt", 30)
    write(root / "other" / "old.log", 30.1)
    write(tmp_path / "outside" / "old.log", 30)
    return root


def cleanup(path: Path | str, seen: Mapping[str, str], days: str = "7") -> Action:
    parameters = {"log_path": str(path), "days_old": days}
    return Action("a1", "local", "cleanup_logs", parameters, Risk.MEDIUM, "", "", "", seen)


async def approved(local: Local, path: Path | str, days: str = "7") -> Action:
    """As the engine does: look with the parameters, then bind the action to what was seen."""
    evidence = await local.look({"log_path": str(path), "days_old": days})
    return cleanup(path, evidence.state, days)


def files(below: Path) -> set[str]:
    return {str(path.relative_to(below)) for path in below.rglob("*") if not path.is_dir()}


async def test_old_logs_go_and_all_else_stays(root: Path) -> None:
    local = Local([root])
    before = files(root.parent)
    evidence = await local.look({"path": str(root / "app")})
    assert evidence.healthy is False
    assert (evidence.state["old_files"], evidence.state["old_bytes"]) == ("2", "200")
    assert "2 logs older than 7 days" in evidence.summary
    assert "of the disk is free" in evidence.summary
    action = cleanup(root / "app", evidence.state)
    assert (await local.verify(action)).judgement is Judgement.UNKNOWN
    outcome = await local.act(action)
    assert outcome.result is Result.DONE
    assert outcome.detail == "Removed 2 logs, 200 bytes."
    assert before - files(root.parent) == {"logs/app/old.log", "logs/app/deep/older.log"}
    assert (await local.verify(action)).judgement is Judgement.WORKED
    assert (await local.look({"path": str(root / "app")})).healthy is True
    assert (await local.act(action)).result is Result.NOTHING_DONE


@pytest.mark.parametrize("days", [0, 1, 7, 8, 29, 30])
async def test_it_chooses_what_find_chooses(root: Path, days: int) -> None:
    """The request on the card is a find command; both must mean the same files, but for those of the last hour."""
    command = ["find", str(root), "-name", "*.log", "-type", "f", "-mtime", f"+{days}"]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    before = files(root)
    await Local([root]).act(await approved(Local([root]), root, str(days)))
    assert before - files(root) == {str(Path(path).relative_to(root)) for path in found}


async def test_without_folders_nothing_can_be_done(root: Path) -> None:
    local, before = Local([]), files(root)
    outcome = await local.act(await approved(Local([root]), root / "app"))
    assert (outcome.result, files(root)) == (Result.FAILED, before)
    assert "No folder has been given" in outcome.detail
    assert (await local.look({"path": str(root)})).state == {}


@pytest.mark.parametrize("path", ["/", "relative", "", "."])
def test_a_root_that_is_no_folder_of_logs_is_refused(path: str) -> None:
    with pytest.raises(Misconfigured):
        Local([Path(path)])


@pytest.mark.parametrize(
    "path", ["{}/../outside", "{}/app/../../outside", "/", "relative", "{}/app/old.log", "{}\n", ""]
)
async def test_a_path_outside_is_refused(root: Path, path: str) -> None:
    local, before = Local([root]), files(root.parent)
    hostile = path.format(root)
    assert "digest" not in (await local.look({"path": hostile})).state
    outcome = await local.act(cleanup(hostile, {"digest": "x"}))
    assert (outcome.result, files(root.parent)) == (Result.FAILED, before)
    assert (await local.verify(cleanup(hostile, {"digest": "x"}))).judgement is Judgement.UNKNOWN


async def test_a_folder_whose_name_only_begins_like_the_root_is_outside(root: Path) -> None:
    twin = write(root.parent / "logs-of-others" / "old.log", 30)
    assert (await Local([root]).act(cleanup(twin.parent, {"digest": "x"}))).result is Result.FAILED
    assert twin.exists()


async def test_a_folder_that_is_not_there_is_evidence(root: Path) -> None:
    assert (await Local([root]).look({"path": str(root / "gone")})).state == {"exists": "no"}


async def test_links_out_of_the_root_are_not_followed(root: Path) -> None:
    outside = root.parent / "outside"
    (root / "app" / "link").symlink_to(outside)
    (root / "app" / "link.log").symlink_to(outside / "old.log")
    os.utime(root / "app" / "link.log", (0, 0), follow_symlinks=False)
    local = Local([root])
    assert (await local.act(await approved(local, root / "app"))).detail == "Removed 2 logs, 200 bytes."
    assert (outside / "old.log").exists()
    assert (root / "app" / "link.log").is_symlink()
    assert (await local.act(cleanup(root / "app" / "link", {"digest": "x"}))).result is Result.FAILED


async def test_a_link_that_stays_inside_may_be_named(root: Path) -> None:
    (root / "current").symlink_to(root / "app")
    local = Local([root])
    assert (await local.act(await approved(local, root / "current"))).result is Result.DONE


def test_a_folder_exchanged_for_a_link_while_we_remove(root: Path) -> None:
    """Between the listing and the removal somebody puts a link to another place where the folder was."""
    inside, outside = root / "app" / "deep", root.parent / "outside"
    inside.joinpath("older.log").rename(inside / "old.log")
    folder = os.open(root / "app", os.O_RDONLY)
    try:
        deep = next(one for one in _old(folder, time.time() - 8 * DAY) if one.folder == "./deep")
        there = outside.joinpath("old.log").stat()
        inside.rename(root / "app" / "away")
        inside.symlink_to(outside)
        same = replace(deep, inode=there.st_ino, size=there.st_size, changed_ns=there.st_mtime_ns)
        assert not _remove(folder, same)
    finally:
        os.close(folder)
    assert (outside / "old.log").exists()


@pytest.mark.parametrize("field", ["inode", "size", "changed_ns"])
def test_a_file_that_has_changed_since_it_was_listed_stays(root: Path, field: str) -> None:
    folder = os.open(root / "app", os.O_RDONLY)
    try:
        for one in _old(folder, time.time() - 8 * DAY):
            assert not _remove(folder, Old(**{**_fields(one), field: 1}))
    finally:
        os.close(folder)
    assert {"app/old.log", "app/deep/older.log"} <= files(root)


def _fields(one: Old) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Old.__slots__}


@pytest.mark.parametrize("what", ["written", "another", "gone", "other days"])
async def test_approved_is_exactly_what_was_seen(root: Path, what: str) -> None:
    local = Local([root])
    action = await approved(local, root / "app")
    match what:
        case "written":
            write(root / "app" / "old.log", 9, "y" * 101)
        case "another":
            write(root / "app" / "another.log", 9)
        case "gone":
            (root / "app" / "old.log").unlink()
        case _:
            action = cleanup(root / "app", action.seen, "10")
    before = files(root)
    outcome = await local.act(action)
    assert (outcome.result, files(root)) == (Result.CHANGED, before)


async def test_what_grows_old_meanwhile_waits_for_the_next_hour_and_the_next_approval(root: Path) -> None:
    """In a busy folder a log grows old each minute: that neither ends an approval nor spoils what it came to."""
    hour = time.time() // HOUR * HOUR
    clock = [hour + 60.0]
    local = Local([root], lambda: clock[0])
    write(root / "app" / "soon.log", 0)
    os.utime(root / "app" / "soon.log", (hour + 120 - 8 * DAY,) * 2)
    action = await approved(local, root / "app")
    clock[0] = hour + 180.0
    assert (await local.act(action)).detail == "Removed 2 logs, 200 bytes."
    clock[0] = hour + HOUR
    assert (await local.look({"log_path": str(root / "app")})).state["old_files"] == "1"
    assert (await local.verify(action)).judgement is Judgement.WORKED
    assert (root / "app" / "soon.log").exists()


async def test_what_was_never_seen_is_not_removed(root: Path) -> None:
    before = files(root)
    assert (await Local([root]).act(cleanup(root / "app", {}))).result is Result.CHANGED
    assert files(root) == before


@pytest.mark.parametrize("days", ["-1", "seven", "7; rm -rf /", "1e9", "99999999"])
async def test_days_that_are_no_number_of_days(root: Path, days: str) -> None:
    before = files(root)
    assert (await Local([root]).act(cleanup(root, {"digest": "x"}, days))).result is Result.FAILED
    assert files(root) == before


async def test_many_clean_at_once_and_each_file_goes_once(root: Path) -> None:
    local = Local([root])
    action = await approved(local, root / "app")
    outcomes = await asyncio.gather(*(local.act(action) for _ in range(5)))
    assert {one.result for one in outcomes} <= {Result.DONE, Result.NOTHING_DONE, Result.FAILED, Result.CHANGED}
    assert not (root / "app" / "old.log").exists()


def test_the_request_quotes_a_hostile_path() -> None:
    request = CATALOGUE["cleanup_logs"].request({"log_path": "/x'; rm -rf /; '", "days_old": "7"})
    assert "rm -rf" in request
    assert shlex.split(request)[1] == "/x'; rm -rf /; '"


@pytest.mark.parametrize(
    "path",
    [
        "{}/$(touch {}/pwned)",
        "{}/`touch {}/pwned`",
        "{}; touch {}/pwned",
        "{}' || touch '{}/pwned",
        '{}" -o -name "*',
        "{}\n{}/../outside",
        "{}\x00/../outside",
        "{}/\x1b[2J",
        "{}/*",
        "-delete",
        "~",
        "{}/app/../../../../../../../../etc",
        "/proc/self/root{}/../outside",
        "//{}/../outside",
    ],
)
async def test_a_hostile_path_is_a_name_like_any_other_and_does_nothing(root: Path, path: str) -> None:
    local, before = Local([root]), files(root.parent)
    hostile = path.replace("{}", str(root))
    assert "digest" not in (await local.look({"log_path": hostile})).state
    outcome = await local.act(cleanup(hostile, {"digest": "x"}))
    assert (outcome.result, files(root.parent)) == (Result.FAILED, before)


@pytest.mark.parametrize("name", ["a\nb.log", "$(reboot).log", "-rf.log", "'; x.log", "\x1b[2J.log", "x\u202e.log"])
async def test_a_hostile_file_name_is_removed_like_any_other_and_no_more(root: Path, name: str) -> None:
    write(root / "hostile" / name, 9)
    before = files(root.parent)
    local = Local([root])
    outcome = await local.act(await approved(local, root / "hostile"))
    assert outcome.detail == "Removed 1 log, 100 bytes."
    assert before - files(root.parent) == {f"logs/hostile/{name}"}


async def test_a_pipe_or_a_socket_is_no_log(root: Path) -> None:
    os.mkfifo(root / "app" / "pipe.log")
    os.utime(root / "app" / "pipe.log", (0, 0))
    local = Local([root])
    assert (await local.act(await approved(local, root / "app"))).detail == "Removed 2 logs, 200 bytes."
    assert (root / "app" / "pipe.log").is_fifo()
