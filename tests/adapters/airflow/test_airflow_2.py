"""The Airflow target against what a real Airflow 2 answered."""

from __future__ import annotations

import base64
import json
from dataclasses import replace

import pytest
from aiohttp import web

from adapters.targets.airflow import Airflow
from adapters.targets.airflow.actions import spoken
from adapters.targets.airflow.calls import AIRFLOW_2
from engine.errors import Unreachable
from engine.model import Result
from tests.adapters.recorded_airflow import DAG, PART, PASSWORD, RESTART, SEEN_FAILED, TASK, RecordedAirflow


def as_airflow_2(server: RecordedAirflow) -> None:
    """The same recordings where Airflow 2 has them; what is really its own is met in tests/real."""
    server.answers = {line.replace("/v2/", "/v1/").replace("/-1", ""): said for line, said in server.answers.items()}
    server.say("GET /api/v2/version", html_404)
    server.say("GET /api/v1/version", "version")


async def html_404(_request: web.Request) -> web.Response:
    return web.Response(text="<html>Airflow 404</html>", content_type="text/html", status=404)


async def removed(_request: web.Request) -> web.Response:
    """What Airflow 3 says of all that was Airflow 2."""
    return web.json_response({"error": "/api/v1 has been removed in Airflow 3"}, status=404)


async def test_airflow_2_is_spoken_to_in_its_own_words(server: RecordedAirflow, airflow: Airflow) -> None:
    as_airflow_2(server)
    basic = "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    assert (await airflow.look(TASK)).state == SEEN_FAILED
    spec = airflow.catalogue()["restart_dag_task"]
    request = spec.request(TASK)
    server.say(f"POST {DAG.replace('v2', 'v1')}/clearTaskInstances", "cleared")
    assert (await airflow.act(replace(RESTART, request=request))).result is Result.DONE
    assert [str(one) for one in server.changes] == [request]
    assert server.logins == 0
    assert {one.token for one in server.heard if not one.path.endswith("version")} == {basic}
    assert {one.token for one in server.heard if one.path.endswith("version")} == {""}, "whoever that is"


def test_requests_to_airflow_2_are_exactly_these() -> None:
    """Never its /dagRuns/R/clear, which runs again what has succeeded; never all parts where one was named."""
    catalogue = spoken(AIRFLOW_2, lambda _dag: True)
    v1 = DAG.replace("v2", "v1")
    clear = {"dry_run": False, "dag_run_id": "inc-1", "only_failed": True, "reset_dag_runs": True}
    line, _, body = catalogue["restart_dag_task"].request(TASK).partition("\n")
    assert line == f"POST {v1}/clearTaskInstances"
    assert json.loads(body) == {**clear, "task_ids": ["transform"], "include_downstream": True}
    line, _, body = catalogue["clear_dag_run"].request({k: TASK[k] for k in ("dag_id", "dag_run_id")}).partition("\n")
    assert (line, json.loads(body)) == (f"POST {v1}/clearTaskInstances", clear)
    part = catalogue["restart_dag_task"].request({**TASK, "map_index": "1"})
    assert part.startswith("No request can be made of this: Airflow 2 cannot run part 1")
    stop = catalogue["stop_dag_task"].request({**TASK, "map_index": "1"})
    assert stop == f'PATCH {PART.replace("v2", "v1")}/1\n{{"dry_run": false, "new_state": "failed"}}'


async def test_an_upgrade_does_not_pass_for_a_dag_that_is_gone(server: RecordedAirflow, airflow: Airflow) -> None:
    kept = dict(server.answers)
    as_airflow_2(server)
    assert (await airflow.look(TASK)).state == SEEN_FAILED
    server.answers = {**{line: [removed] for line in server.answers}, **kept, "GET /api/v2/version": ["version"]}
    with pytest.raises(Unreachable, match="has become Airflow 3 meanwhile"):
        await airflow.look(TASK)
    assert (await airflow.look(TASK)).state == SEEN_FAILED
