"""The program that holds the connections of a real MariaDB, and what a person would have approved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import asyncmy
from asyncmy.errors import Error

from adapters.targets.mysql import MySQL, MySQLSettings
from adapters.targets.mysql.server import MYSQL, Server
from engine.model import Action, Verdict
from tests import servers
from tests.approved import ends
from tests.approved import filled as proposed
from tests.waiting import PATIENCE, until

AGENT, APP = "oncall_agent", "shop"


SECRET = "a-pass-word-nobody-may-see"


GRANTS = (
    "CREATE DATABASE shop",
    "CREATE TABLE shop.stock (item int PRIMARY KEY, pieces int) ENGINE=InnoDB",
    "INSERT INTO shop.stock VALUES (1, 1)",
    *(f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY '{SECRET}'" for name in (AGENT, APP, "nobody")),
    f"GRANT PROCESS, CONNECTION ADMIN ON *.* TO {AGENT}@'127.0.0.1'",
    f"GRANT ALL ON shop.* TO {APP}@'127.0.0.1'",
)


async def as_owner(server: servers.Server, *statements: str) -> None:
    async with asyncmy.connect(
        host=server.host, port=server.port, user=server.user, password=server.password, autocommit=True
    ) as owner:
        for statement in statements:
            async with owner.cursor() as cursor:
                await cursor.execute(statement)


def url(server: servers.Server, user: str = AGENT, port: int = 0) -> str:
    return f"mysql://{user}:{SECRET}@{server.host}:{port or server.port}/"


@asynccontextmanager
async def connected(
    server: servers.Server, *, user: str = AGENT, port: int = 0, fence: tuple[str, ...] = ("*",), seconds: float = 60
) -> AsyncIterator[MySQL]:
    target = MySQL(MySQLSettings((url(server, user, port),), fence, seconds, ("root", server.user)))
    try:
        yield target
    finally:
        await target.close()


class Shop:
    """The program that holds the connections."""

    def __init__(self, server: servers.Server) -> None:
        self.server, self.open = server, AsyncExitStack()

    async def session(self) -> Any:
        session = await asyncmy.connect(
            host=self.server.host, port=self.server.port, user=APP, password=SECRET, db="shop", autocommit=True
        )
        self.open.callback(session.close)
        return session

    async def idles(self) -> Any:
        """In a transaction that was begun and forgotten."""
        session = await self.session()
        await run(session, "BEGIN")
        await run(session, "UPDATE stock SET pieces = pieces + 1")
        return session

    async def runs(self, session: Any = None) -> tuple[Any, asyncio.Task[Any]]:
        """A session whose query has begun."""
        session = session or await self.session()
        task = asyncio.create_task(run(session, "SELECT SLEEP(600)"))
        other = await self.session()
        begun = (session.thread_id(), "Query")

        async def runs() -> bool:
            shown = await run(other, "SELECT id, command FROM information_schema.processlist")
            return begun in shown

        await until(runs, "its query runs")
        other.close()
        return session, task

    async def stops(self, session: Any, task: asyncio.Task[Any]) -> None:
        """Its query is over, and the session goes on."""
        await as_owner(self.server, f"KILL QUERY {session.thread_id()}")
        with suppress(Error):
            await task

    async def leaks(self) -> None:
        while True:
            await self.session()


async def run(session: Any, statement: str) -> Any:
    async with session.cursor() as cursor:
        await cursor.execute(statement)
        return await cursor.fetchall()


async def lives(session: Any) -> bool:
    try:
        return bool(await run(session, "SELECT 1"))
    except (Error, OSError):
        return False


async def idle(target: MySQL, **parameters: str) -> Action:
    await asyncio.sleep(2.1)  # it counts in whole seconds
    return await proposed(target, "terminate_idle_sessions", idle_seconds="1", **parameters)


async def settled(target: MySQL, action: Action) -> Verdict:
    return await ends(target, action, PATIENCE)


async def seated(server: servers.Server) -> Any:
    """The owner in the one seat that a full server keeps for such as him, as soon as it is free."""
    for _ in range(1800):
        with suppress(Error):
            return await asyncmy.connect(
                host=server.host, port=server.port, user=server.user, password=server.password, autocommit=True
            )
        await asyncio.sleep(0.1)
    raise AssertionError("the seat stays taken")


async def widened(server: servers.Server) -> None:
    owner = await seated(server)
    await run(owner, "SET GLOBAL max_connections = 60")
    owner.close()


async def of_shop(there: Server, connection: Any) -> list[Any]:
    return [row for row in await there.ask(connection, MYSQL) if row["user"] == APP]
