"""A task that Airflow did not run, as Airflow 3 and 2 show it: the look leads to the one that failed, and that is mended."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.targets.airflow import Airflow
from engine import decide, group
from engine.model import Status
from tests.adapters.recorded_airflow import connected
from tests.engine.desks import NO_RUN, desk, entry, settle
from tests.servers.airflow import AirflowServer
from tests.servers.airflow2 import Airflow2Server

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]  # the first run on a machine installs what it needs

DAG = "oncall_flaky"


@pytest.fixture
async def target(airflow: AirflowServer) -> AsyncIterator[Airflow]:
    async with connected(airflow.url, airflow.password, seconds=60) as target:
        yield target


async def failed(airflow: AirflowServer, run: str) -> dict[str, str]:
    await airflow.trigger(DAG, run)
    assert (await airflow.run_ends(DAG, run))["state"] == "failed"
    return {"dag_id": DAG, "dag_run_id": run}


async def test_what_was_not_run_leads_to_what_failed(airflow: AirflowServer, target: Airflow) -> None:
    """Another task of the run has failed, too; nothing waited for it."""
    run = await failed(airflow, "behind-1")
    evidence = await target.look({**run, "task_id": "publish"})
    assert evidence.names == {"task_id": "load", "map_index": "-1", "try_number": "1"}
    assert evidence.summary.endswith("It was not run, since what it waits for has failed: load.")
    whole = await target.look(run)
    assert whole.names == {}, "load or report"
    assert whole.summary.endswith("What failed in it: load, report.") or whole.summary.endswith("report, load.")


async def test_what_failed_is_what_is_mended(airflow: AirflowServer, target: Airflow) -> None:
    run = await failed(airflow, "behind-2")
    office = desk(target)
    line = NO_RUN.replace('"orders"', f'"{DAG}"').replace('"transform"', '"publish","run_id":"behind-2"')
    [incident] = await group.hear(office, [entry(line)])
    incident = await settle(office, incident)
    assert incident.action
    assert incident.identifiers["task_id"] == "publish"
    assert incident.action.parameters == {**run, "task_id": "load", "map_index": "-1"}
    assert incident.action.seen == {"state": "failed", "try_number": "1"}
    airflow.mend("behind-2")
    await decide.approve(office, incident.number, "ada")
    incident = await settle(office, incident)
    assert incident.status is Status.RESOLVED, incident


async def test_a_task_waits_because_its_pool_is_full(airflow: AirflowServer, target: Airflow) -> None:
    pool = "/api/v2/pools/default_pool"
    slots = (await airflow.api("GET", pool))["slots"]
    await airflow.api("PATCH", f"{pool}?update_mask=slots", {"slots": 0})
    try:
        await airflow.trigger(DAG, "crowded-1")
        await airflow.task_is(DAG, "crowded-1", "load", "scheduled")
        evidence = await target.look({"dag_id": DAG, "dag_run_id": "crowded-1", "task_id": "load"})
        assert "Its pool default_pool is full: none of its slots is open." in evidence.summary
        assert evidence.healthy is None
    finally:
        await airflow.api("PATCH", f"{pool}?update_mask=slots", {"slots": slots})
    assert (await airflow.run_ends(DAG, "crowded-1"))["state"] == "failed"


async def test_airflow_2_leads_there_too(airflow2: Airflow2Server) -> None:
    run = await failed(airflow2, "behind-1")
    async with connected(airflow2.url, airflow2.password, seconds=60) as target:
        evidence = await target.look({**run, "task_id": "publish"})
    assert evidence.names == {"task_id": "load", "map_index": "-1", "try_number": "1"}
