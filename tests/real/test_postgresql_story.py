"""A real PostgreSQL is full: its clients' log says so, a person changes and approves the proposal, sessions end, there is room."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import asyncpg  # type: ignore[import-untyped] # ships no types
import psycopg
import pytest

from tests.program import page, running, say, signed_in
from tests.servers import PASSWORD, Server
from tests.servers.postgresql import running_postgresql

pytestmark = pytest.mark.real


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of our own: it is going to be full."""
    with running_postgresql(tmp_path_factory) as server:
        asyncio.run(_roles(server))
        yield server


async def _roles(server: Server) -> None:
    owner = await asyncpg.connect(server.url("postgres"))
    await owner.execute(f"CREATE ROLE oncall_agent LOGIN PASSWORD '{PASSWORD}'")
    await owner.execute("GRANT pg_signal_backend, pg_read_all_stats TO oncall_agent")
    await owner.execute(f"CREATE ROLE shop LOGIN PASSWORD '{PASSWORD}'")
    await owner.close()


def url(server: Server, user: str) -> str:
    return f"postgresql://{user}:{PASSWORD}@{server.host}:{server.port}/postgres"


def settings(folder: Path, server: Server) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite:///{folder}/incidents.db",
        "LOG_PATHS": str(folder / "logs"),
        "MONITORING_INTERVAL": "1",
        "ADMINS": "ada",
        "POSTGRESQL_URLS": url(server, "oncall_agent"),
        "POSTGRESQL_MAY_ACT_ON": f"{server.host}:{server.port}/*",
    }


async def fill(server: Server, stack: AsyncExitStack) -> str:
    """Take every connection that is to be had; returns what the next client is told."""
    while True:
        try:
            taken = await psycopg.AsyncConnection.connect(url(server, "shop"))
        except psycopg.OperationalError as error:
            return str(error).strip()
        stack.push_async_callback(taken.close)


async def test_a_full_server_has_room_again(server: Server, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        program = await stack.enter_async_context(running(tmp_path, settings(tmp_path, server)))
        web = await stack.enter_async_context(signed_in(program))
        said = await fill(server, stack)
        assert "too many clients already" in said or "remaining connection slots" in said
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs" / "shop.log").write_text(f"2099-01-01 00:00:00,000 ERROR shop.orders: {said}\n")
        await reads(web, "Approve terminate_idle_sessions")
        shown = await page(web)
        assert server.host in shown
        assert str(server.port) in shown
        await asyncio.sleep(1.5)  # until they have been idle for longer than a second
        await say(web, program, "approve 1 idle_seconds=1 most=20")
        await reads(web, "Resolved after")
        free = await psycopg.AsyncConnection.connect(url(server, "shop"))
        await free.close()
        assert await program.stop() == 0
    with sqlite3.connect(tmp_path / "incidents.db") as database:
        assert database.execute(
            "select action_type, status, approved_by from actions order by created_at"
        ).fetchall() == [
            ("terminate_idle_sessions", "superseded", None),
            ("terminate_idle_sessions", "completed", "ada"),
        ]


async def reads(web: aiohttp.ClientSession, text: str) -> None:
    async with asyncio.timeout(180):
        while text not in await page(web):
            await asyncio.sleep(0.2)
