"""PgBouncer, through its admin console: larger pools at once, reload, pause and resume.

The console knows two kinds of users, and no finer rights. In pgbouncer.ini, with the password in auth_file::

    admin_users = oncall_agent   ; may do all of this, and shut PgBouncer down: there is no smaller right
    stats_users = oncall_agent   ; instead of the line above, if the agent shall look only
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapters.targets.databases import Databases, DatabaseSettings, State
from adapters.targets.kept_open import Lost
from adapters.targets.pgbouncer.acting import act, seen
from adapters.targets.pgbouncer.actions import CATALOGUE, MODELS, meant
from adapters.targets.pgbouncer.console import Connection, Console
from adapters.targets.pgbouncer.verdicts import verdict
from adapters.targets.place import Place
from adapters.targets.sessions import Seen, Session
from adapters.targets.wanted import Where
from engine.errors import Misconfigured, Unreachable
from engine.model import Outcome, Verdict

__all__ = ["CATALOGUE", "PgBouncer", "PgBouncerSettings"]


@dataclass(frozen=True, slots=True)
class PgBouncerSettings(DatabaseSettings):
    """``urls``: postgresql://user:password@host:port/pgbouncer."""


class PgBouncer(Databases[Console]):
    name = "pgbouncer"
    port = 6432
    models = MODELS
    actions = CATALOGUE

    def _server(self, url: str, at: Place, timeout: float) -> Console:
        return Console(url, at, timeout)

    def _meant(self, identifiers: Mapping[str, str]) -> tuple[type[Where], dict[str, str]]:
        return meant(identifiers)

    async def _see(self, server: Console, connection: Connection, wanted: Where) -> Seen[Session]:
        return seen(server.place, wanted, await server.pooler(connection))

    async def _do(self, server: Console, connection: Connection, wanted: Where, approved: State) -> Outcome:
        return await act(server, connection, wanted, approved)

    async def _judge(
        self, server: Console, connection: Connection, wanted: Where, approved: State, *, told: bool
    ) -> Verdict:
        del told  # what it was told it has done by then
        return verdict(wanted, await server.pooler(connection), approved)

    async def _rights(self, server: Console) -> str:
        async with server.session() as connection:
            version = next(iter((await server.ask(connection, "SHOW VERSION"))[0].values()))
            admin = await _is_admin(server, connection)
        fenced = self._fence.names(server.place)
        if fenced and not admin:
            raise Misconfigured(f"The user at {server.place} may look only: name it in admin_users of pgbouncer.ini.")
        if fenced:
            return f"{version} at {server.place}"
        more = "; as one of admin_users it has more rights than looking needs" if admin else ""
        return f"{version} at {server.place}, looks only, because {self._fence.setting} names nothing there{more}"


async def _is_admin(console: Console, connection: Connection) -> bool:
    """Setting what is no setting changes nothing, and who may not set at all is told that first."""
    try:
        await console.ask(connection, "SET oncall_agent_may_set = 1")
    except Lost:
        raise
    except Unreachable as error:
        return "admin access" not in str(error)
    return True
