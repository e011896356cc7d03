"""A real Airflow 2, the last of its line: the same DAGs, an environment and a home of its own, two processes."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers import PASSWORD, free_port
from tests.servers.airflow import DAG_COUNT, DAGS, HERE, AirflowServer, installed, process
from tests.waiting import PATIENCE

VERSION = "2.11.2"
CONSTRAINTS = HERE / "airflow2-constraints.txt"
USERS = {"admin": "Admin", "viewer": "Viewer"}
KEY = "only-for-tests-0123456789abcdef0123456789abcdef"


PROCESSES = ("webserver", "scheduler")


class Airflow2Server(AirflowServer):
    """Spoken to at /api/v1, with the password in each request."""

    async def trigger(self, dag_id: str, run_id: str) -> None:
        await self.unpause(dag_id)
        await self.api("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"dag_run_id": run_id})

    async def api(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        auth = (self.username, self.password)
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=60, auth=auth) as client:
            answer = await client.request(method, path.replace("/api/v2/", "/api/v1/"), json=body)
            answer.raise_for_status()
            return dict(answer.json())


def environment(venv: Path, home: Path, port: int) -> dict[str, str]:
    settings = {
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_FOLDER": str(DAGS),
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "2",
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "API__AUTH_BACKENDS": "airflow.api.auth.backend.basic_auth,airflow.api.auth.backend.session",
        "WEBSERVER__SECRET_KEY": KEY,
        "WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
        "WEBSERVER__WEB_SERVER_PORT": str(port),
        "WEBSERVER__WORKERS": "1",
        "WEBSERVER__WORKER_REFRESH_INTERVAL": "0",
        "SCHEDULER__JOB_HEARTBEAT_SEC": "2",
        "SCHEDULER__PARSING_PROCESSES": "1",
        "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return {
        "PATH": f"{venv / 'bin'}:/usr/bin:/bin",
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
        "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",  # two tasks at a time SQLite can bear
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
    }


def prepared(venv: Path) -> Path:
    """A home with a database and its users, made once: each of its commands takes seconds."""
    home = venv / "home"
    with (venv / "home.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "ready").exists():
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            _run(venv, home, "db", "migrate")
            _run(venv, home, "sync-perm")
            for user, role in USERS.items():
                names = ["-u", user, "-p", PASSWORD, "-r", role, "-f", user, "-l", user, "-e", f"{user}@example.com"]
                _run(venv, home, "users", "create", *names)
            (home / "ready").touch()
    return home


def _run(venv: Path, home: Path, *line: str) -> None:
    env = environment(venv, home, 1)
    subprocess.run([str(venv / "bin/airflow"), *line], env=env, check=True, capture_output=True, timeout=600)


@contextmanager
def running(venv: Path, home: Path) -> Iterator[Airflow2Server]:
    started = time.monotonic()
    shutil.copytree(prepared(venv), home, dirs_exist_ok=True)
    (home / "mended").mkdir()
    port = free_port()
    env = environment(venv, home, port)
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        program = str(venv / "bin" / "airflow")
        processes = [stack.enter_context(process([program, name], env, home / f"{name}.out")) for name in PROCESSES]
        server = Airflow2Server(url, home, dict.fromkeys(USERS, PASSWORD), tuple(one.pid for one in processes))
        _await(server, processes)
        server.seconds_to_start = round(time.monotonic() - started, 1)
        yield server


def _await(server: Airflow2Server, processes: list[subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _healthy(server):
        dead = [str(one.args) for one in processes if one.poll() is not None]
        if dead or time.monotonic() > deadline:
            said = "\n".join(path.read_text(errors="replace")[-1500:] for path in server.home.glob("*.out"))
            raise RuntimeError(f"Airflow 2 did not start ({dead or 'too slow'}):\n{said}")
        time.sleep(0.3)


def _healthy(server: Airflow2Server) -> bool:
    auth = (server.username, server.password)
    try:
        with httpx.Client(base_url=server.url, trust_env=False, timeout=60, auth=auth) as client:
            health = client.get("/api/v1/health").json()
            dags = client.get("/api/v1/dags").json()
        return health["scheduler"]["status"] == "healthy" and int(dags["total_entries"]) >= DAG_COUNT
    except (httpx.HTTPError, ValueError, KeyError):
        return False


@pytest.fixture(scope="session")
def airflow2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow2Server]:
    with running(installed(VERSION, CONSTRAINTS), tmp_path_factory.mktemp("airflow2")) as server:
        yield server
