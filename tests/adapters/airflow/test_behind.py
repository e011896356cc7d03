"""Which failure is behind another's: by the DAG's own order, never by a guess."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from adapters.targets.airflow import Airflow
from adapters.targets.airflow.behind import Plan, Pool, before, names, told
from adapters.targets.airflow.found import Run, Task
from adapters.targets.airflow.where import pool
from tests.adapters.recorded_airflow import DAG, PART, RUN, TASK, RecordedAirflow

PLAN = Plan.model_validate(
    {
        "tasks": [
            {"task_id": "extract", "downstream_task_ids": ["clean", "count"]},
            {"task_id": "clean", "downstream_task_ids": ["transform"]},
            {"task_id": "count", "downstream_task_ids": None},
            {"task_id": "transform", "downstream_task_ids": ["load"]},
            {"task_id": "load"},
        ]
    }
)


def task(task_id: str, map_index: int = -1, state: str = "failed") -> Task:
    return Task(dag_id="d", dag_run_id="r", task_id=task_id, map_index=map_index, try_number=2, state=state)


def test_what_a_task_waits_for_directly_or_not() -> None:
    assert before(PLAN, "load") == {"extract", "clean", "transform"}
    assert before(PLAN, "extract") == frozenset()
    assert before(PLAN, "no-such-task") == frozenset()


def test_a_plan_that_goes_round_has_an_end() -> None:
    around = [{"task_id": "a", "downstream_task_ids": ["b"]}, {"task_id": "b", "downstream_task_ids": ["a"]}]
    assert before(Plan.model_validate({"tasks": around}), "a") == {"a", "b"}


def test_only_one_that_failed_is_named() -> None:
    assert names([task("clean")]) == {"task_id": "clean", "map_index": "-1", "try_number": "2"}
    assert names([]) == {}
    assert names([task("clean"), task("extract")]) == {}
    assert names([task("part", 0), task("part", 1)]) == {}, "which part is meant is not known"


def test_the_sentence_names_few() -> None:
    many = [task(f"t{number}") for number in range(9)]
    assert told(task("load"), many).endswith("has failed: t0, t1, t2, t3, t4 and others.")
    run = Run(dag_id="d", dag_run_id="r", state="failed")
    assert told(run, [task("part", 0), task("part", 1)]) == " What failed in it: part."
    assert told(run, []) == ""


@pytest.mark.parametrize(
    ("slots", "open_slots", "full"), [(3, 0, True), (0, 0, True), (3, -1, True), (3, 1, False), (-1, -1, False)]
)
def test_a_pool(slots: int, open_slots: int, full: bool) -> None:
    assert Pool(slots=slots, open_slots=open_slots).full is full


@pytest.mark.parametrize("name", ["", None, "..", ".", " ", "a/b", "../dags", "a%2Fb", "a?b", "a\nb", "x" * 251, "~"])
def test_a_pool_whose_name_is_none_is_not_asked_for(name: str | None) -> None:
    assert pool(name) == ""


def test_a_pool_with_a_space_in_its_name() -> None:
    assert pool("etl heavy") == "/pools/etl%20heavy"


def shows(body: dict[str, Any]) -> Any:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(body)

    return answer


def instance(task_id: str, state: str, **more: object) -> dict[str, Any]:
    return {**TASK, "task_id": task_id, "map_index": -1, "try_number": 1, "state": state, **more}


@pytest.fixture
def upstream_failed(server: RecordedAirflow) -> RecordedAirflow:
    server.say(f"GET {PART}/-1", shows(instance("transform", "upstream_failed")))
    server.say(f"GET {DAG}/tasks", shows(PLAN.model_dump()))
    failed = [instance("clean", "failed"), instance("count", "failed")]
    server.say(f"GET {RUN}/taskInstances", shows({"task_instances": failed, "total_entries": 2}))
    return server


@pytest.mark.usefixtures("upstream_failed")
async def test_what_was_not_run_names_what_failed_before_it(airflow: Airflow) -> None:
    evidence = await airflow.look(TASK)
    assert evidence.names["task_id"] == "clean"
    assert evidence.healthy is False


@pytest.mark.parametrize("hidden", [f"{DAG}/tasks", f"{RUN}/taskInstances"])
async def test_a_look_does_not_fail_for_what_would_be_good_to_know(
    upstream_failed: RecordedAirflow, airflow: Airflow, hidden: str
) -> None:
    upstream_failed.say(f"GET {hidden}", "forbidden")
    evidence = await airflow.look(TASK)
    assert (evidence.names, evidence.state["state"]) == ({}, "upstream_failed")


async def test_where_there_may_be_more_than_airflow_showed_nothing_is_named(
    upstream_failed: RecordedAirflow, airflow: Airflow
) -> None:
    some = {"task_instances": [instance("clean", "failed")], "total_entries": 101}
    upstream_failed.say(f"GET {RUN}/taskInstances", shows(some))
    assert (await airflow.look(TASK)).names == {}


async def test_a_task_that_waits_for_a_pool(server: RecordedAirflow, airflow: Airflow) -> None:
    server.say(f"GET {PART}/-1", shows(instance("transform", "queued", pool="etl")))
    server.say("GET /api/v2/pools/etl", shows({"name": "etl", "slots": 3, "open_slots": 0}))
    assert (await airflow.look(TASK)).summary.endswith("Its pool etl is full: none of its slots is open.")
    server.say("GET /api/v2/pools/etl", shows({"name": "etl", "slots": 3, "open_slots": 2}))
    assert "pool" not in (await airflow.look(TASK)).summary
