"""The PgBouncer target against a real PgBouncer before a real PostgreSQL."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import asyncpg  # type: ignore[import-untyped] # ships no types
import pytest

from adapters.targets.pgbouncer import CATALOGUE, PgBouncer, PgBouncerSettings
from engine.errors import Misconfigured, Unreachable
from engine.model import Action, Judgement, Result
from tests.approved import ends
from tests.approved import filled as proposed
from tests.real.cut_off import is_never_sent, is_unknown
from tests.servers import PASSWORD, free_port
from tests.servers.pgbouncer import ADMIN, WATCHER, Pooler
from tests.servers.wire import wire
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.real


@asynccontextmanager
async def connected(url: str, *, fence: tuple[str, ...] = ("*",), seconds: float = 60) -> AsyncIterator[PgBouncer]:
    target = PgBouncer(PgBouncerSettings((url,), fence, seconds))
    try:
        yield target
    finally:
        await target.close()


@pytest.fixture
async def target(pgbouncer: Pooler) -> AsyncIterator[PgBouncer]:
    """With the size and the databases as at the start."""
    pgbouncer.writes()
    async with connected(pgbouncer.url()) as target:
        yield target
        for spec, names in (("resume", {"database_name": "postgres"}), ("reload", {})):
            await target.act(await proposed(target, spec, **names))


async def client(pgbouncer: Pooler, open_: AsyncExitStack, database: str = "postgres", name: str = "") -> Any:
    named = {"application_name": name}
    session = await asyncpg.connect(pgbouncer.client(database), statement_cache_size=0, server_settings=named)
    open_.callback(session.terminate)
    return session


async def answer(pgbouncer: Pooler, open_: AsyncExitStack, database: str = "postgres") -> Any:
    """PgBouncer lets a client in at once; its first query is what waits for a connection."""
    return await (await client(pgbouncer, open_, database)).fetchval("SELECT 42")


async def waited_for(target: PgBouncer) -> None:
    """Until somebody has waited for a whole second."""

    async def waits() -> bool:
        return re.search("clients wait, the first for [1-9]", (await target.look({})).summary) is not None

    await until(waits, "a client waits")


async def test_a_pool_that_is_exhausted_grows_at_once(pgbouncer: Pooler, target: PgBouncer) -> None:
    async with AsyncExitStack() as open_:
        held = [await client(pgbouncer, open_, name="shop-api") for _ in range(2)]
        pids = [await one.fetchval("SELECT pg_backend_pid()") for one in held]
        third = asyncio.create_task(answer(pgbouncer, open_))
        open_.callback(third.cancel)
        await waited_for(target)
        action = await proposed(target, "increase_pool_size", **{"from": "2"})
        assert action.seen["to"] == "4"
        evidence = await target.look(action.parameters)
        assert evidence.healthy is False
        assert re.search(r"1 clients wait, the first for [1-9]\d* s", evidence.summary)
        assert evidence.cause == "postgresql/client-pool-exhausted"
        whose = {"database_name": "postgres", "database_user": pgbouncer.before.user}
        assert evidence.names == {**whose, "application_name": "shop-api"}
        assert "its connections at work are 2, 2 of them by shop-api: the longest is that of shop-api" in evidence.shows
        assert any(f"(process {pid}) since 20" in evidence.shows for pid in pids)
        assert (await target.verify(action)).judgement is Judgement.UNKNOWN

        outcome = await target.act(action)
        assert outcome.result is Result.DONE
        assert "pgbouncer.ini must follow" in outcome.detail
        assert await third == 42
        assert (await target.verify(action)).judgement is Judgement.WORKED
        again = await target.act(action)
        assert (again.result, "not 2" in again.detail) == (Result.FAILED, True)

        reload = await proposed(target, "reload")
        assert (await target.verify(reload)).judgement is Judgement.UNKNOWN
        assert (await target.act(reload)).result is Result.DONE
        assert (await target.verify(reload)).judgement is Judgement.WORKED
        undone = await target.verify(action)
        assert (undone.judgement, "a reload has undone it" in undone.detail) == (Judgement.UNKNOWN, True)


async def test_a_database_with_a_size_of_its_own_is_not_helped(pgbouncer: Pooler, target: PgBouncer) -> None:
    named = await proposed(target, "increase_pool_size", database_name="orders-db")
    refused = await target.act(named)
    assert (refused.result, "orders-db has 1" in refused.detail) == (Result.FAILED, True)
    assert "No command changes that" in (await target.look(named.parameters)).summary
    assert named.seen == {}
    async with AsyncExitStack() as open_:
        await (await client(pgbouncer, open_, "orders-db")).execute("SELECT 1")
        second = asyncio.create_task(answer(pgbouncer, open_, "orders-db"))
        open_.callback(second.cancel)
        await waited_for(target)
        refused = await target.act(await proposed(target, "increase_pool_size"))
        assert (refused.result, "orders-db has 1" in refused.detail) == (Result.FAILED, True)
        other = await proposed(target, "increase_pool_size", database_name="postgres")
        assert other.seen["database"] == "postgres"
        assert (await target.act(other)).result is Result.DONE
        assert (await target.verify(other)).judgement is Judgement.WORKED, "nobody waits for this one"
    unknown = await target.act(await proposed(target, "increase_pool_size", database_name="no_such"))
    assert (unknown.result, "no database no_such" in unknown.detail) == (Result.FAILED, True)


async def test_a_size_of_its_own_that_is_everybodys_shows_afterwards(pgbouncer: Pooler, target: PgBouncer) -> None:
    pgbouncer.writes(default_pool_size=1)
    assert (await target.act(await proposed(target, "reload"))).result is Result.DONE
    async with AsyncExitStack() as open_:
        await (await client(pgbouncer, open_, "orders-db")).execute("SELECT 1")
        second = asyncio.create_task(answer(pgbouncer, open_, "orders-db"))
        open_.callback(second.cancel)
        await waited_for(target)
        action = await proposed(target, "increase_pool_size", database_name="orders-db")
        assert (await target.act(action)).result is Result.DONE
        verdict = await target.verify(action)
        assert (verdict.judgement, "own pool_size" in verdict.detail) == (Judgement.FAILED, True)
    pgbouncer.writes()


async def test_a_reload_reads_the_ini(pgbouncer: Pooler, target: PgBouncer) -> None:
    reload = await proposed(target, "reload")
    pgbouncer.writes(default_pool_size=3)
    assert (await target.act(reload)).result is Result.DONE
    assert (await target.verify(reload)).judgement is Judgement.WORKED
    assert (await target.look({"to": "6"})).state["default_pool_size"] == "3"
    assert (await target.act(reload)).result is Result.CHANGED, "it was approved for the settings of before"


async def test_a_reload_that_stops_at_a_mistake_is_not_said_to_have_read_all(
    pgbouncer: Pooler, target: PgBouncer
) -> None:
    """It is answered like one that works."""
    await target.act(await proposed(target, "reload"))
    reload = await proposed(target, "reload")
    pgbouncer.writes(no_such_setting=1)
    outcome = await target.act(reload)
    pgbouncer.writes()
    assert (outcome.result, "only its log tells" in outcome.detail) == (Result.DONE, True)
    verdict = await target.verify(reload)
    assert (verdict.judgement, "only its log tells" in verdict.detail) == (Judgement.UNKNOWN, True)


async def test_the_size_that_moved_or_is_out_of_proportion_is_left(target: PgBouncer) -> None:
    first = await proposed(target, "increase_pool_size", to="3")
    second = await proposed(target, "increase_pool_size", to="5")
    assert (await target.act(second)).result is Result.DONE
    late = await target.act(first)
    assert (late.result, "5 now" in late.detail) == (Result.FAILED, True)
    huge = await target.act(await proposed(target, "increase_pool_size", to="500"))
    assert (huge.result, "more than 4 times" in huge.detail) == (Result.FAILED, True)
    other = replace(second, parameters={"to": "9"})
    assert (await target.act(other)).result is Result.CHANGED


async def test_pause_and_resume(pgbouncer: Pooler, target: PgBouncer) -> None:
    pause = await proposed(target, "pause", database_name="postgres")
    resume = await proposed(target, "resume", database_name="postgres")
    assert (await target.act(resume)).result is Result.NOTHING_DONE
    assert (await target.act(pause)).result is Result.DONE
    assert (await target.verify(pause)).judgement is Judgement.WORKED
    assert (await target.act(pause)).result is Result.NOTHING_DONE
    assert (await target.act(resume)).result is Result.CHANGED, "it was seen running"
    evidence = await target.look({"database_name": "postgres"})
    assert (evidence.healthy, "Paused: postgres" in evidence.summary) == (False, True)
    async with AsyncExitStack() as open_:
        waits = asyncio.create_task(answer(pgbouncer, open_))
        await asyncio.sleep(0.2)
        assert not waits.done()
        resume = await proposed(target, "resume", database_name="postgres")
        assert (await target.act(resume)).result is Result.DONE
        assert (await target.verify(resume)).judgement is Judgement.WORKED
        assert await waits == 42
    dashed = await proposed(target, "pause", database_name="orders-db")
    assert (await target.act(dashed)).result is Result.DONE
    assert (await target.act(await proposed(target, "resume", database_name="orders-db"))).result is Result.DONE
    unknown = await target.act(await proposed(target, "pause", database_name="no_such"))
    assert (unknown.result, "no database no_such" in unknown.detail) == (Result.FAILED, True)


async def test_a_pause_that_waits_for_a_query_is_unknown_and_then_seen(pgbouncer: Pooler) -> None:
    async with connected(pgbouncer.url(), seconds=3) as target, AsyncExitStack() as open_:
        busy, other = await client(pgbouncer, open_), await asyncpg.connect(pgbouncer.before.url("postgres"))
        open_.callback(other.terminate)
        task = asyncio.create_task(busy.execute("SELECT pg_sleep(600)"))
        begun = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(600)'"
        await until(lambda: other.fetchval(begun), "its query runs")
        pause = await proposed(target, "pause", database_name="postgres")
        outcome = await target.act(pause)
        assert (outcome.result, "they may run still" in outcome.detail) == (Result.UNKNOWN, True)
        verdict = await target.verify(pause)
        assert (verdict.judgement, "at work still" in verdict.detail) == (Judgement.NOT_YET, True), verdict
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        busy.terminate()
        assert (await ends(target, pause, PATIENCE)).judgement is Judgement.WORKED
        resume = await proposed(target, "resume", database_name="postgres")
        assert (await target.act(resume)).result is Result.DONE


async def test_who_may_only_look_and_whom_it_does_not_know(pgbouncer: Pooler) -> None:
    async with connected(pgbouncer.url(WATCHER)) as target:
        action = await proposed(target, "increase_pool_size", to="4")
        refused = await target.act(action)
        assert (refused.result, "admin access needed" in refused.detail) == (Result.FAILED, True)
        with pytest.raises(Misconfigured, match="admin_users"):
            await target.check()
    async with connected(pgbouncer.url(WATCHER), fence=()) as target:
        assert "looks only" in await target.check()
    async with connected(pgbouncer.url()) as target:
        assert await target.check() == f"PgBouncer 1.18.0 at 127.0.0.1:{pgbouncer.port}"
    for url in (pgbouncer.url(pgbouncer.before.user), pgbouncer.url(port=free_port()), pgbouncer.url("nobody")):
        async with connected(url) as target:
            with pytest.raises(Unreachable) as error:
                await target.look({})
            assert PASSWORD not in str(error.value)
            spec = CATALOGUE["reload"]
            action = Action("a1", "pgbouncer", "reload", {}, spec.risk, "", "", "", {"server": "x"})
            assert (await target.act(action)).result is Result.FAILED


async def test_a_fence_holds(pgbouncer: Pooler) -> None:
    for fence in ((), (f"127.0.0.1:{pgbouncer.port}/orders-db",)):
        async with connected(pgbouncer.url(), fence=fence) as target:
            for name, names in (
                ("increase_pool_size", {"to": "4"}),
                ("pause", {"database_name": "postgres"}),
                ("reload", {}),
            ):
                outcome = await target.act(await proposed(target, name, **names))
                assert (outcome.result, "PGBOUNCER_MAY_ACT_ON" in outcome.detail) == (Result.FAILED, True)


async def test_a_lost_answer_is_unknown_and_the_next_look_tells(pgbouncer: Pooler, target: PgBouncer) -> None:
    size = 2
    async with (
        wire(pgbouncer.port) as line,
        connected(pgbouncer.url(port=line.port)) as cut,
        connected(pgbouncer.url(port=line.port), seconds=3) as hasty,
    ):
        for deed, through in ((line.cut, cut), (line.silence, hasty)):
            action = await proposed(cut, "increase_pool_size", to=str(size + 1))
            deed(b"SET default_pool_size")
            assert (await through.act(action)).result is Result.UNKNOWN
            line.mend()
            assert (await target.verify(action)).judgement is Judgement.WORKED
            size += 1
        action = await proposed(cut, "increase_pool_size", to="5")
        await is_unknown(cut, action, line, b"SET default_pool_size")
        await is_never_sent(hasty, action, line, b"SHOW")


async def test_hostile_names_reach_no_command(target: PgBouncer) -> None:
    before = (await target.look({})).state
    for value in ('postgres"; SHUTDOWN; --', "x'; RELOAD", "a\nSHUTDOWN", "$(reboot)", "..;", "x" * 300):
        for spec in CATALOGUE.values():
            for parameter in spec.parameters:
                known = {one.name: {"database_name": "postgres"}.get(one.name, one.default) for one in spec.parameters}
                action = await proposed(target, spec.name, **{**known, parameter.name: value})
                assert (await target.act(action)).result is Result.FAILED
                assert spec.wrong({**known, parameter.name: value})
    assert (await target.look({})).state == before
    assert ADMIN not in str(before)
