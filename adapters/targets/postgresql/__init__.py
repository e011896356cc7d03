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
from dataclasses import dataclass
from typing import Any

from adapters.targets.databases import Databases, DatabaseSettings, State
from adapters.targets.place import Place
from adapters.targets.postgresql.acting import act
from adapters.targets.postgresql.actions import CATALOGUE, MODELS, meant
from adapters.targets.postgresql.looking import seen
from adapters.targets.postgresql.rights import rights
from adapters.targets.postgresql.server import Here, Server
from adapters.targets.postgresql.verdicts import verdict
from adapters.targets.sessions import Seen
from adapters.targets.wanted import Where
from engine.model import Outcome, Verdict

__all__ = ["CATALOGUE", "PostgreSQL", "PostgreSQLSettings"]


@dataclass(frozen=True, slots=True)
class PostgreSQLSettings(DatabaseSettings):
    """``urls``: postgresql://user:password@host:port/database."""


class PostgreSQL(Databases[Server]):
    name = "postgresql"
    port = 5432
    models = MODELS
    actions = CATALOGUE

    def _server(self, url: str, at: Place, timeout: float) -> Server:
        return Server(url, at, timeout)

    def _meant(self, identifiers: Mapping[str, str]) -> tuple[type[Where], dict[str, str]]:
        return meant(identifiers)

    async def _see(self, server: Server, connection: Any, wanted: Where) -> Seen[Here]:
        return await seen(server, connection, self._fence, wanted)

    async def _do(self, server: Server, connection: Any, wanted: Where, approved: State) -> Outcome:
        return await act(server, connection, self._fence, wanted, approved)

    async def _judge(self, server: Server, connection: Any, wanted: Where, approved: State, *, told: bool) -> Verdict:
        return await verdict(server, connection, wanted, approved, told=told)

    async def _rights(self, server: Server) -> str:
        return await rights(server, self._fence)
