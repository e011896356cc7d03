"""PostgreSQL 13 and later: ends sessions and queries that hold what others wait for, and makes room for more.

The role that the agent signs in as needs no more than this. Each right below the first two lines is for one action::

    CREATE ROLE oncall_agent LOGIN PASSWORD '…' CONNECTION LIMIT 5;
    GRANT pg_signal_backend, pg_read_all_stats TO oncall_agent;
    GRANT pg_use_reserved_connections TO oncall_agent;                -- 16 on: lets it in when all else is taken
    GRANT ALTER SYSTEM ON PARAMETER max_connections TO oncall_agent;  -- 15 on, for increase_max_connections
    GRANT SELECT ON pg_file_settings TO oncall_agent;                 -- to see whether a restart is due
    GRANT EXECUTE ON FUNCTION pg_show_all_file_settings() TO oncall_agent;
    ALTER ROLE oncall_agent CREATEROLE;                              -- for set_role_connection_limit, and
    GRANT app TO oncall_agent WITH ADMIN OPTION;                      -- 16 on, for each role that it may limit

Without pg_use_reserved_connections (before 16) a server that is full lets only superusers in: ``open`` at the start
of the program takes the seat that is kept from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from adapters.targets.databases import Fence, Place, Where, parsed, pick, place
from adapters.targets.postgresql.acting import act
from adapters.targets.postgresql.actions import CATALOGUE, MODELS, meant
from adapters.targets.postgresql.looking import Seen, seen
from adapters.targets.postgresql.rights import rights
from adapters.targets.postgresql.server import Server
from adapters.targets.postgresql.verdicts import verdict
from engine.errors import NotFound, OnCallError, Refused, Unreachable
from engine.model import Action, ActionSpec, Evidence, Judgement, Outcome, Result, Verdict
from engine.ports import Target

__all__ = ["CATALOGUE", "PostgreSQL", "PostgreSQLSettings"]

URLS = "POSTGRESQL_URLS"
MAY_ACT_ON = "POSTGRESQL_MAY_ACT_ON"


@dataclass(frozen=True, slots=True)
class PostgreSQLSettings:
    """``urls``: postgresql://user:password@host:port/database, one a server, as its clients name it in their logs.

    ``may_act_on``: ``host:port/database`` with ``*`` for anything; see ``Fence``. ``timeout_seconds`` is for one call.
    """

    urls: tuple[str, ...] = field(repr=False)
    may_act_on: tuple[str, ...] = ()
    timeout_seconds: float = 10


class PostgreSQL(Target):
    name = "postgresql"
    dry_run = False

    def __init__(self, settings: PostgreSQLSettings) -> None:
        """Raises Misconfigured."""
        places: dict[Place, str] = {place(url, URLS, 5432): url for url in settings.urls}
        self._servers = {at: Server(url, at, settings.timeout_seconds) for at, url in places.items()}
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
            found = await self._seen(wanted)
        except (Refused, NotFound) as error:
            return Evidence(self.name, f"PostgreSQL was not looked at: {error}")
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
            return await verdict(server, connection, wanted, action.seen)

    async def check(self) -> str:
        """A sentence a server: what may be done there, and with which right too many. Raises OnCallError."""
        said = [await rights(server, self._fence) for server in self._servers.values()]
        return "; ".join(said)

    async def _seen(self, wanted: Where) -> Seen:
        server = pick(self._servers, wanted, URLS)
        async with server.session() as connection:
            return await seen(server, connection, self._fence, wanted)


def _wanted(action: Action) -> Where:
    """Raises Refused if there is no such action, or its parameters are not exactly those of the catalogue."""
    if action.name not in MODELS:
        raise Refused(f"PostgreSQL has no action {action.name[:80]!r}.")
    return parsed(MODELS[action.name], action.parameters)
