"""The Airflow target against everything that can stand before an Airflow."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from adapters.targets.airflow import Airflow
from engine.errors import Unreachable
from engine.model import Result
from tests.adapters.recorded_airflow import CLEAR, DAG, PART, RESTART, TASK, RecordedAirflow, connected
from tests.servers import free_port
from tests.waiting import PATIENCE


async def html_200(_request: web.Request) -> web.Response:
    return web.Response(text="<html>Please sign in</html>", content_type="text/html")


async def html_502(_request: web.Request) -> web.Response:
    return web.Response(text="<html>502 Bad Gateway</html>", content_type="text/html", status=502)


async def html_403(_request: web.Request) -> web.Response:
    return web.Response(text="<html>no</html>", content_type="text/html", status=403)


async def server_error(_request: web.Request) -> web.Response:
    return web.Response(text="Internal Server Error", status=500)


async def half_json(_request: web.Request) -> web.Response:
    return web.Response(text='{"task_instances": [', content_type="application/json")


async def other_json(_request: web.Request) -> web.Response:
    return web.json_response(["nothing", "that", "Airflow", "says"])


async def slow(_request: web.Request) -> web.Response:
    await asyncio.sleep(5)
    return web.Response()


async def hang_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * 1_000_000)


async def redirect(_request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/login?secret=abc"})


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (html_200, Result.UNKNOWN),
        (html_502, Result.UNKNOWN),
        (server_error, Result.UNKNOWN),
        (half_json, Result.UNKNOWN),
        (other_json, Result.UNKNOWN),
        (slow, Result.UNKNOWN),
        (hang_up, Result.UNKNOWN),
        (endless, Result.UNKNOWN),
        (html_403, Result.FAILED),
        (redirect, Result.FAILED),
    ],
)
async def test_what_may_have_arrived_is_unknown(server: RecordedAirflow, answer: object, result: Result) -> None:
    server.say(CLEAR, answer)  # type: ignore[arg-type]  # a table of misbehaviours
    async with connected(server.url, seconds=2 if answer in (slow, endless) else PATIENCE) as airflow:
        outcome = await airflow.act(RESTART)
    assert outcome.result is result, outcome
    assert len(outcome.detail) < 500
    assert "<html>" not in outcome.detail
    assert len(server.changes) == 1


@pytest.mark.parametrize(
    ("answer", "temporary"),
    [
        (html_200, False),
        (html_502, True),
        (server_error, True),
        (half_json, False),
        (other_json, False),
        (slow, True),
        (hang_up, True),
        (endless, True),
        (redirect, False),
    ],
)
async def test_a_look_that_gets_no_answer_is_unreachable(
    server: RecordedAirflow, answer: object, temporary: bool
) -> None:
    server.say(f"GET {PART}/-1", answer)  # type: ignore[arg-type]  # a table of misbehaviours
    async with connected(server.url, seconds=2 if answer in (slow, endless) else PATIENCE) as airflow:
        with pytest.raises(Unreachable) as caught:
            await airflow.look(TASK)
        assert caught.value.temporary is temporary
        with pytest.raises(Unreachable):
            await airflow.verify(RESTART)
        outcome = await airflow.act(RESTART)
    assert outcome.result is Result.FAILED
    assert "Nothing was sent" in outcome.detail


async def test_a_refused_connection_means_that_nothing_was_sent() -> None:
    async with connected(f"http://127.0.0.1:{free_port()}") as airflow:
        with pytest.raises(Unreachable, match="cannot be reached") as caught:
            await airflow.look(TASK)
        assert caught.value.temporary
        outcome = await airflow.act(RESTART)
    assert outcome.result is Result.FAILED
    assert "Nothing was sent" in outcome.detail


async def test_a_connection_refused_at_the_last_moment_still_means_that_nothing_was_sent(
    server: RecordedAirflow, airflow: Airflow
) -> None:
    async def last(_request: web.Request) -> web.Response:
        await server.stop_listening()
        return web.json_response({"dag_id": "oncall_timeout", "is_paused": False})

    server.say(f"GET {DAG}", last)
    outcome = await airflow.act(RESTART)
    assert outcome.result is Result.FAILED
    assert "cannot be reached" in outcome.detail
    assert "Nothing was sent" in outcome.detail


async def test_an_endless_answer_is_not_read_to_its_end(server: RecordedAirflow, airflow: Airflow) -> None:
    server.say(CLEAR, endless)
    assert "an answer without end" in (await airflow.act(RESTART)).detail
