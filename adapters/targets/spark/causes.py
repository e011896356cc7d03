"""What is behind a submission that failed, as the id of that failure: by what its master lists and its driver logs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from adapters.targets.spark.found import Found, Job
from adapters.targets.spark.shown import Driver, Master

OF_ITSELF = frozenset({"FAILED", "ERROR"})
"""Driver states that no person has brought about."""

MEMORY, DRIVER_MEMORY, LOST = "spark/out-of-memory", "spark/driver-out-of-memory", "spark/executor-lost"

# 52 is Spark's own for an executor whose heap is full, 137 that of one killed by the system, for memory as a rule.
# https://github.com/apache/spark/blob/master/core/src/main/scala/org/apache/spark/util/SparkExitCode.scala
_FULL = re.compile(r"\bcode (?:52|137)\b")

_LOST = re.compile(r"\bLost executor (\d{1,9}) on (\S{1,250}?): ([^\n\"]{1,160})")

_DRIVER_FULL = re.compile(
    r"Exception in thread \"[^\"\n]{1,80}\" java\.lang\.OutOfMemoryError"
    r"|An error occurred while calling [^\n]{1,160}\n: java\.lang\.OutOfMemoryError"
    r"|is bigger than spark\.driver\.maxResultSize"
    r"|Not enough memory to build and broadcast"
)


@dataclass(frozen=True, slots=True)
class Cause:
    """``shows`` goes on from "Spark says that"; ``names`` are those of the executor or the host to blame."""

    pattern: str
    shows: str
    names: Mapping[str, str] = field(default_factory=dict)


def told_by_log(found: Found) -> Driver | None:
    """The submission whose log says why it ended, if it failed by itself and nobody has run it again since."""
    again = isinstance(found, Job) and found.newest is not None
    return found.driver if isinstance(found, Job) and not again and found.driver.state in OF_ITSELF else None


def cause(found: Found, master: Master, log: str) -> Cause | None:
    """``log``: how the log of its driver ends; empty if it cannot be read."""
    driver = told_by_log(found)
    return next(_causes(driver, master, log), None) if driver else None


def _causes(driver: Driver, master: Master, log: str) -> Iterator[Cause]:
    lost = [match.groups() for match in _LOST.finditer(log)]
    for executor, host, why in lost:
        if _FULL.search(why):
            yield _executor(MEMORY, f"{why}, which means memory", executor, host)
    if _DRIVER_FULL.search(log):
        yield Cause(DRIVER_MEMORY, f"the driver of {driver.id} ran out of memory")
    worker = master.worker(driver.worker)
    if driver.state == "ERROR" and worker is not None and worker.state == "DEAD":
        yield Cause(LOST, f"worker {worker.host}, which ran the driver of {driver.id}, was lost", {"host": worker.host})
    for executor, host, why in reversed(lost):
        yield _executor(LOST, why, executor, host)


def _executor(pattern: str, why: str, executor: str, host: str) -> Cause:
    names = {"executor_id": executor, "host": host}
    return Cause(pattern, f"executor {executor} on {host} was lost ({' '.join(why.split())})", names)


def names(found: Found, behind: Cause | None) -> Mapping[str, str]:
    """The application that failed, also where the submission was asked for, and what of it is to blame."""
    if behind is None or not isinstance(found, Job):
        return {}
    return {**({"application_id": found.app.id} if found.app else {}), **behind.names}
