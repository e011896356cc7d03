"""One session with a server, used by one at a time and kept open: a full server lets nobody in, and us not either."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar
from urllib.parse import unquote, urlsplit

from adapters.targets.place import Place
from engine.errors import OnCallError, Unreachable

LONGEST = 300
"""Characters of a server's own words that are repeated to a person."""

BETWEEN = 0.1
"""Seconds between two attempts to get into a full server."""

C = TypeVar("C")


class NotSent(Unreachable):
    """The server cannot be reached; what was to be asked has not been."""


class Full(NotSent):
    """Every connection is taken, ours too."""


class Lost(Unreachable):
    """The server broke off, or did not answer in time; whether it did what it was told is not known."""


class KeptOpen(ABC, Generic[C]):
    """The way to one server. ``timeout`` is in seconds, for one call."""

    def __init__(self, url: str, place: Place, timeout: float) -> None:
        self.place, self._url, self._timeout = place, url, timeout
        self._secret = unquote(urlsplit(url).password or "")
        self._kept: C | None = None
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[C]:
        """Raises NotSent. A session that was lost or cancelled is not used again: its next answer might be the last's.

        A refusal, the server's or ours, is no reason to give the session up.
        """
        async with self._lock:
            session = await self._ready()
            try:
                yield session
            except BaseException as error:
                if isinstance(error, Lost) or not isinstance(error, OnCallError):
                    self.close()
                raise

    def close(self) -> None:
        """Give the session up; the next call opens another."""
        kept, self._kept = self._kept, None
        if kept is not None:
            self._drop(kept)

    def words(self, said: object) -> str:
        """The server's own, fit to show."""
        return plain(said, self._secret)

    @abstractmethod
    async def _knock(self) -> C:
        """A new session. Raises NotSent, and Full if that is why."""

    @abstractmethod
    async def _ping(self, kept: C) -> None:
        """Find out whether a kept session still lives. Raises Unreachable if not."""

    @abstractmethod
    def _drop(self, kept: C) -> None:
        """Close at once, and raise nothing."""

    async def _ready(self) -> C:
        if self._kept is not None:
            try:
                await self._ping(self._kept)
            except Unreachable:
                self.close()
        if self._kept is None:
            self._kept = await self._open()
        return self._kept

    async def _open(self) -> C:
        """The few seats that a full server keeps for us are held for a moment by whoever is just being turned away."""
        until = time.monotonic() + self._timeout
        while True:
            try:
                return await self._knock()
            except Full:
                if time.monotonic() + BETWEEN > until:
                    raise
            await asyncio.sleep(BETWEEN)


def plain(said: Any, *secrets: str) -> str:
    """A server's words on one line, bounded, printable, and without our secrets."""
    text = str(said)
    for secret in secrets:
        text = text.replace(secret, "***") if len(secret) > 3 else text
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split()).rstrip(".")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
