"""A real MariaDB."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import PASSWORD, Server, find, free_port, home, missing, run

FAST = (
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-buffer-pool-size=32M",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--max-connections=60",
)


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_mariadb(tmp_path_factory) as server:
        yield server


@contextmanager
def running_mariadb(factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Its owner may do all, and needs its password."""
    sbin = Path("/usr/sbin")
    mariadbd, install = find("mariadbd", sbin), find("mariadb-install-db", sbin)
    if mariadbd is None or install is None:
        missing("MariaDB", "apt-get install -y --no-install-recommends mariadb-server")
    with home(factory, "mariadb", None) as folder:
        server = Server("mysql", [], folder, free_port())
        data, user = f"--datadir={folder / 'data'}", f"--user={getpass.getuser()}"
        run([install, "--no-defaults", data, user, "--auth-root-authentication-method=normal", "--skip-test-db"])
        server.command = [mariadbd, "--no-defaults", data, user, *_settings(server)]
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _settings(server: Server) -> list[str]:
    first = server.folder / "first.sql"
    first.write_text(
        f"CREATE OR REPLACE USER {server.user}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
        f"GRANT ALL ON *.* TO {server.user}@'127.0.0.1' WITH GRANT OPTION;\n"
    )
    # a socket has a name of at most 107 characters: relative to the data, it is short
    bound = ["--bind-address=127.0.0.1", f"--port={server.port}", "--socket=server.sock"]
    return [*bound, f"--init-file={first}", *FAST]
