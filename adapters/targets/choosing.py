"""Which sessions of a database are meant: by what the server says of them, the longest first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol, TypeVar

from pydantic import Field

from adapters.targets.place import Fence, Place
from adapters.targets.sessions import ENDING, Session, listed
from adapters.targets.wanted import Name, Where

S = TypeVar("S", bound=Session)

Seconds = Annotated[int, Field(ge=1, le=864_000)]
Most = Annotated[int, Field(ge=1, le=100)]


class Choice(Protocol):
    def choose(self, sessions: Sequence[S]) -> Sequence[S]: ...


class Some(Where):
    """Sessions of one server, of one database or user where such is named."""

    database_name: Name = ""
    database_user: Name = ""

    @property
    def scope(self) -> str:
        return self.database_name

    def choose(self, sessions: Sequence[S]) -> Sequence[S]:
        return [one for one in sessions if self.names(one)]

    def names(self, one: Session) -> bool:
        return self.database_name in ("", one.database) and self.database_user in ("", one.user)


class Idle(Some):
    """The longest idle first: sessions that become idle meanwhile do not change which are meant."""

    idle_seconds: Seconds = 300
    most: Most = 10

    def choose(self, sessions: Sequence[S]) -> Sequence[S]:
        fitting = [one for one in sessions if self.names(one) and one.idle and one.seconds >= self.idle_seconds]
        return _longest(fitting, self.most)


class Running(Some):
    """The oldest first. Who only waits for a lock is not what is wrong: it is who holds it."""

    running_seconds: Seconds = 300
    most: Most = 10

    def choose(self, sessions: Sequence[S]) -> Sequence[S]:
        named = [one for one in sessions if self.names(one) and one.doing == "running"]
        return _longest([one for one in named if one.seconds >= self.running_seconds], self.most)


class One(Where):
    """One session by its number, whatever it does."""

    pid: Annotated[int, Field(ge=1, le=2**63 - 1)]

    @property
    def scope(self) -> str:
        return ""

    def choose(self, sessions: Sequence[S]) -> Sequence[S]:
        return [one for one in sessions if one.number == self.pid]


def _longest(sessions: Sequence[S], most: int) -> Sequence[S]:
    return sorted(sessions, key=lambda one: (-one.seconds, one.number))[:most]


def inside(fence: Fence, at: Place, wanted: Choice, shown: Sequence[S]) -> tuple[Sequence[S], str]:
    """Those of the sessions shown that may be ended, and what is said of them."""
    shown = [one for one in shown if one.doing != ENDING]
    chosen = wanted.choose([one for one in shown if fence.holds(at, one.database)])
    words = f"Meant are {len(chosen)}: {listed(chosen)}." if chosen else "No session there is what was asked for."
    if len(wanted.choose(shown)) > len(chosen):
        words += f" Others lie outside of what may be acted on: {fence.setting} does not name them at {at}."
    return chosen, words
