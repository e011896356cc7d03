"""What people and the agent said in the built-in web chat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import NotFound
from engine.ports import Clock
from storage.columns import key as fit
from storage.columns import line
from storage.counters import POSTS, following
from storage.database import Database
from storage.tables import posts


@dataclass(frozen=True, slots=True)
class Post:
    """``revision`` grows over all posts at every change; ``only_for`` names the one who may read it, or nobody."""

    number: int
    room: str
    thread: str
    key: str
    author: str
    body: str
    at: datetime
    revision: int
    only_for: str


class SqlPosts:
    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock

    async def add(self, room: str, key: str, body: str, *, author: str, thread: str = "", only_for: str = "") -> Post:
        """Keep a post. The same key in the same room again changes nothing and returns the first."""
        async with self.database.write() as connection:
            revision = await following(connection, POSTS)
            if first := await _find(connection, _under(room, key)):
                return first
            row = {
                "room": fit(room),
                "key": fit(key),
                "thread": fit(thread),
                "author": line(author),
                "body": body,
                "at": self.clock.now(),
                "revision": revision,
                "only_for": fit(only_for),
            }
            await connection.execute(insert(posts).values(row))
            return await _kept(connection, room, key)

    async def change(self, room: str, key: str, body: str) -> Post:
        """Replace what a post says. Raises NotFound."""
        async with self.database.write() as connection:
            new = {"body": body, "revision": await following(connection, POSTS)}
            await connection.execute(update(posts).where(_under(room, key)).values(new))
            return await _kept(connection, room, key)

    async def after(self, revision: int, limit: int = 500) -> Sequence[Post]:
        """What was added or changed after this revision, in that order. Nothing older appears later."""
        query = select(posts).where(posts.c.revision > revision).order_by(posts.c.revision).limit(limit)
        async with self.database.read() as connection:
            return [_post(row) for row in await connection.execute(query)]

    async def room(self, room: str, *, thread: str | None = None, limit: int = 200) -> Sequence[Post]:
        """The last ``limit`` posts of a room, or of one thread in it, oldest first."""
        query = select(posts).where(posts.c.room == fit(room)).order_by(posts.c.number.desc()).limit(limit)
        if thread is not None:
            query = query.where(posts.c.thread == fit(thread))
        async with self.database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [_post(row) for row in reversed(rows)]

    async def rooms(self) -> Sequence[str]:
        """The rooms in which something was said, by name."""
        async with self.database.read() as connection:
            return list(await connection.scalars(select(posts.c.room).distinct().order_by(posts.c.room)))


def _under(room: str, key: str) -> ColumnElement[bool]:
    return and_(posts.c.room == fit(room), posts.c.key == fit(key))


async def _find(connection: AsyncConnection, which: ColumnElement[bool]) -> Post | None:
    row = (await connection.execute(select(posts).where(which))).one_or_none()
    return None if row is None else _post(row)


async def _kept(connection: AsyncConnection, room: str, key: str) -> Post:
    post = await _find(connection, _under(room, key))
    if post is None:
        raise NotFound(f"There is no post {key} in {room}.")
    return post


def _post(row: Row[Any]) -> Post:
    return Post(**row._asdict())
