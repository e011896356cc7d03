"""What the web chat needs of a memory: posts in rooms, and what has changed since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class Post(Protocol):
    """Something said in a room.

    ``thread`` is the key of the first post of its thread, empty for a first post itself. ``author`` is a username,
    empty for the agent. ``body`` is JSON. ``revision`` grows over the whole table with every new or changed post.
    ``only_for`` is the username of the only reader, empty for everybody in the room.
    """

    @property
    def number(self) -> int: ...
    @property
    def room(self) -> str: ...
    @property
    def thread(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def author(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def revision(self) -> int: ...
    @property
    def only_for(self) -> str: ...


class Posts(Protocol):
    """Raises Unreachable if the database does not answer."""

    async def add(self, room: str, key: str, body: str, *, author: str, thread: str = "", only_for: str = "") -> Post:
        """Keep a post. The same key twice in a room keeps the first and returns it."""

    async def change(self, room: str, key: str, body: str) -> Post:
        """Give a post another body and the next revision. Raises NotFound."""

    async def after(self, revision: int, limit: int = 500) -> Sequence[Post]:
        """Posts of all rooms with a higher revision, lowest first. None appears late below one already returned."""

    async def room(self, room: str, *, thread: str | None = None, limit: int = 200) -> Sequence[Post]:
        """The newest ``limit`` posts of a room, oldest first; with ``thread``, only the replies to that first post."""

    async def rooms(self) -> Sequence[str]:
        """The rooms that have posts, by name."""
