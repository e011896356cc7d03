"""What every memory of posts that were begun must hold to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.chat.outbox import Deliveries
from storage.database import Database, connect
from storage.deliveries import REMEMBERED, SqlDeliveries
from storage.memory import MemoryDeliveries
from storage.upgrade import upgrade
from tests.clock import FakeClock
from tests.servers.databases import DATABASES, empty


@pytest.fixture(params=("memory", *DATABASES))
async def deliveries(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Deliveries]:
    if request.param == "memory":
        yield MemoryDeliveries()
        return
    async with connect(await empty(request.param, request, tmp_path)) as opened:
        await upgrade(opened)
        yield SqlDeliveries(opened, FakeClock())


async def test_a_post_is_begun_once_and_remembered(deliveries: Deliveries) -> None:
    assert await deliveries.begin("slack", "incident-1", "C1") is None
    begun = await deliveries.begin("slack", "incident-1", "C2")
    assert begun
    assert (begun.room, begun.message) == ("C1", "")
    await deliveries.done("slack", "incident-1", "170.1")
    arrived = await deliveries.begin("slack", "incident-1", "C3")
    assert arrived
    assert (arrived.room, arrived.message) == ("C1", "170.1")


async def test_platforms_and_long_keys_are_kept_apart(deliveries: Deliveries) -> None:
    long = "k" * 500
    assert await deliveries.begin("slack", long, "C1") is None
    assert await deliveries.begin("teams", long, "C1") is None
    assert await deliveries.begin("slack", long + "2", "C1") is None
    await deliveries.done("teams", long, "m")
    begun = await deliveries.begin("slack", long, "C1")
    assert begun
    assert begun.message == ""


async def test_what_is_long_over_is_forgotten(database: Database) -> None:
    clock = FakeClock()
    kept = SqlDeliveries(database, clock)
    await kept.begin("slack", "old", "C1")
    clock.pass_time(seconds=REMEMBERED.total_seconds() + 1)
    await kept.begin("slack", "new", "C1")
    assert await kept.begin("slack", "old", "C1") is None
    assert await kept.begin("slack", "new", "C1") is not None
