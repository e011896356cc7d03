"""The Airflow target against what a real Airflow answered, and against everything that can stand before one."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web

from adapters.targets.airflow import Airflow, AirflowSettings
from adapters.targets.airflow.actions import CATALOGUE, spoken
from adapters.targets.airflow.calls import AIRFLOW_2
from engine.errors import Misconfigured, Unreachable
from engine.model import Judgement, Result
from tests.adapters.recorded_airflow import (
    PASSWORD,
    SEEN_FAILED,
    TASK,
    RecordedAirflow,
    action,
    connected,
    recorded_airflow,
)
from tests.servers import free_port

DAG = "/api/v2/dags/oncall_timeout"
RUN = f"{DAG}/dagRuns/inc-1"
PART = f"{RUN}/taskInstances/transform"
CLEAR = f"POST {DAG}/clearTaskInstances"
RESTART = action("restart_dag_task", TASK, SEEN_FAILED)
RUN_SEEN = {"run_state": "failed", "run_ended": "2026-11-21T11:34:15.937732+00:00"}
DAG_SEEN = {"is_paused": "no"}
SEEN = {
    "restart_dag_task": SEEN_FAILED,
    "clear_dag_run": RUN_SEEN,
    "trigger_dag": DAG_SEEN,
    "pause_dag": DAG_SEEN,
    "stop_dag_task": {"state": "running", "try_number": "1"},
}


@pytest.fixture
async def server() -> AsyncIterator[RecordedAirflow]:
    async with recorded_airflow() as server:
        server.say(f"GET {DAG}", "dag_running")
        server.say(f"GET {RUN}", "run_failed")
        server.say(f"GET {PART}/-1", "task_failed")
        yield server


@pytest.fixture
async def airflow(server: RecordedAirflow) -> AsyncIterator[Airflow]:
    async with connected(server.url) as target:
        yield target


# --- look ---------------------------------------------------------------------------------------------------------


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


# --- act ----------------------------------------------------------------------------------------------------------

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


# --- tokens -------------------------------------------------------------------------------------------------------


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


# --- what stands before Airflow -----------------------------------------------------------------------------------


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
    await asyncio.sleep(3)
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
    async with connected(server.url, seconds=1) as airflow:
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
    async with connected(server.url, seconds=1) as airflow:
        with pytest.raises(Unreachable) as caught:
            await airflow.look(TASK)
        assert caught.value.temporary is temporary
        with pytest.raises(Unreachable):
            await airflow.verify(RESTART)
        outcome = await airflow.act(RESTART)
    assert outcome.result is Result.FAILED
    assert "Nothing was sent" in outcome.detail


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
        AirflowSettings(url, username, password, token)


# --- verify -------------------------------------------------------------------------------------------------------


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
    verdict = await airflow.verify(action("restart_dag_task", TASK, seen))
    assert verdict.judgement is judgement, verdict
    assert server.changes == []


async def test_a_call_that_never_arrived_is_said_so(airflow: Airflow) -> None:
    verdict = await airflow.verify(RESTART)
    assert verdict.judgement is Judgement.UNKNOWN
    assert "the request did not arrive" in verdict.detail
    assert "failed, try 1 of 1" in verdict.detail


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


# --- check --------------------------------------------------------------------------------------------------------


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


# --- Airflow 2 ----------------------------------------------------------------------------------------------------


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
