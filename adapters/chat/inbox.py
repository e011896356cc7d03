"""What people did on a platform: heard once however often it is delivered, and worked on even after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Heard(Protocol):
    """Something that was heard and is not answered yet. ``body`` is whatever the platform needs to answer it."""

    @property
    def id(self) -> str: ...
    @property
    def body(self) -> str: ...


class Inbox(Protocol):
    """Raises Unreachable if the database does not answer."""

    async def hear(self, platform: str, id: str, body: str) -> bool:
        """Keep it before it is acknowledged; False if it was heard before."""

    async def answered(self, platform: str, id: str) -> None:
        """It is done with; it is still remembered, so that a late repetition is known as one."""

    async def unanswered(self, platform: str) -> Sequence[Heard]:
        """What a program that died has left, oldest first."""
