"""Every database that the agent can remember in, each of them real, each test with an empty one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engine.model import Incident
from engine.ports import Incidents
from storage.database import Database, connect
from storage.incidents import SqlIncidents
from storage.memory import MemoryIncidents
from storage.upgrade import upgrade
from tests.servers import Server

SERVERS = ("postgresql", "mariadb")
DATABASES = ("sqlite", *(pytest.param(kind, marks=pytest.mark.real) for kind in SERVERS))


class SteppingClock:
    """Every look at it is a second later."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 3, 0, 0, 123456, tzinfo=UTC)

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture(params=DATABASES)
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    return await empty(request.param, request, tmp_path)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with its tables."""
    async with connect(database_url) as opened:
        await upgrade(opened)
        yield opened


@pytest.fixture(params=("memory", *DATABASES))
async def incidents(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Incidents]:
    """An empty memory, of each kind."""
    if request.param == "memory":
        yield MemoryIncidents(("web", "slack"), by_service)
        return
    async with connect(await empty(request.param, request, tmp_path)) as opened:
        await upgrade(opened)
        yield SqlIncidents(opened, ("web", "slack"), by_service)


def by_service(listener: str, incident: Incident) -> str:
    """On the web a room for each service, and one for what has ended."""
    if listener != "web":
        return ""
    return incident.signal.service if incident.active else "ended"


async def empty(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if kind not in SERVERS:
        return f"sqlite:///{folder / 'oncall.db'}"
    server: Server = request.getfixturevalue(kind)
    return await server.fresh()
