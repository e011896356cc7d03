"""How far each reader has read, in a SQL database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from engine.ports import Clock, Cursors
from storage.columns import key
from storage.database import Database
from storage.tables import cursors
from storage.upsert import put

AT_ONCE = 500
"""Names in one question: every database takes as many parameters."""


class SqlCursors(Cursors):
    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock

    async def get(self, name: str) -> str | None:
        async with self.database.read() as connection:
            value: str | None = await connection.scalar(select(cursors.c.value).where(cursors.c.name == key(name)))
            return value

    async def put(self, name: str, value: str) -> None:
        row = {"value": value, "updated_at": self.clock.now()}
        async with self.database.write() as connection:
            await put(connection, cursors, {"name": key(name)}, row)

    async def get_all(self, names: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        async with self.database.read() as connection:
            for start in range(0, len(names), AT_ONCE):
                some = {key(name): name for name in names[start : start + AT_ONCE]}
                which = select(cursors.c.name, cursors.c.value).where(cursors.c.name.in_(some))
                found |= {some[row.name]: row.value for row in await connection.execute(which)}
        return found

    async def put_all(self, values: Mapping[str, str]) -> None:
        now = self.clock.now()
        async with self.database.write() as connection:
            for name, value in values.items():
                await put(connection, cursors, {"name": key(name)}, {"value": value, "updated_at": now})
