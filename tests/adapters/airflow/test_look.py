"""What the Airflow target sees in a recorded Airflow, before it acts and after."""

from __future__ import annotations

import pytest
from aiohttp import web

from adapters.targets.airflow import Airflow
from engine.errors import Unreachable
from engine.model import Judgement, Result
from tests.adapters.recorded_airflow import (
    DAG,
    PART,
    RESTART,
    RUN,
    RUN_SEEN,
    SEEN_FAILED,
    TASK,
    RecordedAirflow,
    action,
)


async def test_a_failed_task_is_bound_to_its_state_and_try(airflow: Airflow) -> None:
    evidence = await airflow.look({**TASK, "state": "FAILED", "operator": "x"})
    assert evidence.state == SEEN_FAILED
    assert evidence.healthy is False
    assert evidence.summary == (
        "Task transform of run inc-1 of DAG oncall_timeout: failed, try 1 of 1, ended 21 Nov 11:34 UTC."
    )


@pytest.mark.parametrize(
    ("shown", "state", "healthy"),
    [
        ("task_success", {"state": "success", "try_number": "2"}, True),
        ("task_cleared", {"state": "none", "try_number": "1"}, None),
        ("task_running", {"state": "running", "try_number": "1"}, None),
        ("task_unknown", {"exists": "no"}, None),
        ("dag_unknown", {"exists": "no"}, None),
    ],
)
async def test_each_state_of_a_task(
    server: RecordedAirflow, airflow: Airflow, shown: str, state: dict[str, str], healthy: bool | None
) -> None:
    server.say(f"GET {PART}/-1", shown)
    server.say(f"GET {PART}/listMapped", "task_unknown")
    evidence = await airflow.look(TASK)
    assert (evidence.state, evidence.healthy) == (state, healthy)


async def test_a_run_and_a_dag_are_looked_at_where_nothing_finer_is_named(airflow: Airflow) -> None:
    run = await airflow.look({"dag_id": "oncall_timeout", "dag_run_id": "inc-1"})
    assert run.state["run_state"] == "failed"
    assert run.state["run_ended"].startswith("2026-11-21T11:34:15")
    assert run.healthy is False
    dag = await airflow.look({"dag_id": "oncall_timeout"})
    assert (dag.state, dag.healthy) == ({"is_paused": "no"}, None)


async def test_a_paused_dag_is_said_on_the_card(server: RecordedAirflow, airflow: Airflow) -> None:
    server.say(f"GET {DAG}", "paused")
    assert "The DAG is paused" in (await airflow.look(TASK)).summary


async def test_a_part_of_a_mapped_task_must_be_named(server: RecordedAirflow, airflow: Airflow) -> None:
    server.say(f"GET {PART}/-1", "task_mapped")
    server.say(f"GET {PART}/listMapped", "task_parts")
    evidence = await airflow.look(TASK)
    assert evidence.state == {}
    assert "which part of it is meant is not known" in evidence.summary


async def test_a_missing_run_is_hinted_at_and_never_invented(server: RecordedAirflow, airflow: Airflow) -> None:
    server.say(f"GET {DAG}/dagRuns/~/taskInstances", "tasks_failed")
    evidence = await airflow.look({"dag_id": "oncall_timeout", "task_id": "transform"})
    assert evidence.state == {"is_paused": "no"}
    assert "is not known. In the last day it failed once: Task transform of run inc-1" in evidence.summary


@pytest.mark.parametrize(
    "name", ["../../x", "a/b", "..", ".", "~", "a b", "a?b", "a#b", "a\n", "a%2Fb", "x" * 251, "é/"]
)
async def test_a_hostile_name_reaches_nothing(server: RecordedAirflow, airflow: Airflow, name: str) -> None:
    """Airflow's server decodes %2F before it routes, httpx folds dot segments, and ~ means all DAGs."""
    for key in TASK:
        hostile = {**TASK, key: name}
        assert (await airflow.look(hostile)).state == {}
        outcome = await airflow.act(action("restart_dag_task", hostile, SEEN_FAILED))
        assert outcome.result is Result.FAILED
        assert "Nothing was sent" in outcome.detail
        assert (await airflow.verify(action("restart_dag_task", hostile, SEEN_FAILED))).judgement is Judgement.UNKNOWN
    assert server.heard == []


async def test_odd_but_allowed_names_stay_one_segment(server: RecordedAirflow, airflow: Airflow) -> None:
    odd = {"dag_id": "größe.v1", "dag_run_id": "manual__2026-11-21T09:16:00+00:00", "task_id": "g.t"}
    with pytest.raises(Unreachable, match="nobody expected this"):
        await airflow.look(odd)
    path = "/api/v2/dags/gr%C3%B6%C3%9Fe.v1/dagRuns/manual__2026-11-21T09%3A16%3A00%2B00%3A00/taskInstances/g.t/-1"
    assert server.heard[0].path == path


@pytest.mark.parametrize(
    ("shown", "seen", "judgement"),
    [
        ("task_success", SEEN_FAILED, Judgement.WORKED),
        ("task_cleared", SEEN_FAILED, Judgement.NOT_YET),
        ("task_running", {"state": "failed", "try_number": "0"}, Judgement.NOT_YET),
        ("task_failed", {"state": "failed", "try_number": "0"}, Judgement.FAILED),
        ("task_failed", SEEN_FAILED, Judgement.UNKNOWN),
        ("task_running", {"state": "running", "try_number": "1"}, Judgement.UNKNOWN),
        ("task_success", {"state": "failed", "try_number": "2"}, Judgement.UNKNOWN),
        ("task_success", {}, Judgement.UNKNOWN),
        ("task_unknown", SEEN_FAILED, Judgement.UNKNOWN),
    ],
)
async def test_only_a_success_at_a_later_try_is_ours(
    server: RecordedAirflow, airflow: Airflow, shown: str, seen: dict[str, str], judgement: Judgement
) -> None:
    server.say(f"GET {PART}/-1", shown)
    server.say(f"GET {PART}/listMapped", "task_unknown")
    server.say(f"GET {RUN}", "run_cleared")
    verdict = await airflow.verify(action("restart_dag_task", TASK, seen))
    assert verdict.judgement is judgement, verdict
    assert server.changes == []


async def test_a_call_that_never_arrived_is_said_so(airflow: Airflow) -> None:
    verdict = await airflow.verify(RESTART)
    assert verdict.judgement is Judgement.UNKNOWN
    assert "the request did not arrive" in verdict.detail
    assert "failed, try 1 of 1" in verdict.detail


@pytest.mark.parametrize(
    ("run", "tasks", "judgement"),
    [
        ("run_failed", ["task_cleared"], Judgement.FAILED),
        ("run_cleared", ["task_cleared"], Judgement.NOT_YET),
        ("run_success", ["task_cleared", "task_success"], Judgement.NOT_YET),
        ("forbidden", ["task_cleared"], Judgement.NOT_YET),
    ],
)
async def test_a_cleared_task_whose_run_has_ended_without_it(
    server: RecordedAirflow, airflow: Airflow, run: str, tasks: list[str], judgement: Judgement
) -> None:
    """One that has run between the two questions is left to the next time."""
    server.say(f"GET {PART}/-1", *tasks)
    server.say(f"GET {RUN}", run)
    verdict = await airflow.verify(RESTART)
    assert verdict.judgement is judgement
    assert ("nothing runs it" in verdict.detail) == (judgement is Judgement.FAILED)


@pytest.mark.parametrize(
    ("shown", "seen", "judgement"),
    [
        ("run_success", RUN_SEEN, Judgement.WORKED),
        ("run_cleared", RUN_SEEN, Judgement.NOT_YET),
        ("run_failed", RUN_SEEN, Judgement.UNKNOWN),
        ("run_failed", {**RUN_SEEN, "run_ended": "2026-11-21T09:00:00+00:00"}, Judgement.FAILED),
        ("run_failed", SEEN_FAILED, Judgement.UNKNOWN),
        ("run_unknown", RUN_SEEN, Judgement.UNKNOWN),
    ],
)
async def test_a_cleared_run(
    server: RecordedAirflow, airflow: Airflow, shown: str, seen: dict[str, str], judgement: Judgement
) -> None:
    server.say(f"GET {RUN}", shown)
    wanted = action("clear_dag_run", {"dag_id": "oncall_timeout", "dag_run_id": "inc-1"}, seen)
    assert (await airflow.verify(wanted)).judgement is judgement


@pytest.mark.parametrize(
    ("shown", "judgement"),
    [
        ("run_success", Judgement.WORKED),
        ("triggered", Judgement.NOT_YET),
        ("run_failed", Judgement.FAILED),
        ("run_unknown", Judgement.UNKNOWN),
    ],
)
async def test_a_triggered_run(server: RecordedAirflow, airflow: Airflow, shown: str, judgement: Judgement) -> None:
    server.say(f"GET {DAG}/dagRuns/oncall__a1", shown)
    assert (await airflow.verify(action("trigger_dag", {"dag_id": "oncall_timeout"}))).judgement is judgement


@pytest.mark.parametrize(
    ("name", "shown", "judgement"),
    [
        ("pause_dag", "paused", Judgement.WORKED),
        ("pause_dag", "dag_running", Judgement.UNKNOWN),
        ("unpause_dag", "dag_running", Judgement.WORKED),
        ("unpause_dag", "dag_unknown", Judgement.UNKNOWN),
    ],
)
async def test_a_paused_dag(
    server: RecordedAirflow, airflow: Airflow, name: str, shown: str, judgement: Judgement
) -> None:
    server.say(f"GET {DAG}", shown)
    assert (await airflow.verify(action(name, {"dag_id": "oncall_timeout"}))).judgement is judgement


@pytest.mark.parametrize(
    ("shown", "judgement"),
    [
        ("stopped_task", Judgement.WORKED),
        ("task_running", Judgement.UNKNOWN),
        ("task_success", Judgement.FAILED),
    ],
)
async def test_a_stopped_task(server: RecordedAirflow, airflow: Airflow, shown: str, judgement: Judgement) -> None:
    server.say(f"GET {PART}/-1", shown)
    verdict = await airflow.verify(action("stop_dag_task", TASK, {"state": "running", "try_number": "1"}))
    assert verdict.judgement is judgement


async def test_check_says_who_is_there(server: RecordedAirflow, airflow: Airflow) -> None:
    server.say("GET /api/v2/monitor/health", "health")
    server.say("GET /api/v2/version", "version")
    server.say("GET /api/v2/dags", "dags")
    assert await airflow.check() == f"Airflow 3.3.2 at {server.url.rstrip('/')}: healthy, signed in as admin"


async def test_check_names_the_part_that_is_not_healthy(server: RecordedAirflow, airflow: Airflow) -> None:
    async def sick(_request: web.Request) -> web.Response:
        well = {"status": "healthy"}
        return web.json_response({"metadatabase": well, "scheduler": {"status": "unhealthy"}, "dag_processor": well})

    server.say("GET /api/v2/monitor/health", sick)
    server.say("GET /api/v2/version", "version")
    with pytest.raises(Unreachable, match="its scheduler is not healthy"):
        await airflow.check()


async def test_check_meets_something_older(server: RecordedAirflow, airflow: Airflow) -> None:
    server.say("GET /api/v2/monitor/health", "dag_unknown")
    server.say("GET /api/v2/version", "dag_unknown")
    with pytest.raises(Unreachable, match=r"not as Airflow 2\.10 or later does"):
        await airflow.check()
