"""How far each reader has read, in a SQL database."""

from __future__ import annotations

from sqlalchemy import select

from engine.ports import Clock, Cursors
from storage.columns import key
from storage.database import Database
from storage.tables import cursors
from storage.upsert import put


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
