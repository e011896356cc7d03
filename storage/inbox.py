"""What people did on a platform, in a SQL database: heard once, and kept until it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.ports import Clock
from storage.columns import key as fit
from storage.database import Database
from storage.tables import heard

REMEMBERED = timedelta(days=2)
"""No platform repeats itself after so long: Slack gives up after six minutes, Teams after seconds."""


@dataclass(frozen=True, slots=True)
class Heard:
    id: str
    body: str


class SqlInbox:
    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock

    async def hear(self, platform: str, id: str, body: str) -> bool:
        """Keep it, and forget what is too old to be repeated. Return False if it was heard before."""
        now = self.clock.now()
        row = {"platform": platform, "id": fit(id), "at": now, "body": body, "answered": False}
        try:
            async with self.database.write() as connection:
                await connection.execute(delete(heard).where(heard.c.answered & (heard.c.at < now - REMEMBERED)))
                await connection.execute(insert(heard).values(row))
        except IntegrityError:
            return False
        return True

    async def answered(self, platform: str, id: str) -> None:
        this = (heard.c.platform == platform) & (heard.c.id == fit(id))
        async with self.database.write() as connection:
            await connection.execute(update(heard).where(this).values(answered=True, body=""))

    async def unanswered(self, platform: str) -> Sequence[Heard]:
        """Oldest first."""
        waiting = (heard.c.platform == platform) & heard.c.answered.is_(False)
        async with self.database.read() as connection:
            rows = await connection.execute(select(heard.c.id, heard.c.body).where(waiting).order_by(heard.c.number))
            return [Heard(row.id, row.body) for row in rows]
