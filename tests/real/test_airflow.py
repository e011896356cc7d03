"""The Airflow target against a real Airflow: every verb of every action, and each trap as it really is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import psutil
import pytest

from adapters.targets.airflow import CATALOGUE, Airflow, AirflowSettings
from engine.errors import Unreachable
from engine.model import Action, Judgement, Result
from tests.adapters.recorded_airflow import connected
from tests.approved import ends, proposed
from tests.servers.airflow import AirflowServer
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]  # the first run on a machine installs what it needs


def as_admin(airflow: AirflowServer) -> AbstractAsyncContextManager[Airflow]:
    return connected(airflow.url, airflow.password, seconds=60)


@pytest.fixture
async def target(airflow: AirflowServer) -> AsyncIterator[Airflow]:
    async with as_admin(airflow) as target:
        yield target


async def failed(airflow: AirflowServer, dag_id: str, run_id: str) -> None:
    await airflow.trigger(dag_id, run_id)
    assert (await airflow.run_ends(dag_id, run_id))["state"] == "failed"


async def test_check(airflow: AirflowServer, target: Airflow) -> None:
    assert await target.check() == f"Airflow 3.3.2 at {airflow.url}: healthy, signed in as admin"


async def test_a_task_that_timed_out_is_restarted_and_works(airflow: AirflowServer, target: Airflow) -> None:
    task = {"dag_id": "oncall_timeout", "dag_run_id": "timeout-1", "task_id": "transform"}
    await failed(airflow, "oncall_timeout", "timeout-1")
    assert (airflow.logs / "dag_id=oncall_timeout/run_id=timeout-1/task_id=transform/attempt=1.log").exists()
    restart = await proposed(target, "restart_dag_task", **task)
    assert restart.seen == {"state": "failed", "try_number": "1"}
    before = await target.verify(restart)
    assert before.judgement is Judgement.UNKNOWN
    assert "the request did not arrive" in before.detail

    first_id = (await airflow.task("oncall_timeout", "timeout-1", "transform"))["id"]
    airflow.mend("timeout-1")
    assert (await target.act(restart)).result is Result.DONE
    assert (await ends(target, restart)).judgement is Judgement.WORKED
    assert (await airflow.task("oncall_timeout", "timeout-1", "transform"))["id"] != first_id, (
        "Airflow gives a cleared task another id"
    )

    evidence = await target.look(task)
    assert (evidence.state, evidence.healthy) == ({"state": "success", "try_number": "2"}, True)
    again = await target.act(restart)
    assert again.result is Result.NOTHING_DONE
    assert "has not failed" in again.detail


async def test_a_restart_in_the_moment_in_which_the_run_ends_is_not_lost(airflow: AirflowServer) -> None:
    await is_not_lost(airflow)


async def is_not_lost(airflow: AirflowServer) -> None:
    """A scheduler that stands still makes that moment as long as one likes."""
    task = {"dag_id": "oncall_timeout", "dag_run_id": "moment-1", "task_id": "transform"}
    await airflow.trigger("oncall_timeout", "moment-1")
    await airflow.task_is(*task.values(), "running")
    async with patient(airflow) as target:
        with airflow.scheduler_stands_still():
            await airflow.task_is(*task.values(), "failed")
            restart = await proposed(target, "restart_dag_task", **task)
            airflow.mend("moment-1")
            acting = asyncio.create_task(target.act(restart))
            await asyncio.sleep(2)
            assert (await target.look(task)).state == restart.seen, "nothing was sent yet"
            assert not acting.done()
        assert (await acting).result is Result.DONE
        assert (await ends(target, restart)).judgement is Judgement.WORKED
    assert (await airflow.run_ends("oncall_timeout", "moment-1"))["state"] == "success"


@asynccontextmanager
async def patient(airflow: AirflowServer) -> AsyncIterator[Airflow]:
    """It waits for the scheduler as long as it takes."""
    settings = AirflowSettings(airflow.url, airflow.username, airflow.password, timeout_seconds=60, dags=("*",))
    target = Airflow(settings, turns=1000)
    try:
        yield target
    finally:
        await target.close()


async def test_a_restart_in_vain_has_failed(airflow: AirflowServer, target: Airflow) -> None:
    await failed(airflow, "oncall_flaky", "vain-1")
    restart = await proposed(target, "restart_dag_task", dag_id="oncall_flaky", dag_run_id="vain-1", task_id="load")
    assert (await target.act(restart)).result is Result.DONE
    verdict = await ends(target, restart)
    assert verdict.judgement is Judgement.FAILED
    assert "try 2 of 2" in verdict.detail


async def test_one_task_mended_leaves_the_run_failed_by_another(airflow: AirflowServer, target: Airflow) -> None:
    run = {"dag_id": "oncall_flaky", "dag_run_id": "two-1"}
    await failed(airflow, "oncall_flaky", "two-1")
    waiting = await target.look({**run, "task_id": "publish"})
    assert waiting.state["state"] == "upstream_failed"
    airflow.mend("two-1", "load")
    restart = await proposed(target, "restart_dag_task", **run, task_id="load")
    outcome = await target.act(restart)
    assert "load" in outcome.detail
    assert "publish" in outcome.detail, "what failed only because load did runs again too"
    assert (await ends(target, restart)).judgement is Judgement.WORKED
    assert (await airflow.run_ends("oncall_flaky", "two-1"))["state"] == "failed"
    assert (await airflow.task("oncall_flaky", "two-1", "publish"))["state"] == "success"

    clear = await proposed(target, "clear_dag_run", "a2", **run)
    assert (await target.verify(clear)).judgement is Judgement.UNKNOWN
    assert (await target.act(clear)).result is Result.DONE
    assert (await ends(target, clear)).judgement is Judgement.FAILED, "report has not been mended"
    airflow.mend("two-1")
    clear = await proposed(target, "clear_dag_run", "a3", **run)
    assert (await target.act(clear)).result is Result.DONE
    assert (await ends(target, clear)).judgement is Judgement.WORKED
    assert (await target.act(clear)).result is Result.NOTHING_DONE


async def test_one_part_of_a_mapped_task(airflow: AirflowServer, target: Airflow) -> None:
    task = {"dag_id": "oncall_parts", "dag_run_id": "parts-1", "task_id": "part"}
    await failed(airflow, "oncall_parts", "parts-1")
    unnamed = await target.look(task)
    assert unnamed.state == {}
    assert "mapped" in unnamed.summary
    assert (await target.act(await proposed(target, "restart_dag_task", **task))).result is Result.FAILED
    airflow.mend("parts-1")
    restart = await proposed(target, "restart_dag_task", **task, map_index="1")
    assert (await target.act(restart)).result is Result.DONE
    assert (await ends(target, restart)).judgement is Judgement.WORKED
    assert (await airflow.task("oncall_parts", "parts-1", "part", 0))["try_number"] == 1


async def test_a_running_task_is_stopped_and_never_restarted_under_its_feet(
    airflow: AirflowServer, target: Airflow
) -> None:
    task = {"dag_id": "oncall_stuck", "dag_run_id": "stuck-1", "task_id": "wait"}
    await airflow.trigger("oncall_stuck", "stuck-1")
    shown = await airflow.task_is("oncall_stuck", "stuck-1", "wait", "running")
    restart = await target.act(await proposed(target, "restart_dag_task", **task))
    assert restart.result is Result.NOTHING_DONE
    assert (await airflow.task("oncall_stuck", "stuck-1", "wait"))["id"] == shown["id"]

    stop = await proposed(target, "stop_dag_task", **task)
    assert (await target.verify(stop)).judgement is Judgement.UNKNOWN
    assert (await target.act(stop)).result is Result.DONE
    assert (await target.verify(stop)).judgement is Judgement.WORKED
    await gone(shown["pid"])
    assert (await target.act(stop)).result is Result.NOTHING_DONE


async def gone(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while psutil.pid_exists(pid):
        assert time.monotonic() < deadline, "Airflow has not ended the task's process"
        await asyncio.sleep(0.3)


async def test_a_finished_task_is_not_marked_as_failed(airflow: AirflowServer, target: Airflow) -> None:
    airflow.mend("done-1")
    await airflow.trigger("oncall_stuck", "done-1")
    await airflow.run_ends("oncall_stuck", "done-1")
    stop = await proposed(target, "stop_dag_task", dag_id="oncall_stuck", dag_run_id="done-1", task_id="wait")
    assert (await target.act(stop)).result is Result.NOTHING_DONE
    assert (await airflow.task("oncall_stuck", "done-1", "wait"))["state"] == "success"


async def test_a_run_is_triggered_once(airflow: AirflowServer, target: Airflow) -> None:
    await airflow.unpause("oncall_timeout")
    airflow.mend("oncall__once")
    trigger = await proposed(target, "trigger_dag", "once", dag_id="oncall_timeout")
    assert (await target.verify(trigger)).judgement is Judgement.UNKNOWN
    first, second = await target.act(trigger), await target.act(trigger)
    assert (first.result, second.result) == (Result.DONE, Result.DONE)
    assert "was not again" in second.detail
    assert (await ends(target, trigger)).judgement is Judgement.WORKED
    runs = (await airflow.api("GET", "/api/v2/dags/oncall_timeout/dagRuns?limit=100"))["dag_runs"]
    assert [run["dag_run_id"] for run in runs].count("oncall__once") == 1


async def test_pause_and_unpause(airflow: AirflowServer, target: Airflow) -> None:
    await airflow.unpause("oncall_flaky")
    pause = await proposed(target, "pause_dag", dag_id="oncall_flaky")
    assert pause.seen == {"is_paused": "no"}
    assert (await target.verify(pause)).judgement is Judgement.UNKNOWN
    assert (await target.act(pause)).result is Result.DONE
    assert (await target.verify(pause)).judgement is Judgement.WORKED
    assert (await target.act(pause)).result is Result.NOTHING_DONE
    trigger = await target.act(await proposed(target, "trigger_dag", dag_id="oncall_flaky"))
    assert trigger.result is Result.FAILED
    assert "paused" in trigger.detail
    unpause = await proposed(target, "unpause_dag", dag_id="oncall_flaky")
    assert (await target.act(unpause)).result is Result.DONE
    assert (await target.verify(unpause)).judgement is Judgement.WORKED


async def test_what_does_not_exist_is_evidence(airflow: AirflowServer, target: Airflow) -> None:
    run = {"dag_id": "oncall_stuck", "dag_run_id": "here-1"}
    airflow.mend("here-1")
    await airflow.trigger("oncall_stuck", "here-1")
    for nothing in ({"dag_id": "nothing"}, {**run, "dag_run_id": "nothing"}, {**run, "task_id": "nothing"}):
        evidence = await target.look(nothing)
        assert (evidence.state, evidence.healthy) == ({"exists": "no"}, None)
        assert "was not found" in evidence.summary
    lost = await target.act(await proposed(target, "restart_dag_task", **run, task_id="nothing"))
    assert lost.result is Result.FAILED


async def test_a_missing_run_is_hinted_at(airflow: AirflowServer, target: Airflow) -> None:
    await failed(airflow, "oncall_hint", "hint-1")
    evidence = await target.look({"dag_id": "oncall_hint", "task_id": "break_down"})
    assert "In the last day it failed once: Task break_down of run hint-1" in evidence.summary
    assert evidence.state == {"is_paused": "no"}


async def test_a_viewer_is_told_which_right_is_missing(airflow: AirflowServer, target: Airflow) -> None:
    await failed(airflow, "oncall_flaky", "viewer-1")
    task = {"dag_id": "oncall_flaky", "dag_run_id": "viewer-1", "task_id": "load"}
    restart = await proposed(target, "restart_dag_task", **task)
    token = await _token(airflow, airflow.viewer)
    async with connected(airflow.url, "", token, seconds=60) as viewer:
        assert (await viewer.look(task)).state == restart.seen
        for name in ("restart_dag_task", "clear_dag_run", "trigger_dag", "pause_dag"):
            parameters = {one.name: task[one.name] for one in CATALOGUE[name].parameters if one.name in task}
            outcome = await viewer.act(await proposed(target, name, **parameters))
            assert outcome.result is Result.FAILED, name
            assert "lacks the right to" in outcome.detail
    assert (await target.look(task)).state == restart.seen


async def _token(airflow: AirflowServer, user: str) -> str:
    async with httpx.AsyncClient(base_url=airflow.url, trust_env=False, timeout=60) as client:
        body = {"username": user, "password": airflow.passwords[user]}
        return str((await client.post("/auth/token", json=body)).json()["access_token"])


async def test_a_wrong_password(airflow: AirflowServer) -> None:
    async with connected(airflow.url, "wrong-password", seconds=60) as target:
        with pytest.raises(Unreachable, match="check the user name and the password"):
            await target.check()
        outcome = await target.act(await _blind(target))
        assert outcome.result is Result.FAILED
        assert "Nothing was sent" in outcome.detail


async def test_an_invalid_token_is_renewed_or_refused(airflow: AirflowServer) -> None:
    invalid = "eyJhbGciOiJIUzI1NiJ9.e30.invalid"
    async with connected(airflow.url, airflow.password, invalid, seconds=60) as target:
        assert "healthy" in await target.check()
    async with connected(airflow.url, "", invalid, seconds=60) as target:
        with pytest.raises(Unreachable, match="did not accept the token") as caught:
            await target.check()
        assert invalid not in str(caught.value)


async def _blind(target: Airflow) -> Action:
    spec = CATALOGUE["pause_dag"]
    return Action("a1", "airflow", spec.name, {"dag_id": "oncall_stuck"}, spec.risk, "", "", "")


async def test_traps_that_recordings_stand_for_are_still_there(airflow: AirflowServer) -> None:
    """Where one of these changes, a comment in the adapter has become untrue."""
    await failed(airflow, "oncall_flaky", "traps-1")
    token = await _token(airflow, "admin")
    body = {"dag_run_id": "traps-1", "task_ids": [["load", -1]], "only_failed": True}
    async with httpx.AsyncClient(
        base_url=f"{airflow.url}/api/v2/dags/oncall_flaky",
        headers={"Authorization": f"Bearer {token}", "Connection": "close"},
        trust_env=False,
        timeout=60,
    ) as client:
        default = await client.post("/clearTaskInstances", json=body)
        assert (default.status_code, default.json()["total_entries"]) == (200, 1)
        assert (await airflow.task("oncall_flaky", "traps-1", "load"))["state"] == "failed", "dry_run is the default"
        nothing = await client.post("/clearTaskInstances", json={**body, "dry_run": False, "task_ids": ["publishe"]})
        assert (nothing.status_code, nothing.json()["total_entries"]) == (200, 0)
        assert (await client.post("/clearTaskInstances", json={**body, "x": 1})).status_code == 422
        slash = await client.get(f"{airflow.url}/api/v2/dags/oncall_flaky%2FdagRuns")
        assert "dag_runs" in slash.json(), "an encoded slash is still a slash to Airflow's server"
