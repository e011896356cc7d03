"""What the Airflow target sends, what it makes of the answers, and what it leaves alone."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from aiohttp import web

from adapters.targets.airflow import Airflow, AirflowSettings
from adapters.targets.airflow.actions import CATALOGUE
from engine.model import Result
from tests.adapters.recorded_airflow import (
    CLEAR,
    DAG,
    DAG_SEEN,
    PART,
    PASSWORD,
    RESTART,
    RUN,
    RUN_SEEN,
    SEEN,
    SEEN_FAILED,
    TASK,
    RecordedAirflow,
    action,
)

EVERY = [
    ("restart_dag_task", TASK, CLEAR, "cleared", "task_failed"),
    ("restart_dag_task", {**TASK, "map_index": ""}, CLEAR, "cleared", "task_failed"),
    ("clear_dag_run", {k: TASK[k] for k in ("dag_id", "dag_run_id")}, f"POST {RUN}/clear", "clear_run", "task_failed"),
    ("trigger_dag", {"dag_id": "oncall_timeout"}, f"POST {DAG}/dagRuns", "triggered", "task_failed"),
    ("pause_dag", {"dag_id": "oncall_timeout"}, f"PATCH {DAG}", "paused", "task_failed"),
    ("stop_dag_task", TASK, f"PATCH {PART}/-1", "stopped", "task_running"),
]


@pytest.mark.parametrize("case", EVERY)
async def test_what_is_sent_is_what_the_person_read(
    server: RecordedAirflow, airflow: Airflow, case: tuple[str, dict[str, str], str, str, str]
) -> None:
    name, parameters, request_line, answer, task = case
    server.say(f"GET {PART}/-1", task)
    server.say(request_line, answer)
    wanted = action(name, parameters, SEEN[name])
    outcome = await airflow.act(wanted)
    assert outcome.result is Result.DONE, outcome
    assert [str(one) for one in server.changes] == [wanted.request.replace("{this action}", "a1")]


def test_a_restart_is_exactly_this() -> None:
    """Only what has failed, only this task of this run (and what failed after it), and for real."""
    line, _, body = CATALOGUE["restart_dag_task"].request({**TASK, "map_index": "3"}).partition("\n")
    assert line == CLEAR
    assert json.loads(body) == {
        "dry_run": False,
        "dag_run_id": "inc-1",
        "task_ids": [["transform", 3]],
        "only_failed": True,
        "include_downstream": True,
        "reset_dag_runs": True,
    }


def test_clearing_a_run_is_exactly_this() -> None:
    request = CATALOGUE["clear_dag_run"].request({"dag_id": "oncall_timeout", "dag_run_id": "inc-1"})
    assert request == f'POST {RUN}/clear\n{{"dry_run": false, "only_failed": true}}'


UNPAUSE = action("unpause_dag", {"dag_id": "oncall_timeout"}, {"is_paused": "yes"})


async def test_unpause(server: RecordedAirflow, airflow: Airflow) -> None:
    server.say(f"GET {DAG}", "paused")
    server.say(f"PATCH {DAG}", "dag_running")
    assert (await airflow.act(UNPAUSE)).result is Result.DONE
    assert server.changes[0].body == {"is_paused": False}


async def test_dry_run_is_always_switched_off(server: RecordedAirflow, airflow: Airflow) -> None:
    """Airflow's default for a clear is to answer 200 and do nothing."""

    async def as_airflow_does(request: web.Request) -> web.Response:
        body = await request.json()
        return web.json_response({"task_instances": [] if body.get("dry_run", True) else [{"task_id": "transform"}]})

    server.say(CLEAR, as_airflow_does)
    assert (await airflow.act(RESTART)).result is Result.DONE


@pytest.mark.parametrize("answer", ["clear_success", "clear_wrong_index"])
async def test_a_200_that_cleared_nothing_is_nothing_done(
    server: RecordedAirflow, airflow: Airflow, answer: str
) -> None:
    server.say(CLEAR, answer)
    assert (await airflow.act(RESTART)).result is Result.NOTHING_DONE


async def test_clearing_a_run_without_failures_is_nothing_done(server: RecordedAirflow, airflow: Airflow) -> None:
    server.say(f"POST {RUN}/clear", "clear_run_nothing")
    wanted = action("clear_dag_run", {"dag_id": "oncall_timeout", "dag_run_id": "inc-1"}, RUN_SEEN)
    assert (await airflow.act(wanted)).result is Result.NOTHING_DONE


@pytest.mark.parametrize(
    ("name", "shown", "words"),
    [
        ("restart_dag_task", "task_running", "goes on by itself"),
        ("restart_dag_task", "task_success", "has not failed"),
        ("stop_dag_task", "task_success", "has ended already"),
        ("stop_dag_task", "task_failed", "has ended already"),
    ],
)
async def test_what_would_be_of_no_use_is_not_sent(
    server: RecordedAirflow, airflow: Airflow, name: str, shown: str, words: str
) -> None:
    server.say(f"GET {PART}/-1", shown)
    outcome = await airflow.act(action(name, TASK, SEEN_FAILED))
    assert outcome.result is Result.NOTHING_DONE
    assert words in outcome.detail
    assert server.changes == []


@pytest.mark.parametrize("case", EVERY)
async def test_what_has_moved_since_it_was_seen_is_left_alone(
    server: RecordedAirflow, airflow: Airflow, case: tuple[str, dict[str, str], str, str, str]
) -> None:
    name, parameters, request_line, answer, task = case
    server.say(f"GET {PART}/-1", task)
    server.say(request_line, answer)
    outcome = await airflow.act(action(name, parameters, {**SEEN[name], "try_number": "7"}))
    assert (outcome.result, server.changes) == (Result.CHANGED, [])
    assert "not what you saw" in outcome.detail


async def test_a_dag_outside_the_fence(server: RecordedAirflow) -> None:
    settings = AirflowSettings(server.url, "admin", PASSWORD, dags=("etl_*", "oncall_stuck"))
    airflow = Airflow(settings)
    assert (await airflow.look(TASK)).state == SEEN_FAILED, "looking is allowed"
    outcome = await airflow.act(RESTART)
    assert (outcome.result, server.changes) == (Result.FAILED, [])
    assert outcome.detail == "DAG oncall_timeout is not among AIRFLOW_DAGS. Nothing was sent."
    wrong = airflow.catalogue()["pause_dag"].wrong
    assert wrong({"dag_id": "oncall_timeout"}) == {"dag_id": "is not among AIRFLOW_DAGS"}
    assert wrong({"dag_id": "etl_1"}) == {}
    await airflow.close()


async def test_where_nothing_is_allowed_nothing_is_sent(server: RecordedAirflow) -> None:
    for part in ("monitor/health", "version", "dags"):
        server.say(f"GET /api/v2/{part}", part.rpartition("/")[2])
    airflow = Airflow(AirflowSettings(server.url, "admin", PASSWORD))
    assert (await airflow.act(RESTART)).detail == "DAG oncall_timeout is not among AIRFLOW_DAGS. Nothing was sent."
    assert server.changes == []
    assert (await airflow.check()).endswith("signed in as admin; looks only, because AIRFLOW_DAGS is empty")
    await airflow.close()


@pytest.mark.parametrize("name", ["restart_dag_task", "clear_dag_run", "trigger_dag"])
async def test_nothing_is_started_in_a_paused_dag(server: RecordedAirflow, airflow: Airflow, name: str) -> None:
    server.say(f"GET {DAG}", "paused")
    parameters = {one.name: TASK[one.name] for one in CATALOGUE[name].parameters if one.name in TASK}
    outcome = await airflow.act(action(name, parameters))
    assert (outcome.result, server.changes) == (Result.FAILED, [])
    assert "paused" in outcome.detail


async def test_a_task_that_does_not_exist(server: RecordedAirflow, airflow: Airflow) -> None:
    server.say(f"GET {PART}/-1", "task_unknown")
    server.say(f"GET {PART}/listMapped", "task_unknown")
    outcome = await airflow.act(RESTART)
    assert (outcome.result, server.changes) == (Result.FAILED, [])
    assert "was not found" in outcome.detail


async def test_a_second_trigger_of_the_same_action_starts_nothing(server: RecordedAirflow, airflow: Airflow) -> None:
    server.say(f"POST {DAG}/dagRuns", "triggered", "trigger_twice")
    wanted = action("trigger_dag", {"dag_id": "oncall_timeout"}, DAG_SEEN)
    first, second = await airflow.act(wanted), await airflow.act(wanted)
    assert (first.result, second.result) == (Result.DONE, Result.DONE)
    assert "was not again" in second.detail
    assert {one.body["dag_run_id"] for one in server.changes} == {"oncall__a1"}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("forbidden", "admin lacks the right to edit the task instances of DAG oncall_timeout."),
        ("clear_run_unknown", "Dag Run id nope not found"),
        ("extra_field", "body.nonsense: Extra inputs are not permitted"),
    ],
)
async def test_what_airflow_refuses_has_failed(
    server: RecordedAirflow, airflow: Airflow, answer: str, words: str
) -> None:
    server.say(CLEAR, answer)
    outcome = await airflow.act(RESTART)
    assert outcome.result is Result.FAILED
    assert words in outcome.detail


async def test_an_unknown_action_and_a_strange_parameter_have_failed(server: RecordedAirflow, airflow: Airflow) -> None:
    assert (await airflow.act(replace(RESTART, name="drop_all"))).result is Result.FAILED
    assert (await airflow.act(replace(RESTART, parameters={**TASK, "only_failed": "no"}))).result is Result.FAILED
    assert server.heard == []
