"""Insert a row or change the one that has its key, in one statement, as each database says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Insert, Table
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


async def put(connection: AsyncConnection, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Keep ``values`` under the primary key ``key``. ``table`` must have no other unique key: MySQL would match it."""
    await connection.execute(_statement(connection.dialect.name, table, key, values))


def _statement(dialect: str, table: Table, key: Mapping[str, Any], values: Mapping[str, Any]) -> Insert:
    row = {**key, **values}
    match dialect:
        case "mysql":
            return mysql.insert(table).values(row).on_duplicate_key_update(dict(values))
        case "postgresql":
            return postgresql.insert(table).values(row).on_conflict_do_update(index_elements=list(key), set_=values)
        case _:
            return sqlite.insert(table).values(row).on_conflict_do_update(index_elements=list(key), set_=values)
