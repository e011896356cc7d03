"""Sessions of a real MariaDB are ended: those that were seen, once, and no others."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from asyncmy.errors import Error

from adapters.targets.mysql import MySQL
from adapters.targets.mysql.acting import kill
from adapters.targets.mysql.server import ROOM, Server, shown
from adapters.targets.place import Place
from engine.model import Judgement, Result
from tests import servers
from tests.approved import filled as proposed
from tests.real.mysql.shop import AGENT, APP, Shop, as_owner, idle, lives, of_shop, run, settled, url

pytestmark = pytest.mark.real


async def test_idle_sessions_end_once_and_the_one_that_works_again_does_not(target: MySQL, shop: Shop) -> None:
    idles, other = await shop.idles(), await shop.session()
    action = await idle(target)
    assert len(action.seen) == 3, "the server and both sessions"
    evidence = await target.look(action.parameters)
    assert evidence.healthy is False
    assert "idle in transaction for" in evidence.summary
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    assert await lives(other)
    assert (await target.act(action)).result is Result.CHANGED
    assert (await lives(idles), await lives(other)) == (True, True)

    action = await idle(target, most="1")
    assert (await target.act(action)).result is Result.DONE
    assert [await lives(idles), await lives(other)].count(True) == 1
    assert (await settled(target, action)).judgement is Judgement.WORKED
    again = await target.act(action)
    assert again.result in (Result.NOTHING_DONE, Result.CHANGED)


async def test_a_session_that_was_replaced_is_left_alone(target: MySQL, shop: Shop) -> None:
    """A server gives ids again after a restart; here what was seen is made to be of another user."""
    session = await shop.idles()
    action = await idle(target)
    ours = f"session {session.thread_id()}"
    for other in (
        action.seen[ours].replace("of shop", "of cart"),
        action.seen[ours].replace("statement ", "statement 1"),
    ):
        replaced = replace(action, seen={**action.seen, ours: other})
        assert (await target.act(replaced)).result is Result.CHANGED
    assert await lives(session)


async def test_even_between_the_last_look_and_the_deed(server: servers.Server, shop: Shop) -> None:
    session = await shop.idles()
    there = Server(url(server), Place(server.host, server.port), 60, (server.user,))
    async with there.session() as connection:
        (one,) = [one for one in await there.sessions(connection) if one.number == session.thread_id()]
        assert await lives(session), "and so it has done something else"
        assert not await kill(there, connection, one)
        assert not await kill(there, connection, replace(one, number=999_999))
    assert await lives(session)
    there.close()


async def test_long_queries_end_but_not_those_that_wait_for_a_lock(target: MySQL, shop: Shop) -> None:
    holder, waiter = await shop.idles(), await shop.session()
    waits = asyncio.create_task(run(waiter, "UPDATE stock SET pieces = 0"))
    sleeper, runs = await shop.runs()
    await asyncio.sleep(2.1)
    action = await proposed(target, "terminate_queries", running_seconds="1")
    assert "1 wait for a lock" in (await target.look(action.parameters)).summary
    assert action.seen.keys() == {"server", f"session {sleeper.thread_id()}"}
    assert (await target.act(action)).result is Result.DONE
    with pytest.raises((Error, OSError)):
        await runs
    assert (await settled(target, action)).judgement is Judgement.WORKED
    assert (await target.act(action)).result is Result.NOTHING_DONE
    await run(holder, "ROLLBACK")
    await waits


async def test_a_pool_starts_afresh_and_who_is_at_work_goes_on(target: MySQL, shop: Shop) -> None:
    rests, holds = await shop.session(), await shop.idles()
    works, busy = await shop.runs()
    await asyncio.sleep(0.2)  # InnoDB shows its transactions as they were up to a tenth of a second ago
    action = await proposed(target, "restart_connection_pool", database_user=APP)
    assert len(action.seen) == 4
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    assert (await target.act(action)).result is Result.DONE
    assert (await settled(target, action)).judgement is Judgement.WORKED
    await shop.stops(works, busy)
    assert (await lives(rests), await lives(holds), await lives(works)) == (False, True, True)
    assert (await target.act(action)).result is Result.CHANGED


async def test_one_that_rolls_back_has_not_ended(server: servers.Server, target: MySQL, shop: Shop) -> None:
    """A server only notes that a session is to end: it holds its locks until all that it did is undone."""
    session = await shop.idles()
    await run(session, "CREATE OR REPLACE TABLE much (item int PRIMARY KEY) ENGINE=InnoDB")
    await run(session, "BEGIN")
    await run(session, "INSERT INTO much SELECT seq FROM seq_1_to_200000")
    action = await proposed(target, "terminate_session", pid=str(session.thread_id()))
    assert (await target.act(action)).result is Result.DONE
    there = Server(url(server), Place(server.host, server.port), 60, (server.user,))
    judged = Judgement.NOT_YET
    async with there.session() as connection:
        while judged is Judgement.NOT_YET:
            judged = (await target.verify(action)).judgement
            there_now = [
                row["id"] for row in await there.ask(connection, "SELECT id FROM information_schema.processlist")
            ]
            assert judged is Judgement.NOT_YET or session.thread_id() not in there_now, judged
    there.close()
    assert judged is Judgement.WORKED


async def test_what_is_asked_of_mysql_shows_the_same(server: servers.Server, shop: Shop) -> None:
    """No MySQL here: its own tables exist in MariaDB too, and are asked in the same words."""
    await as_owner(server, f"GRANT SELECT ON performance_schema.* TO {AGENT}@'127.0.0.1'")
    session = await shop.idles()
    there = Server(url(server), Place(server.host, server.port), 60, (server.user,))
    await asyncio.sleep(0.2)  # InnoDB shows its transactions as they were up to a tenth of a second ago
    async with there.session() as connection:
        before = {one.number: one for one in map(shown, await of_shop(there, connection))}[session.thread_id()]
        assert (before.database, before.user, before.doing) == ("shop", APP, "idle in transaction")
        assert before.work.startswith("statement ")
        assert await lives(session)
        after = {one.number: one for one in map(shown, await of_shop(there, connection))}[session.thread_id()]
        assert (after.identity, after.work != before.work) == (before.identity, True)
        row = (await there.ask(connection, ROOM.format(schema="performance_schema")))[0]
        assert int(row["taken"]) >= 2
    there.close()
