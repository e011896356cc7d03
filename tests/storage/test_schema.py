"""The migrations make exactly the tables that the program knows, on each database."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Column, Connection, text

from engine.errors import Misconfigured
from storage.database import Database, connect
from storage.incidents import SqlIncidents
from storage.tables import metadata
from storage.upgrade import upgrade, version
from tests.contracts.story import new_id, opened


def differences(connection: Connection) -> Any:
    options = {"compare_type": _types_differ, "compare_server_default": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def _types_differ(context: MigrationContext, _inspected: Column[Any], wanted: Column[Any], *types: Any) -> bool | None:
    """MariaDB's JSON is another name of LONGTEXT; all else is left to Alembic."""
    if context.dialect.name == "mysql" and isinstance(wanted.type, JSON):
        return str(types[0].compile(context.dialect)).partition(" ")[0] not in ("LONGTEXT", "JSON")
    return None


async def test_the_migrations_make_exactly_the_tables_we_know(database: Database) -> None:
    async with database.read() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_difference_would_be_seen(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("DROP INDEX ix_incidents_status_number" + _on(database, "incidents")))
        await connection.execute(text("ALTER TABLE actions DROP COLUMN parameters"))
    async with database.read() as connection:
        found = str(await connection.run_sync(differences))
    assert "ix_incidents_status_number" in found
    assert "parameters" in found


async def test_upgrading_twice_changes_nothing(database: Database) -> None:
    before = await version(database)
    await upgrade(database)
    assert before == await version(database) == ("0005", "0005")


async def test_an_empty_database_has_no_version(database_url: str) -> None:
    async with connect(database_url) as database:
        assert await version(database) == (None, "0005")


async def test_a_database_of_a_newer_program_is_left_alone(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for call in (upgrade, version):
        with pytest.raises(Misconfigured, match=r"newer oncall program \(revision 9999\).*restore a backup"):
            await call(database)


async def test_without_tables_it_says_how_to_make_them(database_url: str) -> None:
    async with connect(database_url) as database:
        with pytest.raises(Misconfigured, match="oncall db upgrade"):
            await SqlIncidents(database).numbered(1)


async def test_what_was_untold_before_rooms_were_kept_is_still_told(database: Database) -> None:
    incidents = SqlIncidents(database, ("web",), lambda _listener, _incident: "incidents")
    for number in (1, 2):
        await incidents.open(new_id(number), opened(f"failure {number}"))
    async with database.write() as connection:
        await connection.execute(text("UPDATE untold SET room = NULL WHERE event_id = 1"))
    assert [one.incident.number for one in await incidents.untold("web", 1)] == [1, 2]
    assert [one.incident.number for one in await incidents.untold("web", 1, ("incidents",))] == [1]


def _on(database: Database, table: str) -> str:
    return f" ON {table}" if database.url.get_backend_name() == "mysql" else ""
