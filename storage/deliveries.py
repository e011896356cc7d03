"""Which posts were begun on which platform, and which have arrived, so that a crash repeats none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.ports import Clock
from storage.columns import key as fit
from storage.database import Database
from storage.tables import deliveries

REMEMBERED = timedelta(days=90)
"""Nothing is posted again under a key so old: its incident is long closed."""


@dataclass(frozen=True, slots=True)
class Delivery:
    room: str
    message: str


class SqlDeliveries:
    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock

    async def begin(self, platform: str, key: str, room: str) -> Delivery | None:
        """Note that a post is about to be sent. Return what was known of it before."""
        now = self.clock.now()
        row = {"platform": platform, "key": fit(key), "room": room, "message": "", "at": now}
        try:
            async with self.database.write() as connection:
                await connection.execute(delete(deliveries).where(deliveries.c.at < now - REMEMBERED))
                await connection.execute(insert(deliveries).values(row))
        except IntegrityError:
            return await self._known(platform, key)
        return None

    async def done(self, platform: str, key: str, message: str) -> None:
        this = (deliveries.c.platform == platform) & (deliveries.c.key == fit(key))
        async with self.database.write() as connection:
            await connection.execute(update(deliveries).where(this).values(message=message))

    async def _known(self, platform: str, key: str) -> Delivery | None:
        this = (deliveries.c.platform == platform) & (deliveries.c.key == fit(key))
        async with self.database.read() as connection:
            row = (await connection.execute(select(deliveries.c.room, deliveries.c.message).where(this))).one_or_none()
        return None if row is None else Delivery(row.room, row.message)
