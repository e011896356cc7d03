"""How fast we may speak: a platform's rates as a table, and whose turn it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.chat.ask import Room
from engine.ports import Clock


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``calls`` within any ``seconds``; ``each_room`` on its own, or all rooms together."""

    calls: int
    seconds: float
    each_room: bool = False


class Pace:
    """``rates`` by kind of call. Whoever waits longest goes first; a hold moves everybody of that kind back."""

    def __init__(self, rates: Mapping[str, Sequence[Rate]], clock: Clock) -> None:
        self._rates = rates
        self._clock = clock
        self._made: dict[tuple[str, Rate, Room | None], deque[float]] = {}
        self._held: dict[tuple[str, Room | None], float] = {}

    async def turn(self, what: str, room: Room) -> None:
        """Wait until such a call may be made in this room, and count it as made."""
        while (wait := self._wait(what, room)) > 0:
            await self._clock.sleep(wait)
        for rate in self._rates.get(what, ()):
            self._past(what, rate, room).append(self._now())

    def hold(self, what: str, room: Room, seconds: float) -> None:
        """The platform asks for a wait: no such call in this room before it is over."""
        self._held[what, room] = max(self._held.get((what, room), 0.0), self._now() + seconds)

    def _wait(self, what: str, room: Room) -> float:
        """Seconds until the turn, 0 if it is now."""
        waits = [self._held.get((what, room), 0.0) - self._now()]
        for rate in self._rates.get(what, ()):
            past = self._past(what, rate, room)
            while past and past[0] <= self._now() - rate.seconds:
                past.popleft()
            if len(past) >= rate.calls:
                waits.append(past[-rate.calls] + rate.seconds - self._now())
        return max(0.0, *waits)

    def _past(self, what: str, rate: Rate, room: Room) -> deque[float]:
        return self._made.setdefault((what, rate, room if rate.each_room else None), deque())

    def _now(self) -> float:
        return self._clock.now().timestamp()
