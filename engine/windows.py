"""Times of the week in which changes are welcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Window:
    """More than actions of low risk may run in it. One that ends before it starts spans midnight."""

    days: tuple[str, ...]
    start: time
    end: time
    zone: str

    def __str__(self) -> str:
        return f"{self._days} {self.start:%H:%M}-{self.end:%H:%M} {self.zone}"

    @property
    def _days(self) -> str:
        first, last = DAYS.index(self.days[0]), DAYS.index(self.days[-1])
        whole = self.days == DAYS[first : last + 1] and len(self.days) > 1
        return f"{self.days[0]}-{self.days[-1]}" if whole else "+".join(self.days)

    def holds(self, at: datetime) -> bool:
        here = at.astimezone(ZoneInfo(self.zone))
        now, today = here.time(), DAYS[here.weekday()]
        if self.start <= self.end:
            return today in self.days and self.start <= now < self.end
        yesterday = DAYS[here.weekday() - 1]
        return (today in self.days and now >= self.start) or (yesterday in self.days and now < self.end)
