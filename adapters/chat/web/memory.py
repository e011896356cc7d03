"""Posts kept in memory: for tests and for a chat that may forget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from engine.errors import NotFound
from engine.ports import Clock


@dataclass(frozen=True, slots=True)
class KeptPost:
    number: int
    room: str
    thread: str
    key: str
    author: str
    body: str
    at: datetime
    revision: int
    only_for: str


class MemoryPosts:
    """Keeps the same promises as the database, until the program ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._posts: dict[tuple[str, str], KeptPost] = {}
        self._revision = 0

    async def add(
        self, room: str, key: str, body: str, *, author: str, thread: str = "", only_for: str = ""
    ) -> KeptPost:
        if kept := self._posts.get((room, key)):
            return kept
        number, at, revision = len(self._posts) + 1, self._clock.now(), self._next()
        return self._keep(KeptPost(number, room, thread, key, author, body, at, revision, only_for))

    async def change(self, room: str, key: str, body: str) -> KeptPost:
        if (room, key) not in self._posts:
            raise NotFound("There is no such post.")
        return self._keep(replace(self._posts[room, key], body=body, revision=self._next()))

    async def after(self, revision: int, limit: int = 500) -> Sequence[KeptPost]:
        newer = [post for post in self._posts.values() if post.revision > revision]
        return sorted(newer, key=lambda post: post.revision)[:limit]

    async def room(self, room: str, *, thread: str | None = None, limit: int = 200) -> Sequence[KeptPost]:
        wanted = [post for post in self._posts.values() if post.room == room]
        if thread is not None:
            wanted = [post for post in wanted if post.thread == thread]
        return wanted[-limit:]

    async def rooms(self) -> Sequence[str]:
        return sorted({room for room, _ in self._posts})

    def _next(self) -> int:
        self._revision += 1
        return self._revision

    def _keep(self, post: KeptPost) -> KeptPost:
        self._posts[post.room, post.key] = post
        return post
