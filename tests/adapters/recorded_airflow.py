"""An Airflow made of recordings: it answers what a real one once answered, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from adapters.targets.airflow import Airflow, AirflowSettings
from adapters.targets.airflow.actions import CATALOGUE
from engine.model import Action
from tests.waiting import PATIENCE

RECORDINGS = Path(__file__).parents[1] / "recorded" / "airflow"
PASSWORD = "a-pass-word-nobody-may-see"

Misbehave = Callable[[web.Request], Awaitable[web.StreamResponse]]
Answer = str | Misbehave


def recording(name: str) -> tuple[int, Any]:
    kept = json.loads((RECORDINGS / f"{name}.json").read_text())
    return kept["status"], kept["body"]


@dataclass(frozen=True)
class Heard:
    method: str
    path: str
    body: Any
    token: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}\n{json.dumps(self.body)}"


@dataclass
class RecordedAirflow:
    """``answers`` maps ``METHOD /path`` (as sent, without the query) to a recording's name or to a misbehaviour.

    Of several answers each is given once, the last for ever. What has no answer was not expected: 418.
    """

    url: str = ""
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    heard: list[Heard] = field(default_factory=list)
    logins: int = 0
    good_token: str = ""
    running: BaseTestServer | None = None

    def say(self, request: str, *answers: Answer) -> None:
        self.answers[request] = list(answers)

    @property
    def changes(self) -> list[Heard]:
        return [one for one in self.heard if one.method != "GET"]

    async def stop_listening(self) -> None:
        """Whoever is connected is answered; whoever comes from now on is refused."""
        assert self.running is not None
        assert self.running.runner is not None
        for site in list(self.running.runner.sites):
            await site.stop()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body: Any = await request.json() if request.can_read_body else None
        if request.raw_path == "/auth/token" and "POST /auth/token" not in self.answers:
            return self._sign_in(body)
        if request.raw_path.endswith("/api/v2/version") and "GET /api/v2/version" not in self.answers:
            return _as_recorded("version")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.heard.append(Heard(request.method, request.raw_path, body, token))
        if self.good_token and token != self.good_token and not token.startswith("Basic "):
            return _as_recorded("token_invalid")
        answers = self.answers.get(f"{request.method} {request.raw_path.partition('?')[0]}")
        if not answers:
            return web.json_response({"detail": "nobody expected this"}, status=418)
        one = answers.pop(0) if len(answers) > 1 else answers[0]
        return _as_recorded(one) if isinstance(one, str) else await one(request)

    def _sign_in(self, body: Mapping[str, str]) -> web.Response:
        if body["password"] != PASSWORD:
            return _as_recorded("login_refused")
        self.logins += 1
        self.good_token = f"eyJ-token-number-{self.logins}-nobody-may-see"
        return web.json_response({"access_token": self.good_token}, status=201)


def _as_recorded(name: str) -> web.Response:
    status, body = recording(name)
    return web.json_response(body, status=status)


@asynccontextmanager
async def recorded_airflow() -> AsyncIterator[RecordedAirflow]:
    server = RecordedAirflow()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.answer)
    async with TestServer(app, host="127.0.0.1") as running:
        server.url, server.running = str(running.make_url("/")), running
        yield server


@asynccontextmanager
async def connected(
    url: str, password: str = PASSWORD, token: str = "", seconds: float = PATIENCE, username: str = "admin"
) -> AsyncIterator[Airflow]:
    target = Airflow(AirflowSettings(url, username, password, token, seconds, ("*",)))
    try:
        yield target
    finally:
        await target.close()


TASK = {"dag_id": "oncall_timeout", "dag_run_id": "inc-1", "task_id": "transform"}
SEEN_FAILED = {"state": "failed", "try_number": "1"}


def action(
    name: str, parameters: Mapping[str, str], seen: Mapping[str, str] | None = None, target: str = "airflow"
) -> Action:
    spec = CATALOGUE[name]
    request = spec.request(parameters)
    return Action("a1", target, name, parameters, spec.risk, spec.effect, spec.undo, request, seen or {})


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
