"""What leaves for a chat platform: once, in order, no faster than the platform takes it, and again after a crash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from adapters.chat.ask import Room
from adapters.chat.pace import Pace
from adapters.chat.platform import Ref
from engine.errors import Unreachable

T = TypeVar("T")


class Busy(Unreachable):
    """The platform asks us to wait."""

    def __init__(self, message: str, after: float) -> None:
        """``after`` is in seconds."""
        super().__init__(message)
        self.after = after


class Unsure(Unreachable):
    """The platform did not answer: what was sent may or may not have arrived."""


class Delivery(Protocol):
    """A post that was begun under a key. ``message`` is empty until the platform has answered."""

    @property
    def room(self) -> str: ...
    @property
    def message(self) -> str: ...


class Deliveries(Protocol):
    """Which posts were begun and which have arrived. Raises Unreachable if the database does not answer."""

    async def begin(self, platform: str, key: str, room: str) -> Delivery | None:
        """Note that a post is about to be sent. Returns what was known of it before, None if nothing was."""

    async def done(self, platform: str, key: str, message: str) -> None:
        """It stands there as ``message``."""


class Unkept:
    """Deliveries of who posts nothing, so nothing needs to be remembered."""

    async def begin(self, platform: str, key: str, room: str) -> Delivery | None:
        return None

    async def done(self, platform: str, key: str, message: str) -> None: ...


class Outbox:
    """Posts and calls of one platform, each when its turn has come."""

    def __init__(self, platform: str, deliveries: Deliveries, pace: Pace) -> None:
        self._platform = platform
        self._deliveries = deliveries
        self._pace = pace

    async def post(
        self, room: Room, key: str, send: Callable[[], Awaitable[str]], find: Callable[[], Awaitable[str]]
    ) -> Ref:
        """Send it unless it has arrived already. Raises Unreachable; the next try goes on from there.

        ``send`` returns the message; ``find`` asks the platform for one that was begun, empty if it is not there.
        """
        before = await self._deliveries.begin(self._platform, key, room)
        if before and before.message:
            return Ref(Room(before.room), before.message)
        arrived = await find() if before else ""
        message = arrived or await self.paced("post", room, send)
        await self._deliveries.done(self._platform, key, message)
        return Ref(room, message)

    async def paced(self, what: str, room: Room, send: Callable[[], Awaitable[T]]) -> T:
        """Make one call when its turn has come, and again after each wait that the platform asks for."""
        while True:
            await self._pace.turn(what, room)
            try:
                return await send()
            except Busy as busy:
                self._pace.hold(what, room, busy.after)
