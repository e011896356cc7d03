"""Sessions and queries of a real PostgreSQL are ended: those that were seen, once, and no others."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from dataclasses import replace
from datetime import timedelta

import asyncpg  # type: ignore[import-untyped] # ships no types
import pytest

from adapters.targets.place import Place
from adapters.targets.postgresql import PostgreSQL
from adapters.targets.postgresql.server import Server as Connected
from adapters.targets.postgresql.server import cancel, sessions, terminate
from engine.model import Judgement, Result
from tests.approved import filled as proposed
from tests.real.postgresql.shop import APP, Shop, idle, lives, running, settled, url
from tests.servers import Server

pytestmark = pytest.mark.real


async def test_idle_sessions_end_once_and_the_one_that_works_again_does_not(target: PostgreSQL, shop: Shop) -> None:
    idles, other = await shop.idles(), await shop.session()
    action = await idle(target)
    assert len(action.seen) == 3, "the server and both sessions"
    evidence = await target.look(action.parameters)
    assert evidence.healthy is False
    assert re.search(r"idle in transaction for [1-9]\d* s", evidence.summary)
    before = await target.verify(action)
    assert (before.judgement, "did not arrive" in before.detail) == (Judgement.UNKNOWN, True)

    assert await lives(other), "and so it has done something else since"
    moved = await target.act(action)
    assert moved.result is Result.CHANGED
    assert await lives(idles)

    action = await idle(target)
    outcome = await target.act(action)
    assert outcome.result is Result.DONE, outcome
    assert not await lives(idles)
    assert (await settled(target, action)).judgement is Judgement.WORKED
    again = await target.act(action)
    assert again.result is Result.NOTHING_DONE


async def test_at_most_so_many_of_the_longest_idle(target: PostgreSQL, shop: Shop) -> None:
    first, second = await shop.session(), await shop.session()
    await first.execute("SELECT 1")
    await asyncio.sleep(0.1)
    await second.execute("SELECT 1")
    await asyncio.sleep(1.1)
    action = await proposed(target, "terminate_idle_sessions", idle_seconds="1", most="1")
    await shop.session()
    assert (await target.act(action)).result is Result.DONE, "one that came later does not change what was approved"
    assert (await lives(first), await lives(second)) == (False, True)


async def test_long_queries_end_but_not_those_that_wait_for_a_lock(target: PostgreSQL, shop: Shop) -> None:
    holder = await shop.idles("etl")
    waiter = await shop.session()
    waits = asyncio.create_task(waiter.execute("UPDATE stock SET pieces = 0"))
    session, task = await shop.runs()
    action = await running(target)
    evidence = await target.look(action.parameters)
    assert f"1 session waits for a lock held by {holder.get_server_pid()} shop@postgres (etl) idle" in evidence.summary
    assert action.seen.keys() == {"server", f"session {session.get_server_pid()}"}

    outcome = await target.act(action)
    assert outcome.result is Result.DONE, outcome
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await task
    assert (await settled(target, action)).judgement is Judgement.WORKED
    assert (await target.act(action)).result is Result.NOTHING_DONE
    await holder.execute("ROLLBACK")
    await waits


async def test_a_query_that_ended_by_itself_has_recovered(target: PostgreSQL, shop: Shop) -> None:
    session, task = await shop.runs()
    action = await running(target)
    await shop.stops(session, task)
    assert (await target.act(action)).result is Result.NOTHING_DONE
    assert (await target.verify(action)).judgement is Judgement.RECOVERED
    assert await lives(session)


async def test_one_query_is_cancelled_and_its_session_lives(target: PostgreSQL, shop: Shop) -> None:
    session, task = await shop.runs()
    pid = str(session.get_server_pid())
    action = await proposed(target, "cancel_query", pid=pid)
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    assert (await target.act(action)).result is Result.DONE
    with pytest.raises(asyncpg.QueryCanceledError):
        await task
    assert await lives(session)
    assert (await target.verify(action)).judgement is Judgement.WORKED
    _, next_one = await shop.runs(session)
    assert (await target.act(action)).result is Result.CHANGED, "it is another query"
    next_one.cancel()
    gone = await proposed(target, "cancel_query", pid="999999")
    assert (await target.act(gone)).result is Result.NOTHING_DONE


@pytest.mark.parametrize("name", ["terminate_session", "cancel_query"])
async def test_one_that_is_slow_to_hear_of_its_end_is_waited_for(target: PostgreSQL, shop: Shop, name: str) -> None:
    """As where its disk hangs: PostgreSQL has told it, and cannot know when it will hear of it."""
    session, task = await shop.runs()
    pid = session.get_server_pid()
    action = await proposed(target, name, pid=str(pid))
    os.kill(pid, signal.SIGSTOP)
    try:
        assert (await target.act(action)).result is Result.DONE
        verdict = await target.verify(action)
        assert (verdict.judgement, "told to end" in verdict.detail) == (Judgement.NOT_YET, True), verdict
    finally:
        os.kill(pid, signal.SIGCONT)
    assert (await settled(target, action)).judgement is Judgement.WORKED
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await task


async def test_a_pid_that_now_belongs_to_another_session_is_left_alone(target: PostgreSQL, shop: Shop) -> None:
    """PostgreSQL gives pids again; here what was seen is made to be of an earlier session with the same pid."""
    session = await shop.idles()
    action = await idle(target)
    name = f"session {session.get_server_pid()}"
    assert name in action.seen
    earlier = {**action.seen, name: action.seen[name].replace("started 20", "started 19")}
    replaced = replace(action, seen=earlier)
    assert (await target.act(replaced)).result is Result.CHANGED
    assert await lives(session)


async def test_even_between_the_last_look_and_the_deed(server: Server, shop: Shop) -> None:
    session = await shop.idles()
    there = Connected(url(server), Place(server.host, server.port), 60)
    async with there.session() as connection:
        (one,) = [one for one in await sessions(connection) if one.number == session.get_server_pid()]
        second = timedelta(seconds=1)
        for other in (replace(one, started=one.started - second), replace(one, since=one.since - second)):
            assert not await terminate(there, connection, other)
            assert not await cancel(there, connection, other)
        assert await lives(session), "and does something else again"
        assert not await terminate(there, connection, one)
        assert await lives(session)
    there.close()


async def test_sessions_of_superusers_and_of_the_agent_are_no_choice(server: Server, target: PostgreSQL) -> None:
    owner = await asyncpg.connect(server.url("postgres"))
    other = await asyncpg.connect(url(server))
    action = await idle(target)
    assert action.seen == {"server": f"127.0.0.1:{server.port}", "sessions": "none"}
    assert (await target.act(action)).result is Result.NOTHING_DONE
    await owner.close()
    await other.close()


async def test_a_refusal_does_not_cost_the_seat(server: Server, target: PostgreSQL) -> None:
    """On a full server there would be no other."""
    await target.open()
    owner = await asyncpg.connect(server.url("postgres"))
    ours = "SELECT min(pid) FROM pg_stat_activity WHERE usename = 'oncall_agent'"
    before = await owner.fetchval(ours)
    assert (await target.look({"to": "1"})).state == {}
    denied = await proposed(target, "set_role_connection_limit", database_user=server.user, connection_limit="3")
    assert (await target.act(denied)).result is Result.FAILED
    assert await owner.fetchval(ours) == before
    await owner.close()


async def test_a_pool_starts_afresh_and_who_is_at_work_goes_on(target: PostgreSQL, shop: Shop) -> None:
    pool = [await shop.session("orders"), await shop.session("orders")]
    stranger = await shop.session("billing")
    _, busy = await shop.runs(pool[1])
    action = await proposed(target, "restart_connection_pool", database_user=APP, application_name="orders")
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    assert (await target.act(action)).result is Result.DONE
    assert (await settled(target, action)).judgement is Judgement.WORKED
    assert (await lives(pool[0]), await lives(stranger)) == (False, True)
    await shop.stops(pool[1], busy)
    assert await lives(pool[1])
    await shop.session("orders")
    assert (await target.act(action)).result is Result.CHANGED, "its pool has connected again"
