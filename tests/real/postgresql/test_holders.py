"""A look at a real PostgreSQL names who holds the lock or the connections, and that one session is ended."""

from __future__ import annotations

import asyncio

import asyncpg  # type: ignore[import-untyped] # ships no types
import pytest

from adapters.targets.postgresql import PostgreSQL
from engine import decide, group
from engine.model import Judgement, Result, Status
from tests.approved import filled as proposed
from tests.engine.desks import desk, entry, settle
from tests.real.postgresql.shop import Shop, connected, lives, settled
from tests.servers import Server
from tests.waiting import until

pytestmark = pytest.mark.real

POOL = "2026-11-21 09:15:56 ERROR orders: connection pool exhausted on 127.0.0.1:{port}"


async def blocked(target: PostgreSQL, shop: Shop) -> tuple[asyncpg.Connection, asyncio.Future[list[str]]]:
    """A session that holds a lock, and two that have waited for it for a second, the second of them for the first."""
    holds = await shop.idles("etl")
    waiters = [await shop.session() for _ in range(2)]
    waits = asyncio.gather(*(one.execute("UPDATE stock SET pieces = 0") for one in waiters))
    shop.open.callback(waits.cancel)

    async def seen() -> bool:
        return (await target.look({})).shows.startswith("2 sessions wait")

    await until(seen, "both have waited for a second")
    return holds, waits


async def test_who_holds_the_lock_is_named_and_ended(server: Server, target: PostgreSQL, shop: Shop) -> None:
    """The log speaks of a pool; what is behind it is one session that has forgotten its transaction."""
    holds, waits = await blocked(target, shop)
    bystander = await shop.session()
    pid = str(holds.get_server_pid())
    evidence = await target.look({"database_host": "127.0.0.1"})
    assert evidence.shows.startswith(
        f"2 sessions wait for a lock held by {pid} shop@postgres (etl) idle in transaction"
    )
    whose = {"database_name": "postgres", "database_user": "shop", "application_name": "etl"}
    here = {"database_host": "127.0.0.1", "database_port": str(server.port)}
    assert evidence.names == {**here, **whose, "blocking_pid": pid}

    office = desk(target)
    [incident] = await group.hear(office, [entry(POOL.format(port=server.port))])
    incident = await settle(office, incident)
    assert incident.action
    assert incident.diagnosis
    assert incident.diagnosis.root_cause.startswith("The log says: ")
    assert f"held by {pid} shop@postgres (etl)" in incident.diagnosis.root_cause
    assert (incident.action.name, incident.action.parameters) == ("terminate_session", {**here, "pid": pid})
    await decide.approve(office, incident.number, "ada")
    incident = await settle(office, incident)
    assert incident.status is Status.RESOLVED, incident
    assert await waits == ["UPDATE 1", "UPDATE 1"]
    assert (await lives(holds), await lives(bystander)) == (False, True)


async def test_a_holder_that_works_again_is_left_alone_and_none_is_ended_twice(target: PostgreSQL, shop: Shop) -> None:
    holds, waits = await blocked(target, shop)
    action = await proposed(target, "terminate_session", pid=str(holds.get_server_pid()))
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    assert await lives(holds), "and so it has done something else since"
    assert (await target.act(action)).result is Result.CHANGED
    assert await lives(holds)

    action = await proposed(target, "terminate_session", pid=str(holds.get_server_pid()))
    assert (await target.act(action)).result is Result.DONE
    assert (await settled(target, action)).judgement is Judgement.WORKED
    assert await waits == ["UPDATE 1", "UPDATE 1"]
    assert (await target.act(action)).result is Result.NOTHING_DONE
    other = await proposed(target, "terminate_session", pid="999999")
    assert (await target.act(other)).result is Result.NOTHING_DONE


async def test_of_two_holders_both_are_told_and_none_is_named(target: PostgreSQL, shop: Shop) -> None:
    first, second = await shop.session("one"), await shop.session("two")
    for session in (first, second):
        await session.execute("BEGIN; LOCK stock IN SHARE MODE")
    waiter = await shop.session()
    waits = asyncio.create_task(waiter.execute("UPDATE stock SET pieces = 0"))
    shop.open.callback(waits.cancel)

    async def seen() -> bool:
        return (await target.look({})).cause == "postgresql/lock-wait"

    await until(seen, "it has waited for a second")
    evidence = await target.look({})
    assert "blocking_pid" not in evidence.names
    assert all(f" shop@postgres ({name}) idle in transaction" in evidence.shows for name in ("one", "two"))


async def test_the_fence_holds_for_one_session_too(server: Server, target: PostgreSQL, shop: Shop) -> None:
    session = await shop.idles()
    action = await proposed(target, "terminate_session", pid=str(session.get_server_pid()))
    async with connected(server, fence=(f"127.0.0.1:{server.port}/orders",)) as fenced:
        assert (await fenced.act(action)).result is Result.NOTHING_DONE
    assert await lives(session)


async def test_who_holds_the_connections_is_named(target: PostgreSQL, shop: Shop) -> None:
    await target.open()
    assert (await target.look({})).names == {}
    await shop.idles("api")
    with pytest.raises(asyncpg.TooManyConnectionsError):
        await shop.leaks()
    evidence = await target.look({})
    assert evidence.cause == "postgresql/connection-pool-exhausted"
    assert (evidence.names["database_user"], evidence.names["application_name"]) == ("shop", "leak")
    assert " of them by shop (leak): " in evidence.shows
    assert " idle, 0 of them in a transaction, the longest " in evidence.shows
