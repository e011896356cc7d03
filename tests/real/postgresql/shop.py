"""The program that holds the connections of a real PostgreSQL, and what a person would have approved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import asyncpg  # type: ignore[import-untyped] # ships no types

from adapters.targets.postgresql import PostgreSQL, PostgreSQLSettings
from engine.model import Action, Verdict
from tests.approved import ends
from tests.approved import filled as proposed
from tests.servers import Server
from tests.waiting import PATIENCE, until

AGENT, APP = "oncall_agent", "shop"


SECRET = "a-pass-word-nobody-may-see"


GRANTS = f"""
CREATE ROLE {AGENT} LOGIN PASSWORD '{SECRET}';
GRANT pg_signal_backend, pg_read_all_stats TO {AGENT};
GRANT ALTER SYSTEM ON PARAMETER max_connections TO {AGENT};
GRANT SELECT ON pg_file_settings TO {AGENT};
GRANT EXECUTE ON FUNCTION pg_show_all_file_settings() TO {AGENT};
ALTER ROLE {AGENT} CREATEROLE;
CREATE ROLE {APP} LOGIN PASSWORD '{SECRET}';
CREATE ROLE nobody LOGIN PASSWORD '{SECRET}';
CREATE TABLE stock (item int PRIMARY KEY, pieces int);
INSERT INTO stock VALUES (1, 1);
GRANT ALL ON stock TO {APP};
"""  # noqa: S608 - our own words


def url(server: Server, user: str = AGENT, port: int = 0) -> str:
    return f"postgresql://{user}:{SECRET}@{server.host}:{port or server.port}/postgres"


@asynccontextmanager
async def connected(
    server: Server, *, user: str = AGENT, port: int = 0, fence: tuple[str, ...] = ("*",), seconds: float = 60
) -> AsyncIterator[PostgreSQL]:
    target = PostgreSQL(PostgreSQLSettings((url(server, user, port),), fence, seconds))
    try:
        yield target
    finally:
        await target.close()


class Shop:
    """The program that holds the connections."""

    def __init__(self, server: Server) -> None:
        self.server, self.open = server, AsyncExitStack()

    async def session(self, name: str = "shop-api") -> Any:
        session = await asyncpg.connect(url(self.server, APP), server_settings={"application_name": name})
        self.open.callback(session.terminate)
        return session

    async def idles(self, name: str = "shop-api") -> Any:
        """In a transaction that was begun and forgotten."""
        session = await self.session(name)
        await session.execute("BEGIN; UPDATE stock SET pieces = pieces + 1")
        return session

    async def leaks(self) -> None:
        while True:
            await self.session("leak")

    async def runs(self, session: Any = None) -> tuple[Any, asyncio.Task[Any]]:
        """A session whose query has begun."""
        session = session or await self.session()
        task = asyncio.create_task(session.execute("SELECT pg_sleep(600)"))
        self.open.callback(task.cancel)
        other = await self.session()
        begun = "SELECT state = 'active' FROM pg_stat_activity WHERE pid = $1"
        await until(lambda: other.fetchval(begun, session.get_server_pid()), "its query runs")
        await other.close()
        return session, task

    async def stops(self, session: Any, task: asyncio.Task[Any]) -> None:
        """Its query is over, and the session goes on."""
        owner = await asyncpg.connect(self.server.url("postgres"))
        await owner.execute("SELECT pg_cancel_backend($1)", session.get_server_pid())
        await owner.close()
        with suppress(asyncpg.QueryCanceledError):
            await task


async def idle(target: PostgreSQL) -> Action:
    await asyncio.sleep(1.1)
    return await proposed(target, "terminate_idle_sessions", idle_seconds="1")


async def running(target: PostgreSQL) -> Action:
    await asyncio.sleep(1.1)
    return await proposed(target, "terminate_queries", running_seconds="1")


async def settled(target: PostgreSQL, action: Action) -> Verdict:
    return await ends(target, action, PATIENCE)


async def lives(session: Any) -> bool:
    try:
        return bool(await session.fetchval("SELECT true"))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return False
