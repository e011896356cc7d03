"""What every memory of how far we have read must hold to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.ports import Cursors
from storage.cursors import SqlCursors
from storage.database import Database, connect
from storage.memory import MemoryCursors
from storage.tables import cursors as table
from storage.upgrade import upgrade
from tests.servers.databases import DATABASES, SteppingClock, empty


@pytest.fixture(params=("memory", *DATABASES))
async def cursors(request: pytest.FixtureRequest, tmp_path: Path, clock: SteppingClock) -> AsyncIterator[Cursors]:
    if request.param == "memory":
        yield MemoryCursors()
        return
    async with connect(await empty(request.param, request, tmp_path)) as opened:
        await upgrade(opened)
        yield SqlCursors(opened, clock)


async def test_what_was_put_last_is_there(cursors: Cursors) -> None:
    assert await cursors.get("/var/log/a.log") is None
    await cursors.put("/var/log/a.log", '{"offset": 1}')
    await cursors.put("/var/log/b.log", "{}")
    await cursors.put("/var/log/a.log", '{"offset": 2, "ü": "💥"}')
    assert await cursors.get("/var/log/a.log") == '{"offset": 2, "ü": "💥"}'
    assert await cursors.get("/var/log/b.log") == "{}"


async def test_many_are_put_and_got_together(cursors: Cursors) -> None:
    values = {f"/var/log/{number}.log" + "x" * (number % 300): f'{{"offset": {number}}}' for number in range(1200)}
    await cursors.put("/var/log/0.log", "older")
    await cursors.put_all(values)
    assert await cursors.get_all([*values, "/not/there"]) == values
    assert await cursors.get("/var/log/0.log") == '{"offset": 0}'
    assert await cursors.get_all([]) == {}


async def test_names_are_as_long_and_as_different_as_paths_are(cursors: Cursors) -> None:
    names = ["/" + "x" * 4000 + "/1", "/" + "x" * 4000 + "/2", "/A", "/a", "/ä", "/\udcff", "/\udcfe", "/?"]
    for name in names:
        await cursors.put(name, ascii(name))
    assert [await cursors.get(name) for name in names] == [ascii(name) for name in names]


async def test_a_cursor_knows_when_it_moved(database: Database, clock: SteppingClock) -> None:
    cursors = SqlCursors(database, clock)
    await cursors.put("a", "1")
    await cursors.put("a", "2")
    async with database.read() as connection:
        assert await connection.scalar(select(table.c.updated_at)) == clock.time
