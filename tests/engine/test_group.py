"""One failure is one incident, also where not every line of it names what broke; two failures stay two."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine import group
from engine.desk import Desk
from engine.entries import split
from engine.model import Entry, Incident
from tests.engine.desks import Machine, desk, entry

LOG = "/var/log/spark/driver.log"

OUT_OF_MEMORY = """\
26/11/21 01:08:00 INFO SparkContext: Submitted application: nightly
26/11/21 01:10:01 ERROR Executor: Exception in task 41.0 in stage 57.0 (TID 604)
java.lang.OutOfMemoryError: Java heap space
	at org.apache.spark.util.collection.ExternalSorter.insertAll(ExternalSorter.scala:192)
26/11/21 01:10:02 ERROR TaskSchedulerImpl: Lost executor 6 on 10.42.3.19: Remote RPC client disassociated.
26/11/21 01:10:02 WARN TaskSetManager: Lost task 41.0 in stage 57.0 (TID 604) (10.42.3.19 executor 6): \
ExecutorLostFailure (executor 6 exited caused by one of the running tasks) Reason: Remote RPC client disassociated.
26/11/21 01:10:09 ERROR StandaloneSchedulerBackend: Executor app-20261121010800-0042/6: Container killed by YARN for \
exceeding memory limits.
26/11/21 01:10:12 ERROR Executor: Exception in task 41.3 in stage 57.0 (TID 640)
java.lang.OutOfMemoryError: Java heap space
	at org.apache.spark.util.collection.ExternalSorter.insertAll(ExternalSorter.scala:192)
26/11/21 01:10:14 ERROR DAGScheduler: Job aborted due to stage failure of app-20261121010800-0042
"""

LOST = "26/11/21 01:{minute:02}:02 ERROR TaskSchedulerImpl: Lost executor {executor} on 10.42.3.19: gone.{more}"


def entries(log: str, source: str = LOG) -> list[Entry]:
    return [Entry(text, source, position) for position, text in split(log)]


async def told(office: Desk, batches: Sequence[Sequence[Entry]]) -> Sequence[Incident]:
    for batch in batches:
        await group.hear(office, batch)
    return await office.incidents.list()


@pytest.mark.parametrize("batch", [True, False], ids=["batch", "stream"])
async def test_one_spark_failure_is_one_incident_with_the_cause_and_the_name(*, batch: bool) -> None:
    heard = entries(OUT_OF_MEMORY)
    [incident] = await told(desk(Machine()), [heard] if batch else [[one] for one in heard])
    assert incident.signal.pattern == "spark/out-of-memory"
    assert incident.identifiers["application_id"] == "app-20261121010800-0042"
    assert incident.count == 6


async def test_two_applications_in_one_log_are_two_incidents() -> None:
    both = OUT_OF_MEMORY + OUT_OF_MEMORY.replace("010800-0042", "010900-0043")
    named = [one for one in entries(both) if "app-2026" in one.text]
    incidents = await told(desk(Machine()), [[one] for one in named])
    assert {one.identifiers["application_id"] for one in incidents} == {
        "app-20261121010800-0042",
        "app-20261121010900-0043",
    }
    assert len(incidents) == 2


async def test_a_line_without_a_name_joins_neither_of_two() -> None:
    first, second = (LOST.format(minute=10, executor=1, more=f" app-20261121010800-000{one}") for one in (1, 2))
    unnamed = LOST.format(minute=11, executor=2, more="")
    incidents = await told(desk(Machine()), [entries(f"{first}\n{second}\n{unnamed}")])
    assert [one.identifiers.get("application_id") for one in reversed(incidents)] == [
        "app-20261121010800-0001",
        "app-20261121010800-0002",
        None,
    ]


@pytest.mark.parametrize(("minute", "source"), [(40, LOG), (11, "/var/log/spark/other.log")], ids=["late", "elsewhere"])
async def test_what_stands_far_away_is_another_incident(minute: int, source: str) -> None:
    named = LOST.format(minute=10, executor=1, more=" app-20261121010800-0001")
    far = LOST.format(minute=minute, executor=1, more="")
    incidents = await told(desk(Machine()), [entries(named), [Entry(far, source, 500)]])
    assert len(incidents) == 2


async def test_another_task_of_the_same_run_is_another_incident() -> None:
    office = desk(Machine())
    text = entry().text
    await group.hear(office, [entry(), entry(text.replace('"transform"', '"load"'), 300)])
    assert [one.identifiers["task_id"] for one in await office.incidents.list()] == ["load", "transform"]


async def test_what_is_read_again_counts_once() -> None:
    office = desk(Machine())
    for _ in range(2):
        await group.hear(office, entries(OUT_OF_MEMORY))
    [incident] = await office.incidents.list()
    assert incident.count == 6
