"""The same actions against a real Airflow 2, which wants other requests for them and has traps of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.targets.airflow import CATALOGUE, Airflow
from engine.errors import Unreachable
from engine.model import Judgement, Result
from tests.adapters.recorded_airflow import connected
from tests.approved import ends, proposed
from tests.real.test_airflow import failed, gone, is_not_lost
from tests.servers.airflow2 import VERSION, Airflow2Server
from tests.servers.wire import wire

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]  # the first run on a machine installs what it needs


@pytest.fixture
async def target(airflow2: Airflow2Server) -> AsyncIterator[Airflow]:
    async with connected(airflow2.url, airflow2.password, seconds=60) as target:
        yield target


async def test_check(airflow2: Airflow2Server, target: Airflow) -> None:
    assert await target.check() == f"Airflow {VERSION} at {airflow2.url}: healthy, signed in as admin"
    assert "/api/v1/" in target.catalogue()["pause_dag"].request({"dag_id": "x"})


async def test_a_task_that_timed_out_is_restarted_and_works(airflow2: Airflow2Server, target: Airflow) -> None:
    task = {"dag_id": "oncall_timeout", "dag_run_id": "timeout-1", "task_id": "transform"}
    await failed(airflow2, "oncall_timeout", "timeout-1")
    restart = await proposed(target, "restart_dag_task", **task)
    assert restart.seen == {"state": "failed", "try_number": "1"}
    before = await target.verify(restart)
    assert before.judgement is Judgement.UNKNOWN
    assert "the request did not arrive" in before.detail

    airflow2.mend("timeout-1")
    assert (await target.act(restart)).result is Result.DONE
    assert (await ends(target, restart)).judgement is Judgement.WORKED
    assert (await target.look(task)).state == {"state": "success", "try_number": "2"}
    assert (await target.act(restart)).result is Result.NOTHING_DONE, "twice does no harm"


async def test_a_restart_in_the_moment_in_which_the_run_ends_is_not_lost(airflow2: Airflow2Server) -> None:
    await is_not_lost(airflow2)


async def test_a_task_that_failed_again_meanwhile_is_left_alone(airflow2: Airflow2Server, target: Airflow) -> None:
    """Somebody else restarted it between the proposal and the click, in vain."""
    run = {"dag_id": "oncall_hint", "dag_run_id": "moved-1"}
    await failed(airflow2, "oncall_hint", "moved-1")
    task = await proposed(target, "restart_dag_task", **run, task_id="break_down")
    whole = await proposed(target, "clear_dag_run", **run)
    assert (await target.act(task)).result is Result.DONE
    assert (await ends(target, task)).judgement is Judgement.FAILED
    await airflow2.run_ends("oncall_hint", "moved-1")
    for stale in (task, whole):
        outcome = await target.act(stale)
        assert outcome.result is Result.CHANGED, outcome
    assert (await airflow2.task("oncall_hint", "moved-1", "break_down"))["try_number"] == 2


async def test_a_run_is_cleared_and_what_has_succeeded_is_not_run_again(
    airflow2: Airflow2Server, target: Airflow
) -> None:
    run = {"dag_id": "oncall_flaky", "dag_run_id": "two-1"}
    await failed(airflow2, "oncall_flaky", "two-1")
    airflow2.mend("two-1", "load")
    restart = await proposed(target, "restart_dag_task", **run, task_id="load")
    assert "publish" in (await target.act(restart)).detail, "what failed only because load did runs again too"
    assert (await ends(target, restart)).judgement is Judgement.WORKED
    assert (await airflow2.run_ends("oncall_flaky", "two-1"))["state"] == "failed"

    airflow2.mend("two-1")
    clear = await proposed(target, "clear_dag_run", "a2", **run)
    assert (await target.verify(clear)).judgement is Judgement.UNKNOWN
    assert (await target.act(clear)).result is Result.DONE
    assert (await ends(target, clear)).judgement is Judgement.WORKED
    assert (await airflow2.task("oncall_flaky", "two-1", "load"))["try_number"] == 2, "cleared once, by its own action"
    assert (await target.act(clear)).result is Result.NOTHING_DONE


async def test_one_part_of_a_mapped_task_cannot_be_run_again_alone(airflow2: Airflow2Server, target: Airflow) -> None:
    task = {"dag_id": "oncall_parts", "dag_run_id": "parts-1", "task_id": "part"}
    await failed(airflow2, "oncall_parts", "parts-1")
    unnamed = await target.look(task)
    assert unnamed.state == {}
    assert "mapped" in unnamed.summary
    part = await proposed(target, "restart_dag_task", **task, map_index="1")
    assert part.seen == {"state": "failed", "try_number": "1"}
    outcome = await target.act(part)
    assert outcome.result is Result.FAILED
    assert "Airflow 2 cannot run part 1" in outcome.detail
    assert (await target.look(part.parameters)).state == part.seen


async def test_a_running_task_is_stopped(airflow2: Airflow2Server, target: Airflow) -> None:
    task = {"dag_id": "oncall_stuck", "dag_run_id": "stuck-1", "task_id": "wait"}
    await airflow2.trigger("oncall_stuck", "stuck-1")
    await airflow2.task_is("oncall_stuck", "stuck-1", "wait", "running")
    restart = await target.act(await proposed(target, "restart_dag_task", **task))
    assert restart.result is Result.NOTHING_DONE
    stop = await proposed(target, "stop_dag_task", **task)
    pid = (await airflow2.task("oncall_stuck", "stuck-1", "wait"))["pid"]
    assert (await target.act(stop)).result is Result.DONE
    assert (await target.verify(stop)).judgement is Judgement.WORKED
    await gone(pid)
    assert (await target.act(stop)).result is Result.NOTHING_DONE


async def test_a_run_is_triggered_once(airflow2: Airflow2Server, target: Airflow) -> None:
    await airflow2.unpause("oncall_timeout")
    airflow2.mend("oncall__once")
    trigger = await proposed(target, "trigger_dag", "once", dag_id="oncall_timeout")
    assert (await target.verify(trigger)).judgement is Judgement.UNKNOWN
    first, second = await target.act(trigger), await target.act(trigger)
    assert (first.result, second.result) == (Result.DONE, Result.DONE)
    assert "was not again" in second.detail
    assert (await ends(target, trigger)).judgement is Judgement.WORKED


async def test_pause_and_unpause(airflow2: Airflow2Server, target: Airflow) -> None:
    await airflow2.unpause("oncall_flaky")
    pause = await proposed(target, "pause_dag", dag_id="oncall_flaky")
    assert (await target.act(pause)).result is Result.DONE
    assert (await target.verify(pause)).judgement is Judgement.WORKED
    assert (await target.act(pause)).result is Result.NOTHING_DONE
    assert (await target.act(await proposed(target, "trigger_dag", dag_id="oncall_flaky"))).result is Result.FAILED
    unpause = await proposed(target, "unpause_dag", dag_id="oncall_flaky")
    assert (await target.act(unpause)).result is Result.DONE
    assert (await target.verify(unpause)).judgement is Judgement.WORKED


async def test_what_does_not_exist_is_evidence(airflow2: Airflow2Server, target: Airflow) -> None:
    run = {"dag_id": "oncall_hint", "dag_run_id": "hint-1"}
    await failed(airflow2, "oncall_hint", "hint-1")
    for nothing in ({"dag_id": "nothing"}, {**run, "dag_run_id": "nothing"}, {**run, "task_id": "nothing"}):
        assert (await target.look(nothing)).state == {"exists": "no"}
    evidence = await target.look({"dag_id": "oncall_hint", "task_id": "break_down"})
    assert "Which run of task break_down is meant is not known." in evidence.summary


async def test_a_viewer_and_a_wrong_password_are_told_what_is_missing(
    airflow2: Airflow2Server, target: Airflow
) -> None:
    pause = await proposed(target, "pause_dag", dag_id="oncall_parts")
    async with connected(airflow2.url, airflow2.password, seconds=60, username="viewer") as viewer:
        assert (await viewer.look({"dag_id": "oncall_parts"})).state == pause.seen
        outcome = await viewer.act(pause)
        assert outcome.result is Result.FAILED
        assert "viewer lacks the right to edit DAG oncall_parts" in outcome.detail
    async with connected(airflow2.url, "wrong-password", seconds=60) as nobody:
        with pytest.raises(Unreachable, match="or its password is wrong"):
            await nobody.check()
        assert (await nobody.act(pause)).result is Result.FAILED


async def test_the_connection_is_lost_on_the_way(airflow2: Airflow2Server, target: Airflow) -> None:
    await airflow2.unpause("oncall_hint")
    port = int(airflow2.url.rpartition(":")[2])
    pause = await proposed(target, "pause_dag", dag_id="oncall_hint")
    async with wire(port) as line, connected(f"http://127.0.0.1:{line.port}", airflow2.password, seconds=60) as far:
        line.block(b"GET /api/v1/dags")
        assert (await far.act(pause)).result is Result.FAILED
        line.mend()
        line.cut(b"PATCH")
        assert (await far.act(pause)).result is Result.UNKNOWN
    assert (await ends(target, pause)).judgement is Judgement.WORKED, "it had arrived"
    unpause = await proposed(target, "unpause_dag", dag_id="oncall_hint")
    async with wire(port) as line, connected(f"http://127.0.0.1:{line.port}", airflow2.password, seconds=15) as far:
        line.silence(b"PATCH")
        assert (await far.act(unpause)).result is Result.UNKNOWN


async def test_traps_that_comments_speak_of_are_still_there(airflow2: Airflow2Server) -> None:
    await failed(airflow2, "oncall_hint", "traps-1")
    auth = (airflow2.username, airflow2.password)
    async with httpx.AsyncClient(base_url=f"{airflow2.url}/api/v1", auth=auth, trust_env=False, timeout=60) as client:
        body = {"dag_run_id": "traps-1", "task_ids": ["break_down"], "only_failed": True}
        default = await client.post("/dags/oncall_hint/clearTaskInstances", json=body)
        assert len(default.json()["task_instances"]) == 1
        assert (await airflow2.task("oncall_hint", "traps-1", "break_down"))["state"] == "failed", "dry_run is default"
        pair = await client.post("/dags/oncall_hint/clearTaskInstances", json={**body, "task_ids": [["break_down", 0]]})
        assert pair.status_code == 400, "no part of a mapped task can be named"
        tasks = "/dags/oncall_hint/dagRuns/~/taskInstances"
        assert (await client.get(f"{tasks}?task_id=break_down")).status_code == 400, "no filter by task"
        minus = await client.get("/dags/oncall_hint/dagRuns/traps-1/taskInstances/break_down/-1")
        assert minus.status_code == 404, "no -1 for what is not mapped"


def test_every_action_is_here() -> None:
    """A new one must be tried on this Airflow too."""
    assert set(CATALOGUE) == {
        "restart_dag_task",
        "clear_dag_run",
        "trigger_dag",
        "pause_dag",
        "unpause_dag",
        "stop_dag_task",
    }
