"""A real PgBouncer in front of a real PostgreSQL.

def test(pgbouncer: Pooler):
    pgbouncer.url()                        # its admin console; url("watch") for a user who may look only
    pgbouncer.client("postgres")           # to PostgreSQL, through it
    pgbouncer.writes(default_pool_size=3)  # into its ini, which a reload reads
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import PASSWORD, Server, find, free_port, home, missing
from tests.waiting import PATIENCE

ADMIN, WATCHER = "oncall_agent", "watch"
SMALL = {"default_pool_size": "2", "query_wait_timeout": "20", "pool_mode": "session"}


@dataclass
class Pooler:
    command: list[str]
    folder: Path
    before: Server
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "pgbouncer.log").open("wb") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder)
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail(f"PgBouncer did not start: {(self.folder / 'pgbouncer.log').read_text()[-2000:]}")

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)

    def writes(self, **settings: object) -> None:
        stated = {**SMALL, **settings}
        lines = [f"{name} = {value}" for name, value in stated.items()]
        at = f"host=127.0.0.1 port={self.before.port} dbname=postgres"
        (self.folder / "pgbouncer.ini").write_text(
            f"[databases]\npostgres = {at}\norders-db = {at} pool_size=1\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {self.port}\nunix_socket_dir =\nauth_type = scram-sha-256\n"
            f"auth_file = {self.folder / 'users.txt'}\nadmin_users = {ADMIN}\nstats_users = {WATCHER}\n"
            + "\n".join(lines)
        )

    def url(self, user: str = ADMIN, port: int = 0) -> str:
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{port or self.port}/pgbouncer"

    def client(self, database: str) -> str:
        return f"postgresql://{self.before.user}:{PASSWORD}@127.0.0.1:{self.port}/{database}"


@pytest.fixture(scope="session")
def pgbouncer(tmp_path_factory: pytest.TempPathFactory, postgresql: Server) -> Iterator[Pooler]:
    program = find("pgbouncer", Path("/usr/sbin"))
    if program is None:
        missing("PgBouncer", "apt-get install -y --no-install-recommends pgbouncer")
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    with home(tmp_path_factory, "pgbouncer", user) as folder:
        change = ["-u", user] if user else []
        pooler = Pooler([program, *change, str(folder / "pgbouncer.ini")], folder, postgresql, free_port())
        users = (ADMIN, WATCHER, postgresql.user)
        (folder / "users.txt").write_text("".join(f'"{name}" "{PASSWORD}"\n' for name in users))
        pooler.writes()
        try:
            pooler.start()
            yield pooler
        finally:
            pooler.stop()
