"""Brings a database to the schema of this program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from engine.errors import Misconfigured
from storage.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"


async def upgrade(database: Database) -> None:
    """Make or change the tables; does nothing if all is done. Raises Misconfigured if the database is newer than us.

    On SQLite and PostgreSQL all of it is kept or nothing; MySQL keeps each table at once.
    """
    current, newest = await version(database)
    if current == newest:
        return
    unhurried = replace(database, patience=None)  # a large table takes its time
    async with unhurried.write() as connection:
        await connection.run_sync(_upgrade)


async def version(database: Database) -> tuple[str | None, str]:
    """Return the revision of the database, None if it is empty, and the newest. Raises Misconfigured if it is newer."""
    async with database.read() as connection:
        current = await connection.run_sync(_current)
    scripts = ScriptDirectory.from_config(_config())
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise Misconfigured(
            f"This database was written by a newer oncall program (revision {current});"
            f" this one knows {scripts.get_current_head()}. Install that version or restore a backup."
        )
    return current, scripts.get_current_head() or ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
