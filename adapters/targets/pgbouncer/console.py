"""The admin console of one PgBouncer: it looks like a database, but understands a few commands only."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import psycopg

from adapters.targets.kept_open import KeptOpen, Lost, NotSent, plain
from engine.errors import Unreachable

Connection: TypeAlias = psycopg.AsyncConnection[Any]
Row: TypeAlias = Mapping[str, Any]

SETTABLE = ("name", "host", "port", "database", "force_user", "pool_size", "pool_mode", "max_connections")
"""What SHOW DATABASES tells of pgbouncer.ini; the rest changes by itself."""


@dataclass(frozen=True, slots=True)
class Pooler:
    """What one look at PgBouncer shows. ``settings`` changes with any of its settings."""

    size: int
    most: int
    databases: Mapping[str, Row]
    pools: Sequence[Row]
    settings: str
    servers: Sequence[Row] = ()
    """Its connections to servers; not asked for where nobody waits."""

    @property
    def long(self) -> Sequence[Row]:
        """Pools whose clients have waited for a second or more."""
        return long(self.pools)

    @property
    def waiting(self) -> Mapping[str, int]:
        """Such clients, by database."""
        names = dict.fromkeys(one["database"] for one in self.long)
        return {name: sum(one["cl_waiting"] for one in self.long if one["database"] == name) for name in names}

    def own_size(self, database: str) -> int | None:
        """What pgbouncer.ini sets for this database alone, as long as it is another number than all others have."""
        size = int(self.databases.get(database, {}).get("pool_size", self.size))
        return size if size not in (-1, self.size) else None

    def paused(self, database: str) -> bool:
        return bool(self.databases[database]["paused"])

    def at_work(self, database: str) -> int:
        """Connections to servers that clients have in use."""
        return sum(one["sv_active"] for one in self.pools if one["database"] == database)

    def __str__(self) -> str:
        shown = "; ".join(map(_pool, self.pools[:5])) or "no pool has been used"
        more = f"; {len(self.pools) - 5} more pools" if len(self.pools) > 5 else ""
        most = f", at most {self.most} to one database" if self.most else ""
        paused = [name for name in self.databases if self.paused(name)]
        also = f" Paused: {', '.join(map(plain, paused))}." if paused else ""
        return f"default_pool_size is {self.size}{most}; {shown}{more}.{also}"


def long(pools: Sequence[Row]) -> Sequence[Row]:
    return [one for one in pools if one["cl_waiting"] and one["maxwait"] >= 1]


def _pool(one: Row) -> str:
    wait = f", the first for {one['maxwait']} s" if one["cl_waiting"] else ""
    has = f"{one['sv_active']} connections at work, {one['sv_idle']} idle"
    return f"{plain(one['user'])}@{plain(one['database'])}: {has}, {one['cl_waiting']} clients wait{wait}"


class Console(KeptOpen[Connection]):
    async def ask(self, connection: Connection, command: str) -> list[Row]:
        """Raises Lost where the answer was lost, Unreachable with PgBouncer's own words where it refused."""
        # Cancelled instead, psycopg would ask PgBouncer to stop, and wait for five seconds more.
        late = asyncio.get_running_loop().call_later(self._timeout, _hang_up, connection)
        try:
            cursor = await connection.execute(command.encode())
            if cursor.description is None:
                return []
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]
        except (psycopg.Error, OSError) as error:
            if isinstance(error, psycopg.Error) and error.sqlstate:
                raise Unreachable(f"PgBouncer at {self.place} refused: {self.words(error)}.", temporary=False) from None
            self.close()
            raise Lost(f"PgBouncer at {self.place} broke off or did not answer in time.") from None
        finally:
            late.cancel()

    async def pooler(self, connection: Connection) -> Pooler:
        config = {row["key"]: str(row["value"]) for row in await self.ask(connection, "SHOW CONFIG")}
        rows = [row for row in await self.ask(connection, "SHOW DATABASES") if row["name"] != "pgbouncer"]
        pools = [row for row in await self.ask(connection, "SHOW POOLS") if row["database"] != "pgbouncer"]
        stated = (sorted(config.items()), [[row.get(name) for name in SETTABLE] for row in rows])
        return Pooler(
            size=int(config["default_pool_size"]),
            most=int(config.get("max_db_connections", "0")),
            databases={row["name"]: row for row in rows},
            pools=sorted(pools, key=lambda row: -row["cl_waiting"]),
            servers=await self.ask(connection, "SHOW SERVERS") if long(pools) else (),
            settings=hashlib.sha256(repr(stated).encode()).hexdigest()[:16],
        )

    async def _knock(self) -> Connection:
        try:
            async with asyncio.timeout(self._timeout):
                return await psycopg.AsyncConnection.connect(
                    self._url,
                    dbname="pgbouncer",
                    autocommit=True,
                    application_name="oncall-agent",
                    cursor_factory=psycopg.AsyncClientCursor,  # the console speaks the simple protocol only
                )
        except (psycopg.Error, OSError, TimeoutError) as error:
            words = self.words(error).rpartition("FATAL:")[2].strip()
            hint = ": is the user among admin_users?" if "not allowed" in words else ""
            hint = ": check the password" if "authentication" in words else hint
            raise NotSent(f"PgBouncer at {self.place} cannot be reached ({words or 'no answer'}){hint}.") from None

    async def _ping(self, kept: Connection) -> None:
        await self.ask(kept, "SHOW VERSION")

    def _drop(self, kept: Connection) -> None:
        kept.pgconn.finish()


def _hang_up(connection: Connection) -> None:
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(connection.pgconn.socket)) as line:
        line.shutdown(socket.SHUT_RDWR)
