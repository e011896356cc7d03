"""A real Airflow 3 on this machine: its own venv, its own home, three processes, all on 127.0.0.1."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.servers import free_port, missing
from tests.waiting import PATIENCE

VERSION = "3.3.2"
HERE = Path(__file__).parent
CONSTRAINTS = HERE / "airflow-constraints.txt"
DAGS = HERE / "dags"
DAG_COUNT = 5
PROCESSES = ("api-server", "scheduler", "dag-processor")


@dataclass
class AirflowServer:
    """A running Airflow. ``home / "logs"`` has its logs; a failing run succeeds once it is mended."""

    url: str
    home: Path
    passwords: Mapping[str, str] = field(repr=False)
    pids: tuple[int, ...] = ()
    seconds_to_start: float = 0.0
    username: str = "admin"
    viewer: str = "viewer"

    @property
    def password(self) -> str:
        return self.passwords[self.username]

    @property
    def settings(self) -> dict[str, str]:
        """What the program's settings say of it."""
        return {
            "AIRFLOW_URL": self.url,
            "AIRFLOW_USERNAME": self.username,
            "AIRFLOW_PASSWORD": self.password,
            "AIRFLOW_DAGS": "*",
        }

    @property
    def viewer_password(self) -> str:
        return self.passwords[self.viewer]

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @contextmanager
    def scheduler_stands_still(self) -> Iterator[None]:
        """Its tasks go on: each is a process of its own."""
        scheduler = psutil.Process(self.pids[PROCESSES.index("scheduler")])
        scheduler.suspend()
        try:
            yield
        finally:
            scheduler.resume()

    def mend(self, run_id: str, task_id: str = "") -> None:
        """From now on this run's tasks, or only the one named, succeed."""
        (self.home / "mended" / (f"{run_id}.{task_id}" if task_id else run_id)).touch()

    async def unpause(self, dag_id: str, *, paused: bool = False) -> None:
        await self.api("PATCH", f"/api/v2/dags/{dag_id}?update_mask=is_paused", {"is_paused": paused})

    async def trigger(self, dag_id: str, run_id: str) -> None:
        """Unpause the DAG and start a run of it."""
        await self.unpause(dag_id)
        await self.api("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"dag_run_id": run_id, "logical_date": None})

    async def task(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> dict[str, Any]:
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        return await self.api("GET", path if map_index < 0 else f"{path}/{map_index}")

    async def run_ends(self, dag_id: str, run_id: str, *states: str) -> dict[str, Any]:
        """Wait until the run is in one of the states, by default until it has ended."""
        return await self._until(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}", states or ("success", "failed"))

    async def task_is(self, dag_id: str, run_id: str, task_id: str, *states: str) -> dict[str, Any]:
        return await self._until(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}", states)

    async def api(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=60) as client:
            login = await client.post("/auth/token", json={"username": self.username, "password": self.password})
            headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
            answer = await client.request(method, path, json=body, headers=headers)
            answer.raise_for_status()
            return dict(answer.json())

    async def _until(self, path: str, states: tuple[str, ...]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while (found := await self.api("GET", path))["state"] not in states:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} is still {found['state']}")
            await asyncio.sleep(0.3)
        return found


def cache() -> Path:
    return Path(os.environ.get("ONCALL_TEST_CACHE") or Path.home() / ".cache" / "oncall-agent")


def installed(version: str = VERSION, constraints: Path = CONSTRAINTS) -> Path:
    """The venv with this Airflow in it, made on first use; two test runs at once make it once."""
    venv = cache() / f"airflow-{version}"
    venv.parent.mkdir(parents=True, exist_ok=True)
    with (venv.parent / f"airflow-{version}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (venv / "ready").exists():
            _install(venv, version, constraints)
    return venv


def _install(venv: Path, version: str, constraints: Path) -> None:
    shutil.rmtree(venv, ignore_errors=True)
    line = [str(venv / "bin" / "pip"), "install", "-q", f"apache-airflow=={version}", "-c", str(constraints)]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, capture_output=True)
        subprocess.run(line, check=True, capture_output=True, timeout=900)
    except (subprocess.SubprocessError, OSError) as error:
        missing(f"apache-airflow {version} ({error})", f"{sys.executable} -m venv {venv} && {' '.join(line)}")
    (venv / "ready").touch()


def environment(venv: Path, home: Path, port: int) -> dict[str, str]:
    settings = {
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_FOLDER": str(DAGS),
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        "CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,viewer:viewer",
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__WORKERS": "1",
        "API__BASE_URL": f"http://127.0.0.1:{port}",
        "API_AUTH__JWT_SECRET": "only-for-tests-0123456789abcdef0123456789abcdef0123456789abcdef",
        "DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "USAGE_DATA_COLLECTION__ENABLED": "False",
    }
    return {
        "PATH": f"{venv / 'bin'}:{os.environ['PATH']}",
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
    }


@contextmanager
def running(venv: Path, home: Path) -> Iterator[AirflowServer]:
    started = time.monotonic()
    (home / "mended").mkdir(parents=True)
    port = free_port()
    env = environment(venv, home, port)
    program = str(venv / "bin" / "airflow")
    subprocess.run([program, "db", "migrate"], env=env, check=True, capture_output=True)
    with ExitStack() as stack:
        processes = [stack.enter_context(process([program, name], env, home / f"{name}.out")) for name in PROCESSES]
        url = f"http://127.0.0.1:{port}"
        _await_health(url, processes, home)
        passwords = json.loads((home / "simple_auth_manager_passwords.json.generated").read_text())
        pids = tuple(process.pid for process in processes)
        yield AirflowServer(url, home, passwords, pids, round(time.monotonic() - started, 1))


@contextmanager
def process(line: list[str], env: Mapping[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    with output.open("wb") as out, subprocess.Popen(line, env=env, stdout=out, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the process, then end whatever it started: a task runs in a session of its own and outlives the scheduler."""
    workers = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
    for worker in workers:  # psutil knows them by pid and start, so a reused pid is never ended
        with suppress(psutil.NoSuchProcess):
            worker.kill()


def _await_health(url: str, processes: list[subprocess.Popen[bytes]], home: Path) -> None:
    """Healthy means that the database, the scheduler and the DAG processor are, and the DAGs have been read."""
    deadline = time.monotonic() + PATIENCE
    while not _healthy(url, home):
        dead = [str(process.args) for process in processes if process.poll() is not None]
        if dead or time.monotonic() > deadline:
            said = "\n".join((home / f"{name}.out").read_text(errors="replace")[-1500:] for name in PROCESSES)
            raise RuntimeError(f"Airflow did not start ({dead or 'too slow'}):\n{said}")
        time.sleep(0.2)


def _healthy(url: str, home: Path) -> bool:
    parts = ("metadatabase", "scheduler", "dag_processor")
    try:
        health = httpx.get(f"{url}/api/v2/monitor/health", trust_env=False, timeout=60).json()
        return all(health[part]["status"] == "healthy" for part in parts) and _dags_read(url, home)
    except (httpx.HTTPError, OSError, ValueError, KeyError):  # a start has many beginnings
        return False


def _dags_read(url: str, home: Path) -> bool:
    passwords = json.loads((home / "simple_auth_manager_passwords.json.generated").read_text())
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        login = client.post("/auth/token", json={"username": "admin", "password": passwords["admin"]})
        dags = client.get("/api/v2/dags", headers={"Authorization": f"Bearer {login.json()['access_token']}"})
    return int(dags.json()["total_entries"]) >= DAG_COUNT


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AirflowServer]:
    with running(installed(), tmp_path_factory.mktemp("airflow")) as server:
        yield server
