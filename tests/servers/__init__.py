"""Real servers that the tests start themselves, on a free port of this machine, and stop by process id."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.waiting import PATIENCE

PASSWORD = "s3cret-of-the-tests"
_databases = count(1)
_ports = count(secrets.randbelow(10_000))


@dataclass
class Server:
    """A running server. ``start`` and ``kill`` are for tests that pull the plug on one of their own."""

    kind: str
    command: list[str]
    folder: Path
    port: int
    user: str = "oncall"
    system_user: str | None = None
    process: subprocess.Popen[bytes] | None = None

    host = "127.0.0.1"
    password = PASSWORD

    def start(self) -> None:
        with (self.folder / "server.log").open("wb") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, cwd=self.folder, **_as(self.system_user)
            )
        self._wait()

    def kill(self) -> None:
        """Without a chance to say goodbye. PostgreSQL is a family of processes: SIGQUIT ends them all at once."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT if self.kind == "postgresql" else signal.SIGKILL)
            self.process.wait(PATIENCE)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def url(self, database: str) -> str:
        return f"{self.kind}://{self.user}:{self.password}@{self.host}:{self.port}/{database}"

    async def fresh(self) -> str:
        """Make an empty database and return its address."""
        name = f"test_{os.getpid()}_{next(_databases)}"
        engine = create_async_engine(self._own(), isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
        await engine.dispose()
        return self.url(name)

    def _own(self) -> str:
        driver, database = {"postgresql": ("asyncpg", "postgres"), "mysql": ("asyncmy", "mysql")}[self.kind]
        return self.url(database).replace("://", f"+{driver}://", 1)

    def _wait(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.process is not None and self.process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return
            time.sleep(0.1)
        pytest.fail(f"{self.kind} did not start: {(self.folder / 'server.log').read_text()[-2000:]}")

    def _answers(self) -> bool:
        """Both servers send or take a first byte only once they are ready; the log says when."""
        log = (self.folder / "server.log").read_text()
        ready = {"postgresql": "ready to accept connections", "mysql": "ready for connections"}[self.kind]
        if ready not in log:
            return False
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((self.host, self.port)) == 0


def missing(name: str, install: str) -> NoReturn:
    """This machine lacks a server: say the one line that brings it."""
    message = f"{name} is not installed here. To run these tests: {install}"
    if os.environ.get("ONCALL_TESTS_NO_SKIP") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def free_port() -> int:
    """Not one of those that the system gives to whoever asks: until its server is up, nobody else may get it."""
    while True:
        port = 20_000 + next(_ports) % 10_000
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def find(program: str, *folders: Path) -> str | None:
    """The program's path, on the PATH or in the newest of the folders that has it."""
    beside = sorted((folder / program for folder in folders if (folder / program).exists()), reverse=True)
    return shutil.which(program) or (str(beside[0]) if beside else None)


@contextmanager
def home(factory: pytest.TempPathFactory, name: str, system_user: str | None) -> Iterator[Path]:
    """A folder for the server's files. Pytest's own is closed to another user, who gets one beside it."""
    if system_user is None:
        yield factory.mktemp(name)
        return
    with tempfile.TemporaryDirectory(prefix=f"oncall-{name}-") as folder:
        shutil.chown(folder, system_user)
        yield Path(folder)


def run(command: list[str], system_user: str | None = None) -> None:
    subprocess.run(command, check=True, capture_output=True, cwd="/", **_as(system_user))


def _as(user: str | None) -> dict[str, Any]:
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
