"""What is blamed for a submission that failed, by its master's list and the end of its driver's log."""

from __future__ import annotations

import pytest

from adapters.targets.spark.causes import DRIVER_MEMORY, LOST, MEMORY, cause, names
from adapters.targets.spark.found import Gone, Job, Loose
from adapters.targets.spark.kept import NotKept
from adapters.targets.spark.shown import App, Driver, Master, Worker
from engine import knowledge

APP = App(id="app-1", name="nightly", starttime=2_000, state="FINISHED", memoryperexecutor=1024)
LATER = App(id="app-2", name="nightly", starttime=9_000, state="RUNNING", memoryperexecutor=1024)

FULL = "26/11/21 20:59:43 ERROR TaskSchedulerImpl: Lost executor 3 on 10.0.0.7: Command exited with code 52\n"
AWAY = "26/11/21 20:59:50 ERROR TaskSchedulerImpl: Lost executor 4 on 10.0.0.8: worker lost: Not receiving heartbeat\n"


def master(worker: str = "ALIVE") -> Master:
    one = Worker(id="w-1", state=worker, webuiaddress="", memory=1, host="10.0.0.7")
    nothing = {"activeapps": (), "completedapps": (), "activedrivers": (), "completeddrivers": ()}
    return Master.model_validate({"status": "ALIVE", "workers": (one,), **nothing})


def job(state: str = "FAILED", newest: App | None = None, app: App | None = APP) -> Job:
    return Job(Driver(id="driver-1", starttime=1, state=state, memory=512, worker="w-1"), app, "x", newest, NotKept(""))


def test_every_cause_is_a_failure_that_is_known() -> None:
    assert {MEMORY, DRIVER_MEMORY, LOST} <= {one.id for one in knowledge.load()}


@pytest.mark.parametrize(
    ("log", "pattern", "named", "shows"),
    [
        (FULL, MEMORY, "3", "executor 3 on 10.0.0.7 was lost (Command exited with code 52, which means memory)"),
        (FULL.replace("52", "137") + AWAY, MEMORY, "3", "code 137"),
        (AWAY, LOST, "4", "executor 4 on 10.0.0.8 was lost (worker lost: Not receiving heartbeat)"),
        (FULL.replace("52", "1") + AWAY, LOST, "4", "10.0.0.8"),
        (FULL.replace("52", "521"), LOST, "3", "code 521"),
        ('Exception in thread "main" java.lang.OutOfMemoryError: Java heap space', DRIVER_MEMORY, "", "driver-1"),
        (
            "An error occurred while calling o45.collect.\n: java.lang.OutOfMemoryError: x",
            DRIVER_MEMORY,
            "",
            "driver-1",
        ),
        (FULL + "(1024.9 MiB) is bigger than spark.driver.maxResultSize (1024.0 MiB)", MEMORY, "3", "executor 3"),
    ],
)
def test_the_log_tells(log: str, pattern: str, named: str, shows: str) -> None:
    why = cause(job(), master(), log)
    assert why is not None
    assert why.pattern == pattern
    assert shows in why.shows
    told = names(job(), why)
    assert (told.get("executor_id", ""), told["application_id"]) == (named, "app-1")
    assert "application_id" not in names(job(app=None), why)


@pytest.mark.parametrize("log", ["", "java.lang.OutOfMemoryError caught and mended", FULL.replace("Lost", "Found")])
def test_what_tells_nothing_is_no_cause(log: str) -> None:
    assert cause(job(), master(), log) is None
    assert names(job(), None) == {}


def test_a_worker_that_is_lost_takes_its_driver_along() -> None:
    why = cause(job("ERROR"), master("DEAD"), "")
    assert why is not None
    assert (why.pattern, names(job("ERROR"), why)) == (LOST, {"application_id": "app-1", "host": "10.0.0.7"})
    assert cause(job("ERROR"), master(), "") is None
    assert cause(job("FAILED"), master("DEAD"), "") is None, "it had failed before"


@pytest.mark.parametrize(
    "found", [job("FINISHED"), job("RUNNING"), job("KILLED"), job(newest=LATER), Loose(APP, None), Gone("app-1")]
)
def test_only_what_failed_by_itself_and_was_left_so_has_one(found: Job | Loose | Gone) -> None:
    assert cause(found, master("DEAD"), FULL) is None
