"""A clear in the moment in which the scheduler ends the run would be lost: it waits until the run has ended."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from adapters.targets.airflow import Airflow, AirflowSettings
from engine.model import Result
from tests.adapters.recorded_airflow import CLEAR, PASSWORD, RESTART, RUN, Misbehave, RecordedAirflow, recording


def run(state: str) -> Misbehave:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({**recording("run_failed")[1], "state": state})

    return answer


def tasks(total: int, asked: list[Any]) -> Misbehave:
    async def answer(request: web.Request) -> web.Response:
        asked.append(request.query.getall("state"))
        return web.json_response({"task_instances": [], "total_entries": total})

    return answer


async def test_it_waits_until_the_scheduler_has_ended_the_run(server: RecordedAirflow, airflow: Airflow) -> None:
    asked: list[Any] = []
    server.say(f"GET {RUN}", run("running"), run("failed"))
    server.say(f"GET {RUN}/taskInstances", tasks(0, asked))
    server.say(CLEAR, "cleared")
    assert (await airflow.act(RESTART)).result is Result.DONE
    heard = [one.path.partition("?")[0] for one in server.heard]
    assert heard.count(RUN) == 2, "asked again before anything was sent"
    assert "running" in asked[0]
    assert "none" not in asked[0], "what waits for the scheduler does not keep the run from ending"


@pytest.mark.parametrize(("state", "moving"), [("failed", 0), ("queued", 0), ("running", 1)])
async def test_a_run_that_is_not_about_to_end_is_not_waited_for(
    server: RecordedAirflow, airflow: Airflow, state: str, moving: int
) -> None:
    server.say(f"GET {RUN}", run(state))
    server.say(f"GET {RUN}/taskInstances", tasks(moving, []))
    server.say(CLEAR, "cleared")
    assert (await airflow.act(RESTART)).result is Result.DONE
    assert [one.path for one in server.heard].count(RUN) == 1


@pytest.mark.parametrize("shown", ["forbidden", "run_unknown"])
async def test_a_run_that_cannot_be_seen_is_not_waited_for(
    server: RecordedAirflow, airflow: Airflow, shown: str
) -> None:
    server.say(f"GET {RUN}", shown)
    server.say(CLEAR, "cleared")
    assert (await airflow.act(RESTART)).result is Result.DONE


async def test_where_the_scheduler_does_not_come_by_the_request_waits_for_it(server: RecordedAirflow) -> None:
    server.say(f"GET {RUN}", run("running"))
    server.say(f"GET {RUN}/taskInstances", tasks(0, []))
    server.say(CLEAR, "cleared")
    airflow = Airflow(AirflowSettings(server.url, "admin", PASSWORD, dags=("*",)), turns=2)
    assert (await airflow.act(RESTART)).result is Result.DONE
    assert [one.path for one in server.heard].count(RUN) == 2
    await airflow.close()
