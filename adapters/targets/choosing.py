"""Which sessions of a database are meant: by what the server says of them, the longest first. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.targets.databases import Most, Name, Seconds, Where
from adapters.targets.sessions import Session


class Some(Where):
    """Sessions of one server, of one database or user where such is named."""

    database_name: Name = ""
    database_user: Name = ""

    def choose(self, sessions: Sequence[Session]) -> Sequence[Session]:
        return [one for one in sessions if self.names(one)]

    def names(self, one: Session) -> bool:
        return self.database_name in ("", one.database) and self.database_user in ("", one.user)


class Idle(Some):
    """The longest idle first: sessions that become idle meanwhile do not change which are meant."""

    idle_seconds: Seconds = 300
    most: Most = 10

    def choose(self, sessions: Sequence[Session]) -> Sequence[Session]:
        fitting = [one for one in sessions if self.names(one) and one.idle and one.seconds >= self.idle_seconds]
        return _longest(fitting, self.most)


class Running(Some):
    """The oldest first. Who only waits for a lock is not what is wrong: it is who holds it."""

    running_seconds: Seconds = 300
    most: Most = 10

    def choose(self, sessions: Sequence[Session]) -> Sequence[Session]:
        named = [one for one in sessions if self.names(one) and one.doing == "running"]
        return _longest([one for one in named if one.seconds >= self.running_seconds], self.most)


def _longest(sessions: Sequence[Session], most: int) -> Sequence[Session]:
    return sorted(sessions, key=lambda one: (-one.seconds, one.number))[:most]
