"""A PostgreSQL of these tests' own, the target that is connected to it, and a program that uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import asyncpg  # type: ignore[import-untyped] # ships no types
import pytest

from adapters.targets.postgresql import PostgreSQL
from tests.real.postgresql.shop import GRANTS, Shop, connected
from tests.servers import Server
from tests.servers.postgresql import running_postgresql


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of our own, whose max_connections stands in its settings and not on its command line."""
    with running_postgresql(tmp_path_factory) as server:
        server.stop()
        server.command = [part for part in server.command if part != "max_connections=40"]
        server.command = [part for at, part in enumerate(server.command) if not _loose(server.command, at)]
        (server.folder / "data" / "postgresql.auto.conf").write_text("max_connections = 20\n")
        server.start()
        asyncio.run(_grant(server))
        yield server


def _loose(command: list[str], at: int) -> bool:
    return command[at] == "-c" and (at + 1 == len(command) or command[at + 1] == "-c")


async def _grant(server: Server) -> None:
    owner = await asyncpg.connect(server.url("postgres"))
    await owner.execute(GRANTS)
    await owner.close()


@pytest.fixture
async def target(server: Server) -> AsyncIterator[PostgreSQL]:
    async with connected(server) as target:
        yield target


@pytest.fixture
async def shop(server: Server) -> AsyncIterator[Shop]:
    shop = Shop(server)
    async with shop.open:
        yield shop
    owner = await asyncpg.connect(server.url("postgres"))
    await owner.execute("SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE usename = 'shop'")
    await owner.close()
