"""The Airflow target's token: who gets it, when it is renewed, and that nobody else sees it."""

from __future__ import annotations

import logging

import pytest
from aiohttp import web

from adapters.targets.airflow import Airflow, AirflowSettings
from engine.errors import Misconfigured, Unreachable
from engine.model import Result
from tests.adapters.recorded_airflow import (
    CLEAR,
    DAG,
    PASSWORD,
    RESTART,
    SEEN_FAILED,
    TASK,
    RecordedAirflow,
    connected,
    recorded_airflow,
)


async def test_a_refused_token_is_renewed_once(server: RecordedAirflow, airflow: Airflow) -> None:
    await airflow.look(TASK)
    server.good_token = "another"
    server.say(CLEAR, "cleared")
    await airflow.look(TASK)
    assert server.logins == 2


async def test_a_token_that_stays_refused_fails_after_one_more_login(server: RecordedAirflow, airflow: Airflow) -> None:
    server.say(CLEAR, "token_invalid")
    outcome = await airflow.act(RESTART)
    assert outcome.result is Result.FAILED
    assert "did not accept the token of admin" in outcome.detail
    assert (server.logins, len(server.changes)) == (2, 2)


async def test_a_viewers_403_is_no_reason_to_log_in_again(server: RecordedAirflow, airflow: Airflow) -> None:
    server.say(CLEAR, "forbidden")
    await airflow.act(RESTART)
    assert (server.logins, len(server.changes)) == (1, 1)


async def test_a_given_token_needs_no_password(server: RecordedAirflow) -> None:
    server.good_token = "eyJ-given"
    async with connected(server.url, password="", token="eyJ-given") as airflow:
        assert (await airflow.look(TASK)).state == SEEN_FAILED
        server.good_token = "another"
        with pytest.raises(Unreachable, match="did not accept the token") as caught:
            await airflow.look(TASK)
        assert not caught.value.temporary
    assert server.logins == 0


async def test_a_wrong_password_says_what_to_do(server: RecordedAirflow) -> None:
    async with connected(server.url, password="wrong-password") as airflow:
        with pytest.raises(Unreachable, match="check the user name and the password") as caught:
            await airflow.look(TASK)
        assert not caught.value.temporary
        outcome = await airflow.act(RESTART)
    assert outcome.result is Result.FAILED
    assert "Nothing was sent" in outcome.detail


async def test_no_secret_is_ever_shown(
    server: RecordedAirflow, airflow: Airflow, caplog: pytest.LogCaptureFixture
) -> None:
    async def parrot(request: web.Request) -> web.Response:
        words = f"your {request.headers['Authorization']} and {PASSWORD} are no good"
        return web.json_response({"detail": words}, status=400)

    caplog.set_level(logging.DEBUG)
    server.say(CLEAR, parrot)
    server.say(f"GET {DAG}", "dag_running", parrot)
    shown = [repr(airflow), repr(AirflowSettings(server.url, "admin", PASSWORD, "eyJ-token-nobody-may-see"))]
    shown.append((await airflow.act(RESTART)).detail)
    with pytest.raises(Unreachable) as caught:
        await airflow.look({"dag_id": "oncall_timeout"})
    shown += [str(caught.value), repr(caught.value), caplog.text]
    assert "your Bearer *** and *** are no good" in shown[2]
    for text in shown:
        assert PASSWORD not in text
        assert "nobody-may-see" not in text


async def redirect(_request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/login?secret=abc"})


async def test_a_redirect_never_gets_the_token(server: RecordedAirflow, airflow: Airflow) -> None:
    async with recorded_airflow() as thief:

        async def away(_request: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": f"{thief.url}api"})

        server.say(CLEAR, away)
        outcome = await airflow.act(RESTART)
        assert "a redirect to 127.0.0.1" in outcome.detail
        assert thief.heard == []


async def test_a_proxy_from_the_environment_never_gets_the_token(
    server: RecordedAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recorded_airflow() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with connected(server.url) as airflow:
            assert (await airflow.look(TASK)).state == SEEN_FAILED
        assert proxy.heard == []


async def test_airflow_below_a_path(server: RecordedAirflow) -> None:
    server.answers = {}
    server.say("GET /flow/api/v2/dags/oncall_timeout", "dag_running")
    server.say("POST /flow/auth/token", "login_refused")
    async with connected(f"{server.url}flow/", token="eyJ") as airflow:
        assert (await airflow.look({"dag_id": "oncall_timeout"})).state == {"is_paused": "no"}


@pytest.mark.parametrize(
    ("url", "username", "password", "token"),
    [
        ("airflow:8080", "admin", "x", ""),
        ("ftp://airflow", "admin", "x", ""),
        ("http://airflow", "admin", "", ""),
        ("http://airflow", "", "", "two words"),
        ("http://airflow", "", "", "naïve"),
    ],
)
def test_settings_that_cannot_work_are_refused(url: str, username: str, password: str, token: str) -> None:
    with pytest.raises(Misconfigured):
        AirflowSettings(url, username, password, token, dags=("*",))
