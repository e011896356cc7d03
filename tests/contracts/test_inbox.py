"""What every memory of what was heard on a chat platform must hold to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.chat.inbox import Inbox
from storage.database import Database, connect
from storage.inbox import REMEMBERED, SqlInbox
from storage.memory import MemoryInbox
from storage.upgrade import upgrade
from tests.clock import FakeClock
from tests.servers.databases import DATABASES, empty


@pytest.fixture(params=("memory", *DATABASES))
async def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Inbox]:
    if request.param == "memory":
        yield MemoryInbox()
        return
    async with connect(await empty(request.param, request, tmp_path)) as opened:
        await upgrade(opened)
        yield SqlInbox(opened, FakeClock())


async def test_what_is_delivered_three_times_is_heard_once(inbox: Inbox) -> None:
    assert [await inbox.hear("slack", "Ev1", "a") for _ in range(3)] == [True, False, False]
    assert await inbox.hear("teams", "Ev1", "b")
    assert await inbox.hear("slack", "Ev1" * 200, "long")
    assert not await inbox.hear("slack", "Ev1" * 200, "long")


async def test_of_three_at_once_one_is_heard(inbox: Inbox) -> None:
    heard = await asyncio.gather(*(inbox.hear("slack", "Ev1", "a") for _ in range(3)))
    assert sorted(heard) == [False, False, True]


async def test_what_was_not_answered_is_still_there_in_order(inbox: Inbox) -> None:
    for id in ("c", "a", "b"):
        await inbox.hear("slack", id, f"body of {id} 💥")
    await inbox.hear("teams", "x", "")
    await inbox.answered("slack", "a")
    await inbox.answered("slack", "never heard")
    assert [(one.id, one.body) for one in await inbox.unanswered("slack")] == [
        ("c", "body of c 💥"),
        ("b", "body of b 💥"),
    ]
    assert not await inbox.hear("slack", "a", "again")  # answered, and still known


async def test_what_is_too_old_to_be_repeated_is_forgotten(database: Database) -> None:
    clock = FakeClock()
    inbox = SqlInbox(database, clock)
    await inbox.hear("slack", "answered", "")
    await inbox.answered("slack", "answered")
    await inbox.hear("slack", "waiting", "")
    clock.pass_time(seconds=REMEMBERED.total_seconds() + 1)
    assert await inbox.hear("slack", "new", "")
    assert await inbox.hear("slack", "answered", "")
    assert not await inbox.hear("slack", "waiting", "")
