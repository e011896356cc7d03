"""What can go wrong on the way to Slack and back, on purpose."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    BUSY = "busy"
    """429 with Retry-After."""
    BROKEN = "broken"
    """500."""
    LOST = "lost"
    """The connection breaks before anything happened."""
    SWALLOWED = "swallowed"
    """It takes effect, then the connection breaks."""
    SLOW = "slow"
    """It takes effect, and is answered late."""


@dataclass
class Planned:
    """A fault that waits for its calls; ``what`` is a Fault or the name of an error of Slack's."""

    method: str
    what: Fault | str
    times: int | None
    until: float | None
    after: float
    channel: str

    def meets(self, method: str, channel: str) -> bool:
        return (
            self.method in {method, "*"}
            and self.channel in {"", channel}
            and (self.times is None or self.times > 0)
            and (self.until is None or time.monotonic() < self.until)
        )


@dataclass
class Limit:
    """So many calls of a method within the seconds, in each channel."""

    calls: int
    seconds: float
    made: dict[str, deque[float]] = field(default_factory=dict)

    def wait(self, channel: str) -> float:
        """Seconds until this call would be allowed; 0 if it is, and then it is counted."""
        now = time.monotonic()
        past = self.made.setdefault(channel, deque())
        while past and past[0] <= now - self.seconds:
            past.popleft()
        if len(past) >= self.calls:
            return past[0] + self.seconds - now
        past.append(now)
        return 0.0


@dataclass
class Faults:
    planned: list[Planned] = field(default_factory=list)
    limits: dict[str, Limit] = field(default_factory=dict)

    def plan(self, method: str, what: Fault | str, **limits: Any) -> None:
        """Without ``times`` and ``seconds`` it happens once."""
        times, seconds = limits.get("times"), limits.get("seconds")
        until = time.monotonic() + seconds if seconds is not None else None
        count = times if times is not None or seconds is not None else 1
        self.planned.append(
            Planned(method, what, count, until, float(limits.get("after", 1.0)), str(limits.get("channel", "")))
        )

    def strikes(self, method: str, channel: str) -> Planned | None:
        """The fault that this call meets, counted as met."""
        for one in self.planned:
            if one.meets(method, channel):
                if one.times is not None:
                    one.times -= 1
                return one
        limit = self.limits.get(method)
        wait = limit.wait(channel) if limit else 0.0
        return Planned(method, Fault.BUSY, 1, None, max(1.0, math.ceil(wait)), channel) if wait else None
