"""Addresses, and what is said when a database cannot be used."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from engine.errors import Misconfigured, Refused, Unreachable
from engine.events import Noted, apply
from storage.address import address
from storage.database import Database, connect
from storage.hold import hold
from storage.incidents import SqlIncidents
from storage.upgrade import upgrade
from tests.contracts.story import at, new_id, opened
from tests.servers import PASSWORD, Server
from tests.servers.mariadb import running_mariadb
from tests.servers.postgresql import running_postgresql

RUNNING = {"postgresql": running_postgresql, "mariadb": running_mariadb}

LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sqlite:///./data/x.db", "sqlite+aiosqlite:///./data/x.db"),
        ("sqlite+aiosqlite:////x.db", "sqlite+aiosqlite:////x.db"),
        ("postgres://a:b%40c@h/d", "postgresql+asyncpg://a:b%40c@h/d"),
        (" postgresql://h:5433/d?sslmode=require ", "postgresql+asyncpg://h:5433/d?ssl=require"),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
        ("mysql://a:b@h/d", "mysql+asyncmy://a:b@h/d?charset=utf8mb4"),
        ("mariadb://a:b@h/d?charset=utf8mb4", "mysql+asyncmy://a:b@h/d?charset=utf8mb4"),
        ("mariadb+asyncmy://h/d", "mysql+asyncmy://h/d?charset=utf8mb4"),
    ],
)
def test_an_address_gets_its_driver(written: str, meant: str) -> None:
    assert address(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "x.db",
        "oracle://a:s3cret@h/d",
        "mysql+pymysql://a:s3cret@h/d",
        "sqlite://",
        "sqlite:///:memory:",
        "mysql://a:s3cret@h:p/d",
    ],
)
def test_a_wrong_address_says_what_to_write(written: str) -> None:
    with pytest.raises(Misconfigured, match="DATABASE_URL must be sqlite:") as caught:
        address(written)
    assert "s3cret" not in str(caught.value)


async def test_a_sqlite_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "oncall.db"
    async with connect(f"sqlite:///{file}") as database:
        await upgrade(database)
        async with database.read() as connection:
            answers = [
                await connection.scalar(text(f"PRAGMA {name}"))
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        modes = {path.name: path.stat().st_mode & 0o777 for path in (file.parent, *file.parent.iterdir())}
    assert answers == ["wal", 2, 1]
    assert modes == {"folder": 0o700, "oncall.db": 0o600, "oncall.db-wal": 0o600, "oncall.db-shm": 0o600}


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match=r"file/oncall\.db cannot be opened: .*DATABASE_URL"):
        async with connect(f"sqlite:///{tmp_path}/file/oncall.db"):
            pass


async def test_what_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "oncall.db").write_text("these are my notes " * 100)
    with pytest.raises(Misconfigured, match="damaged or no database"):
        async with connect(f"sqlite:///{tmp_path}/oncall.db") as database:
            await upgrade(database)


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    command = [sys.executable, "-c", LOCK, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        yield
        process.kill()


async def test_a_locked_sqlite_file_is_unreachable_for_a_while(tmp_path: Path) -> None:
    file = tmp_path / "oncall.db"
    async with connect(f"sqlite:///{file}", busy=0.2) as database:
        await upgrade(database)
        incidents = SqlIncidents(database)
        with locked(file):
            with pytest.raises(Unreachable, match="another program is writing") as caught:
                await incidents.open(new_id(), opened())
            assert caught.value.temporary
            assert list(await incidents.list()) == []  # to read is possible
        assert (await incidents.open(new_id(), opened())).number == 1


async def test_a_full_disk_is_unreachable_for_a_while(tmp_path: Path) -> None:
    async with connect(f"sqlite:///{tmp_path}/oncall.db") as database:
        await upgrade(database)
        incidents = SqlIncidents(database)
        async with database.write() as connection:
            pages = await connection.scalar(text("PRAGMA page_count"))
            await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
        with pytest.raises(Unreachable, match="its disk is full") as caught:
            await incidents.open(new_id(), opened(text="x" * 100_000))
        assert caught.value.temporary
        assert list(await incidents.list()) == []


async def test_a_writer_has_sqlite_from_its_first_word(tmp_path: Path) -> None:
    """One that reads first and then writes would else be told 'database is locked' at once."""
    url = f"sqlite:///{tmp_path}/oncall.db"
    async with connect(url) as one, connect(url, busy=0.1) as other:
        await upgrade(one)
        async with one.write() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM incidents")) == 0
            with pytest.raises(Unreachable, match="another program is writing"):
                await SqlIncidents(other).open(new_id(), opened())
            await connection.execute(text("UPDATE counters SET value = 7"))
        assert (await SqlIncidents(other).open(new_id(), opened())).number == 8


async def test_two_programs_number_incidents_together(database_url: str) -> None:
    async with connect(database_url) as one, connect(database_url) as other:
        await upgrade(one)
        desks = (SqlIncidents(one), SqlIncidents(other))
        tries = (desks[number % 2].open(new_id(number), opened(f"failure {number}")) for number in range(30))
        numbers = [incident.number for incident in await asyncio.gather(*tries)]
    assert sorted(numbers) == list(range(1, 31))


@pytest.mark.real
@pytest.mark.parametrize("kind", RUNNING)
async def test_a_server_that_has_gone_is_unreachable_until_it_is_back(
    kind: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with RUNNING[kind](tmp_path_factory) as server:
        async with connect(await server.fresh()) as database, hold(database) as held:
            await upgrade(database)
            incidents = SqlIncidents(database)
            await incidents.open(new_id(), opened())
            with pytest.raises(Unreachable, match=r"does not answer|starting or stopping"):
                await _write_while_it_dies(database, server)
            for call in (incidents.get(new_id()), incidents.open(new_id(2), opened("two")), held.check()):
                with pytest.raises(Unreachable) as caught:
                    await call
                assert caught.value.temporary
                assert PASSWORD not in str(caught.value)
                assert f"127.0.0.1:{server.port}/test_" in str(caught.value)
            server.start()
            await held.check()
            async with connect(database.url.render_as_string(hide_password=False)) as other:
                with pytest.raises(Refused):
                    await _take(other)
            assert (await incidents.open(new_id(2), opened("two"))).number == 2


async def _write_while_it_dies(database: Database, server: Server) -> None:
    async with database.write() as connection:
        server.kill()
        await connection.execute(text("SELECT 1"))


async def _take(database: Database) -> None:
    async with hold(database):
        pass


@pytest.mark.real
@pytest.mark.parametrize("kind", RUNNING)
async def test_a_refused_password_or_name_is_for_a_person_to_mend(kind: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(kind)
    url = await server.fresh()
    wrong = {url.replace(PASSWORD, "wr0ng"): "user name or password", url + "x": "no database of that name"}
    for address_now, reason in wrong.items():
        with pytest.raises(Misconfigured, match=reason) as caught:
            async with connect(address_now) as database:
                await upgrade(database)
        assert PASSWORD not in str(caught.value)
        assert "wr0ng" not in str(caught.value)


@pytest.mark.real
@pytest.mark.parametrize("kind", RUNNING)
async def test_a_server_that_never_answers_is_unreachable(kind: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(kind)
    sleep = {"postgresql": "SELECT pg_sleep(60)", "mariadb": "SELECT sleep(60)"}[kind]
    async with connect(await server.fresh(), patience=3) as database:
        with pytest.raises(Unreachable, match="does not answer"):
            async with database.read() as connection:
                await connection.execute(text(sleep))
        await upgrade(database)


async def test_a_change_that_is_cut_short_is_kept_whole_or_not_at_all(database: Database) -> None:
    """Tasks are cancelled when the program stops, at any point of their way."""
    incidents = SqlIncidents(database)
    await incidents.open(new_id(), opened())
    for turn in range(60):
        incident = await incidents.get(new_id())
        note = Noted(at(turn), "ann", str(turn))
        task = asyncio.create_task(incidents.append(apply(incident, note), note))
        await asyncio.sleep(turn * 0.0001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert len(await incidents.timeline(new_id())) == (await incidents.get(new_id())).sequence
