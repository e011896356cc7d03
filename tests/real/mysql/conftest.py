"""A MariaDB of these tests' own, the MySQL target that is connected to it, and a program that uses it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.targets.mysql import MySQL
from tests import servers
from tests.real.mysql.shop import APP, GRANTS, Shop, as_owner, connected
from tests.servers.mariadb import running_mariadb


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """One of our own, that also counts statements as MySQL does."""
    with running_mariadb(tmp_path_factory) as server:
        server.stop()
        counted = "--performance-schema-consumer-events-statements-current=ON"
        server.command += ["--performance-schema=ON", "--performance-schema-instrument=statement/%=ON", counted]
        server.start()
        asyncio.run(as_owner(server, *GRANTS))
        yield server


@pytest.fixture
async def target(server: servers.Server) -> AsyncIterator[MySQL]:
    async with connected(server) as target:
        yield target


@pytest.fixture
async def shop(server: servers.Server) -> AsyncIterator[Shop]:
    shop = Shop(server)
    async with shop.open:
        yield shop
    await as_owner(server, f"KILL USER {APP}")
