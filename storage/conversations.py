"""Where each card stands on each platform, in a SQL database, so that it can be updated and answered."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from storage.columns import key as fit
from storage.database import Database
from storage.tables import conversations


class SqlConversations:
    def __init__(self, database: Database) -> None:
        self.database = database

    async def get(self, platform: str, key: str) -> tuple[str, str] | None:
        """Return the room and the message that were posted under this key, if any were."""
        this = (conversations.c.platform == platform) & (conversations.c.key == fit(key))
        async with self.database.read() as connection:
            query = select(conversations.c.room, conversations.c.message).where(this)
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else (row.room, row.message)

    async def about(self, platform: str, room: str, message: str) -> str | None:
        """Return the key of what stands there."""
        this = (conversations.c.platform == platform) & (conversations.c.message == message)
        query = select(conversations.c.key).where(this & (conversations.c.room == room)).order_by(conversations.c.key)
        async with self.database.read() as connection:
            found: str | None = await connection.scalar(query.limit(1))
            return found

    async def forget(self, platform: str, key: str) -> None:
        this = (conversations.c.platform == platform) & (conversations.c.key == fit(key))
        async with self.database.write() as connection:
            await connection.execute(delete(conversations).where(this))

    async def put(self, platform: str, key: str, room: str, message: str) -> tuple[str, str]:
        """Keep this under the key, unless something is there already. Return what is kept."""
        row = {"platform": platform, "key": fit(key), "room": room, "message": message}
        try:
            async with self.database.write() as connection:
                await connection.execute(insert(conversations).values(row))
        except IntegrityError:
            return await self.get(platform, key) or (room, message)
        return room, message
