"""A look at a real MariaDB names who holds the lock or the connections, and that one session is ended."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asyncmy.errors import Error

from adapters.targets.mysql import MySQL
from engine.model import Judgement, Result
from tests import servers
from tests.approved import filled as proposed
from tests.real.mysql.shop import Shop, connected, lives, run, settled, widened
from tests.waiting import until

pytestmark = pytest.mark.real


async def blocked(target: MySQL, shop: Shop) -> tuple[Any, asyncio.Future[list[Any]]]:
    """A session that holds a lock, and two that have waited for it for a second, the second of them for the first."""
    holds = await shop.idles()
    waiters = [await shop.session() for _ in range(2)]
    waits = asyncio.gather(*(run(one, "UPDATE stock SET pieces = 0") for one in waiters))

    async def seen() -> bool:
        return (await target.look({})).shows.startswith("2 sessions wait")

    await until(seen, "both have waited for a second")
    return holds, waits


async def test_who_holds_the_lock_is_named_and_ended_once(server: servers.Server, target: MySQL, shop: Shop) -> None:
    holds, waits = await blocked(target, shop)
    pid = str(holds.thread_id())
    evidence = await target.look({"database_name": "shop"})
    assert evidence.cause == "mysql/lock-wait"
    assert evidence.shows.startswith(f"2 sessions wait for a lock held by {pid} shop@shop (127.0.0.1:")
    here = {"database_host": "127.0.0.1", "database_port": str(server.port)}
    assert evidence.names == {**here, "database_name": "shop", "database_user": "shop", "blocking_pid": pid}

    action = await proposed(target, "terminate_session", pid=pid)
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    assert await lives(holds), "and so it has done something else since"
    assert (await target.act(action)).result is Result.CHANGED
    async with connected(server, fence=(f"127.0.0.1:{server.port}/orders",)) as fenced:
        assert (await fenced.act(await proposed(target, "terminate_session", pid=pid))).result is Result.NOTHING_DONE
    assert await lives(holds)

    action = await proposed(target, "terminate_session", pid=pid)
    assert (await target.act(action)).result is Result.DONE
    assert (await settled(target, action)).judgement is Judgement.WORKED
    await waits
    assert not await lives(holds)
    assert (await target.act(action)).result is Result.NOTHING_DONE


async def test_who_holds_the_connections_is_named(server: servers.Server, target: MySQL, shop: Shop) -> None:
    await target.open()
    try:
        with pytest.raises(Error, match="Too many connections"):
            await shop.leaks()
        evidence = await target.look({})
    finally:
        await widened(server)
    assert (evidence.cause, evidence.names["database_user"]) == ("mysql/too-many-connections", "shop")
    assert " of them by shop: " in evidence.shows
