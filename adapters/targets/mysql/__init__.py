"""MySQL 8 and MariaDB 10.6 and later: ends sessions that hold what others wait for, makes room for more at once.

The user that the agent signs in as needs no more than this::

    CREATE USER oncall_agent@'10.0.0.5' IDENTIFIED BY '…';
    GRANT PROCESS, CONNECTION ADMIN ON *.* TO oncall_agent@'10.0.0.5';                           -- MariaDB
    GRANT PROCESS, CONNECTION_ADMIN, SYSTEM_VARIABLES_ADMIN ON *.* TO oncall_agent@'10.0.0.5';   -- MySQL
    GRANT SELECT ON performance_schema.* TO oncall_agent@'10.0.0.5';                             -- MySQL

CONNECTION ADMIN also lets it in when all other connections are taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from adapters.targets.choosing import Some
from adapters.targets.databases import Fence, Place, Where, parsed, pick, place
from adapters.targets.mysql.acting import act, seen
from adapters.targets.mysql.actions import CATALOGUE, MODELS, MaxConnections, Pool, meant
from adapters.targets.mysql.rights import rights
from adapters.targets.mysql.server import Server
from adapters.targets.sessions import ended, fate, reset
from engine.errors import NotFound, OnCallError, Refused, Unreachable
from engine.model import Action, ActionSpec, Evidence, Judgement, Outcome, Result, Verdict
from engine.ports import Target

__all__ = ["CATALOGUE", "MySQL", "MySQLSettings"]

URLS = "MYSQL_URLS"
MAY_ACT_ON = "MYSQL_MAY_ACT_ON"


@dataclass(frozen=True, slots=True)
class MySQLSettings:
    """``urls``: mysql://user:password@host:port/, one a server, as its clients name it; ``?ssl=true`` for TLS.

    ``may_act_on``: ``host:port/database`` with ``*`` for anything; see ``Fence``. Sessions of ``spared`` users are
    left alone whatever they do. ``timeout_seconds`` is for one call.
    """

    urls: tuple[str, ...] = field(repr=False)
    may_act_on: tuple[str, ...] = ()
    spared: tuple[str, ...] = ("root", "system user", "event_scheduler", "mariadb.sys", "mysql.session", "rdsadmin")
    timeout_seconds: float = 10


class MySQL(Target):
    name = "mysql"
    dry_run = False

    def __init__(self, settings: MySQLSettings) -> None:
        """Raises Misconfigured."""
        places: dict[Place, str] = {place(url, URLS, 3306): url for url in settings.urls}
        timeout, spared = settings.timeout_seconds, settings.spared
        self._servers = {at: Server(url, at, timeout, spared) for at, url in places.items()}
        self._fence = Fence(MAY_ACT_ON, settings.may_act_on)

    async def open(self) -> None:
        """Take the seats that will be kept. A server that does not answer is tried again when it is needed."""
        for server in self._servers.values():
            with suppress(Unreachable):
                async with server.session():
                    pass

    async def close(self) -> None:
        for server in self._servers.values():
            server.close()

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return CATALOGUE

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        """At the sessions or the setting that an action with these parameters is about. Raises Unreachable."""
        try:
            model, names = meant(identifiers)
            wanted = parsed(model, names)
            server = pick(self._servers, wanted, URLS)
            async with server.session() as connection:
                found = await seen(server, connection, self._fence, wanted)
        except (Refused, NotFound) as error:
            return Evidence(self.name, f"MySQL was not looked at: {error}")
        return Evidence(self.name, found.summary, found.state, found.healthy)

    async def act(self, action: Action) -> Outcome:
        """Raises nothing: where the answer was lost it is UNKNOWN, all else is known not to have happened."""
        try:
            wanted = _wanted(action)
            server = pick(self._servers, wanted, URLS)
            async with server.session() as connection:
                return await act(server, connection, self._fence, wanted, action.seen)
        except OnCallError as error:
            return Outcome(Result.FAILED, f"{error} Nothing was done.")

    async def verify(self, action: Action) -> Verdict:
        """By the very sessions, or the setting, that were seen before. Raises Unreachable."""
        try:
            wanted = _wanted(action)
            if "server" not in action.seen:
                return Verdict(Judgement.UNKNOWN, "It was not seen before, so nothing can be compared.")
            server = pick(self._servers, wanted, URLS)
        except (Refused, NotFound) as error:
            return Verdict(Judgement.UNKNOWN, str(error))
        async with server.session() as connection:
            room = await server.room(connection)
            if isinstance(wanted, MaxConnections):
                return _widened(room.allowed, action.seen, full=room.full)
            shown = {one.number: one for one in await server.sessions(connection)}
        judge = reset if isinstance(wanted, Pool) else ended
        found = judge(fate(action.seen, shown), full=room.full)
        return Verdict(found.judgement, f"{found.detail} {room}.")

    async def check(self) -> str:
        """A sentence a server: with which right too many. Raises OnCallError with the one that is missing."""
        return "; ".join([await rights(server, self._fence) for server in self._servers.values()])


def _wanted(action: Action) -> Some | MaxConnections:
    """Raises Refused if there is no such action, or its parameters are not exactly those of the catalogue."""
    if action.name not in MODELS:
        raise Refused(f"MySQL has no action {action.name[:80]!r}.")
    wanted: Where = parsed(MODELS[action.name], action.parameters)
    if not isinstance(wanted, Some | MaxConnections):
        raise TypeError(f"no way to do {type(wanted).__name__}")
    return wanted


def _widened(now: int, seen: Mapping[str, str], *, full: bool) -> Verdict:
    if str(now) == seen.get("to"):
        judgement = Judgement.NOT_YET if full else Judgement.WORKED
        return Verdict(judgement, f"max_connections is {now}{', and all are taken again' if full else ''}.")
    if str(now) == seen.get("max_connections"):
        return Verdict(Judgement.UNKNOWN, f"max_connections is {now} as before: the request did not arrive.")
    return Verdict(Judgement.UNKNOWN, f"max_connections is {now}: somebody else has set it.")
