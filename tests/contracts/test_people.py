"""What every memory of people must hold to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.errors import NotFound, Refused
from engine.model import Account, Role
from engine.ports import People
from storage.database import Database, connect
from storage.memory import MemoryPeople
from storage.people import SqlPeople
from storage.tables import users
from storage.upgrade import upgrade
from tests.contracts.story import at
from tests.servers.databases import DATABASES, SteppingClock, empty

ANN = Account("u1", "ann", "Ann Ö. 💥", "ann@example.org", Role.APPROVER)
BOB = Account("u2", "bob", "", "", Role.VIEWER, is_active=False)


@pytest.fixture(params=("memory", *DATABASES))
async def people(request: pytest.FixtureRequest, tmp_path: Path, clock: SteppingClock) -> AsyncIterator[People]:
    if request.param == "memory":
        yield MemoryPeople()
        return
    async with connect(await empty(request.param, request, tmp_path)) as opened:
        await upgrade(opened)
        yield SqlPeople(opened, clock)


async def test_an_account_can_be_read_back_and_changed(people: People) -> None:
    await people.save(BOB)
    await people.save(ANN)
    assert await people.named("ann") == ANN
    assert list(await people.all()) == [ANN, BOB]
    await people.save(replace(ANN, role=Role.ADMIN, username="anna"))
    assert await people.named("anna") == replace(ANN, role=Role.ADMIN, username="anna")
    assert await people.named("ann") is None


async def test_nobody_is_nobody(people: People) -> None:
    assert await people.named("ann") is None
    assert await people.who("slack", "U1") is None
    assert list(await people.all()) == []


async def test_an_identity_belongs_to_the_account_it_was_linked_to_last(people: People) -> None:
    await people.save(ANN)
    await people.save(BOB)
    await people.link("slack", "U1", "u1")
    await people.link("teams", "U1", "u2")
    assert await people.who("slack", "U1") == ANN
    assert await people.who("slack", "u1") is None
    assert await people.who("teams", "U1") == BOB
    await people.link("slack", "U1", "u2")
    assert await people.who("slack", "U1") == BOB


async def test_an_account_can_be_found_by_where_it_is_linked(people: People) -> None:
    await people.save(ANN)
    assert await people.identity("slack", "u1") is None
    await people.link("slack", "U1", "u1")
    await people.link("slack", "U2", "u1")
    assert await people.identity("slack", "u1") == "U2"
    assert await people.identity("teams", "u1") is None


async def test_an_identity_cannot_belong_to_nobody(people: People) -> None:
    with pytest.raises(NotFound, match="no account u9"):
        await people.link("slack", "U1", "u9")
    assert await people.who("slack", "U1") is None


async def test_two_accounts_cannot_have_one_name(people: People) -> None:
    await people.save(ANN)
    with pytest.raises(Refused, match="called ann"):
        await people.save(replace(BOB, username="ann"))
    await people.save(replace(BOB, username="Ann"))
    assert await people.named("ann") == ANN


async def test_an_account_knows_when_it_was_made_and_last_seen(database: Database, clock: SteppingClock) -> None:
    people = SqlPeople(database, clock)
    await people.save(ANN)
    made = clock.time
    await people.seen("u1", at(5))
    await people.save(replace(ANN, full_name="Ann"))
    await people.seen("nobody", at(6))
    async with database.read() as connection:
        row = (await connection.execute(select(users))).one()
    assert (row.created_at, row.last_login, row.full_name) == (made, at(5), "Ann")
