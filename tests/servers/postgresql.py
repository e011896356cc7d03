"""A real PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import PASSWORD, Server, find, free_port, home, missing, run

FAST = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=40")


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_postgresql(tmp_path_factory) as server:
        yield server


@contextmanager
def running_postgresql(factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Its owner may do all, and needs its password."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    postgres, initdb = find("postgres", *folders), find("initdb", *folders)
    if postgres is None or initdb is None:
        missing("PostgreSQL", "apt-get install -y --no-install-recommends postgresql")
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    with home(factory, "postgresql", user) as folder:
        server = Server("postgresql", [], folder, free_port(), system_user=user)
        _fill(initdb, server)
        server.command = [postgres, "-D", str(folder / "data"), "-p", str(server.port), *_settings()]
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _fill(initdb: str, server: Server) -> None:
    secret = server.folder / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    options = ["-A", "scram-sha-256", "-U", server.user, "--pwfile", str(secret), "-E", "UTF8", "--no-sync"]
    run([initdb, "-D", str(server.folder / "data"), "--locale=C.UTF-8", *options], server.system_user)


def _settings() -> list[str]:
    settings = ("listen_addresses=127.0.0.1", "unix_socket_directories=", *FAST)
    return [part for setting in settings for part in ("-c", setting)]
