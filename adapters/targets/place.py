"""Where a database server listens, which one an incident means, and what may be acted on there. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from adapters.targets.wanted import Where
from engine.errors import Misconfigured, NotFound, Refused

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def place(url: str, setting: str, port: int) -> Place:
    """Raises Misconfigured, without the url: it holds a password."""
    try:
        address = urlsplit(url)
        found = Place(address.hostname or "", address.port or port)
    except ValueError:
        found = Place("", 0)
    if not found.host or "," in found.host:
        raise Misconfigured(
            f"Each address in {setting} must be scheme://user:password@host:port/database, of one host."
        )
    return found


def pick(servers: Mapping[Place, S], where: Where, setting: str) -> S:
    """The server that is named; where none is, the only one. Raises NotFound."""
    host, port = where.database_host.lower(), where.database_port
    fitting = [one for one in servers if host in ("", one.host) and port in (None, one.port)]
    if len(fitting) == 1 and (host or len(servers) == 1):
        return servers[fitting[0]]
    known = ", ".join(map(str, servers))
    if not host:
        raise NotFound(f"Which database server is meant is not known. Connected by {setting}: {known}.")
    asked = f"{host}:{port}" if port else host
    raise NotFound(f"{asked} is not one server of those connected by {setting}: {known}.")


@dataclass(frozen=True, slots=True)
class Fence:
    """What may be acted on: ``host:port/database``, where ``*`` stands for anything. Of nothing, nothing may.

    What changes a whole server or pooler asks for every database of it: ``host:port/*``.
    """

    setting: str
    patterns: Sequence[str] = ()

    def holds(self, at: Place, database: str = "*") -> bool:
        return any(_fits(pattern, f"{at}/{database}") for pattern in self.patterns)

    def names(self, at: Place) -> bool:
        """Whether anything there may be acted on, as far as the patterns tell."""
        return any(pattern.startswith((f"{at}/", "*")) for pattern in self.patterns)

    def refuse(self, at: Place, database: str = "*") -> None:
        """Raises Refused if it lies outside."""
        if not self.holds(at, database):
            what = f"Database {database} at {at}" if database != "*" else f"{at} as a whole"
            raise Refused(f"{what} may not be acted on: {self.setting} does not name {at}/{database}.")


def _fits(pattern: str, name: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None
