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
from dataclasses import dataclass
from typing import Any

from adapters.targets.databases import Databases, DatabaseSettings, State
from adapters.targets.mysql.acting import act, seen
from adapters.targets.mysql.actions import CATALOGUE, MODELS, MaxConnections, Pool, meant
from adapters.targets.mysql.rights import rights
from adapters.targets.mysql.server import Server
from adapters.targets.place import Place
from adapters.targets.sessions import Seen, Session, fate, judged
from adapters.targets.wanted import Where
from engine.model import Judgement, Outcome, Verdict

__all__ = ["CATALOGUE", "MySQL", "MySQLSettings"]


@dataclass(frozen=True, slots=True)
class MySQLSettings(DatabaseSettings):
    """``urls``: mysql://user:password@host:port/, with ``?ssl=true`` for TLS.

    Sessions of ``spared`` users are left alone whatever they do.
    """

    spared: tuple[str, ...] = ("root", "system user", "event_scheduler", "mariadb.sys", "mysql.session", "rdsadmin")


class MySQL(Databases[Server]):
    name = "mysql"
    port = 3306
    models = MODELS
    actions = CATALOGUE

    def __init__(self, settings: MySQLSettings) -> None:
        """Raises Misconfigured."""
        self._spared = settings.spared
        super().__init__(settings)

    def _server(self, url: str, at: Place, timeout: float) -> Server:
        return Server(url, at, timeout, self._spared)

    def _meant(self, identifiers: Mapping[str, str]) -> tuple[type[Where], dict[str, str]]:
        return meant(identifiers)

    async def _see(self, server: Server, connection: Any, wanted: Where) -> Seen[Session]:
        return await seen(server, connection, self._fence, wanted)

    async def _do(self, server: Server, connection: Any, wanted: Where, approved: State) -> Outcome:
        return await act(server, connection, self._fence, wanted, approved)

    async def _judge(self, server: Server, connection: Any, wanted: Where, approved: State, *, told: bool) -> Verdict:
        room = await server.room(connection)
        if isinstance(wanted, MaxConnections):
            return _widened(room.allowed, approved, full=room.full)
        shown = {one.number: one for one in await server.sessions(connection)}
        return judged(fate(approved, shown), room, of_a_pool=isinstance(wanted, Pool), told=told)

    async def _rights(self, server: Server) -> str:
        return await rights(server, self._fence)


def _widened(now: int, approved: Mapping[str, str], *, full: bool) -> Verdict:
    if str(now) == approved.get("to"):
        judgement = Judgement.NOT_YET if full else Judgement.WORKED
        return Verdict(judgement, f"max_connections is {now}{', and all are taken again' if full else ''}.")
    if str(now) == approved.get("max_connections"):
        return Verdict(Judgement.UNKNOWN, f"max_connections is {now} as before: the request did not arrive.")
    return Verdict(Judgement.UNKNOWN, f"max_connections is {now}: somebody else has set it.")
