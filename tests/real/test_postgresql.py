"""The PostgreSQL target against a real PostgreSQL: every action, and whatever can go wrong around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg  # type: ignore[import-untyped] # ships no types
import pytest

from adapters.targets.place import Place
from adapters.targets.postgresql import CATALOGUE, PostgreSQL, PostgreSQLSettings
from adapters.targets.postgresql.server import Server as Connected
from adapters.targets.postgresql.server import cancel, sessions, terminate
from engine.errors import Misconfigured, Unreachable
from engine.model import Action, Judgement, Result, Verdict
from tests.servers import Server, free_port
from tests.servers.postgresql import running_postgresql
from tests.servers.wire import wire

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

AGENT, APP = "oncall_agent", "shop"
SECRET = "a-pass-word-nobody-may-see"
GRANTS = f"""
CREATE ROLE {AGENT} LOGIN PASSWORD '{SECRET}';
GRANT pg_signal_backend, pg_read_all_stats TO {AGENT};
GRANT ALTER SYSTEM ON PARAMETER max_connections TO {AGENT};
GRANT SELECT ON pg_file_settings TO {AGENT};
GRANT EXECUTE ON FUNCTION pg_show_all_file_settings() TO {AGENT};
ALTER ROLE {AGENT} CREATEROLE;
CREATE ROLE {APP} LOGIN PASSWORD '{SECRET}';
CREATE ROLE nobody LOGIN PASSWORD '{SECRET}';
CREATE TABLE stock (item int PRIMARY KEY, pieces int);
INSERT INTO stock VALUES (1, 1);
GRANT ALL ON stock TO {APP};
"""  # noqa: S608 - our own words


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One of our own, whose max_connections stands in its settings and not on its command line."""
    with running_postgresql(tmp_path_factory) as server:
        server.stop()
        server.command = [part for part in server.command if part != "max_connections=40"]
        server.command = [part for at, part in enumerate(server.command) if not _loose(server.command, at)]
        (server.folder / "data" / "postgresql.auto.conf").write_text("max_connections = 20\n")
        server.start()
        asyncio.run(_grant(server))
        yield server


def _loose(command: list[str], at: int) -> bool:
    return command[at] == "-c" and (at + 1 == len(command) or command[at + 1] == "-c")


async def _grant(server: Server) -> None:
    owner = await asyncpg.connect(server.url("postgres"))
    await owner.execute(GRANTS)
    await owner.close()


def url(server: Server, user: str = AGENT, port: int = 0) -> str:
    return f"postgresql://{user}:{SECRET}@{server.host}:{port or server.port}/postgres"


@asynccontextmanager
async def connected(
    server: Server, *, user: str = AGENT, port: int = 0, fence: tuple[str, ...] = ("*",), seconds: float = 5
) -> AsyncIterator[PostgreSQL]:
    target = PostgreSQL(PostgreSQLSettings((url(server, user, port),), fence, seconds))
    try:
        yield target
    finally:
        await target.close()


@pytest.fixture
async def target(server: Server) -> AsyncIterator[PostgreSQL]:
    async with connected(server) as target:
        yield target


class Shop:
    """The program that holds the connections."""

    def __init__(self, server: Server) -> None:
        self.server, self.open = server, AsyncExitStack()

    async def session(self, name: str = "shop-api") -> Any:
        session = await asyncpg.connect(url(self.server, APP), server_settings={"application_name": name})
        self.open.callback(session.terminate)
        return session

    async def idles(self, name: str = "shop-api") -> Any:
        """In a transaction that was begun and forgotten."""
        session = await self.session(name)
        await session.execute("BEGIN; UPDATE stock SET pieces = pieces + 1")
        return session

    async def leaks(self) -> None:
        while True:
            await self.session("leak")

    async def runs(self) -> tuple[Any, asyncio.Task[Any]]:
        session = await self.session()
        task = asyncio.create_task(session.execute("SELECT pg_sleep(60)"))
        self.open.callback(task.cancel)
        await asyncio.sleep(0.1)
        return session, task


@pytest.fixture
async def shop(server: Server) -> AsyncIterator[Shop]:
    shop = Shop(server)
    async with shop.open:
        yield shop
    owner = await asyncpg.connect(server.url("postgres"))
    await owner.execute("SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE usename = 'shop'")
    await owner.close()


async def proposed(target: PostgreSQL, name: str, **parameters: str) -> Action:
    """As the engine does: fill in the defaults, look, then bind the action to what was seen."""
    spec = CATALOGUE[name]
    filled = {one.name: parameters.get(one.name, one.default) for one in spec.parameters}
    seen = (await target.look(filled)).state
    return Action("a1", "postgresql", name, filled, spec.risk, spec.effect, spec.undo, spec.request(filled), seen)


async def idle(target: PostgreSQL) -> Action:
    await asyncio.sleep(1.1)
    return await proposed(target, "terminate_idle_sessions", idle_seconds="1")


async def running(target: PostgreSQL) -> Action:
    await asyncio.sleep(1.1)
    return await proposed(target, "terminate_queries", running_seconds="1")


async def settled(target: PostgreSQL, action: Action) -> Verdict:
    for _ in range(30):
        verdict = await target.verify(action)
        if verdict.judgement is not Judgement.NOT_YET:
            break
        await asyncio.sleep(0.1)
    return verdict


async def lives(session: Any) -> bool:
    try:
        return bool(await session.fetchval("SELECT true"))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return False


async def test_idle_sessions_end_once_and_the_one_that_works_again_does_not(target: PostgreSQL, shop: Shop) -> None:
    idles, other = await shop.idles(), await shop.session()
    action = await idle(target)
    assert len(action.seen) == 3, "the server and both sessions"
    evidence = await target.look(action.parameters)
    assert evidence.healthy is False
    assert "idle in transaction for 1 s" in evidence.summary
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
    assert f"1 wait for a lock that {holder.get_server_pid()} holds" in evidence.summary
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
    session = await shop.session()
    task = asyncio.create_task(session.execute("SELECT pg_sleep(2)"))
    action = await running(target)
    await task
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
    next_one = asyncio.create_task(session.execute("SELECT pg_sleep(60)"))
    await asyncio.sleep(0.2)
    assert (await target.act(action)).result is Result.CHANGED, "it is another query"
    next_one.cancel()
    gone = await proposed(target, "cancel_query", pid="999999")
    assert (await target.act(gone)).result is Result.NOTHING_DONE


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
    there = Connected(url(server), Place(server.host, server.port), 5)
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
    busy = asyncio.create_task(pool[1].execute("SELECT pg_sleep(2)"))
    await asyncio.sleep(0.2)
    action = await proposed(target, "restart_connection_pool", database_user=APP, application_name="orders")
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    assert (await target.act(action)).result is Result.DONE
    assert (await settled(target, action)).judgement is Judgement.WORKED
    assert (await lives(pool[0]), await lives(stranger)) == (False, True)
    await busy
    assert await lives(pool[1])
    await shop.session("orders")
    assert (await target.act(action)).result is Result.CHANGED, "its pool has connected again"


async def test_a_role_gets_a_limit(server: Server, target: PostgreSQL) -> None:
    action = await proposed(target, "set_role_connection_limit", database_user=APP, connection_limit="7")
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    owner = await asyncpg.connect(server.url("postgres"))
    await owner.execute(f"ALTER ROLE {APP} CONNECTION LIMIT 5")
    assert (await target.act(action)).result is Result.CHANGED
    await owner.execute(f"ALTER ROLE {APP} CONNECTION LIMIT -1")
    assert (await target.act(action)).result is Result.DONE
    assert await owner.fetchval("SELECT rolconnlimit FROM pg_roles WHERE rolname = $1", APP) == 7
    assert (await target.verify(action)).judgement is Judgement.WORKED
    assert (await target.act(action)).result is Result.NOTHING_DONE
    await owner.execute(f"ALTER ROLE {APP} CONNECTION LIMIT -1")
    unknown = await proposed(target, "set_role_connection_limit", database_user="no_such", connection_limit="7")
    assert (await target.act(unknown)).result is Result.FAILED
    superuser = await target.look({"database_user": server.user, "connection_limit": "7"})
    assert "superuser" in superuser.summary
    await owner.close()


async def test_max_connections_is_written_and_holds_from_the_restart_on(server: Server, target: PostgreSQL) -> None:
    action = await proposed(target, "increase_max_connections", **{"from": "20"})
    assert action.seen["to"] == "30"
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    outcome = await target.act(action)
    assert outcome.result is Result.DONE
    assert "next restart" in outcome.detail
    not_yet = await target.verify(action)
    assert not_yet.judgement is Judgement.NOT_YET
    assert "a restart is due" in not_yet.detail
    assert (await target.act(action)).result is Result.NOTHING_DONE
    server.kill()
    server.start()
    assert (await target.verify(action)).judgement is Judgement.WORKED, "and the kept session was opened anew"
    stale = await target.act(action)
    assert (stale.result, "not 20" in stale.detail) == (Result.FAILED, True)


async def test_max_connections_of_the_command_line_is_left_to_who_starts_it(postgresql: Server) -> None:
    settings = PostgreSQLSettings((postgresql.url("postgres"),), ("*",))
    target = PostgreSQL(settings)
    evidence = await target.look({"to": "50"})
    assert "where the server is started" in evidence.summary
    assert evidence.state == {}
    await target.close()


async def test_a_full_server_lets_in_who_has_kept_a_seat(server: Server, target: PostgreSQL, shop: Shop) -> None:
    await target.open()
    with pytest.raises(asyncpg.TooManyConnectionsError):
        await shop.leaks()
    evidence = await target.look({})
    assert evidence.healthy is False
    async with connected(server, seconds=1) as late:
        with pytest.raises(Unreachable, match="pg_use_reserved_connections"):
            await late.look({})
    await asyncio.sleep(1.1)
    action = await proposed(target, "terminate_idle_sessions", idle_seconds="1", most="5")
    assert (await target.act(action)).result is Result.DONE
    assert (await settled(target, action)).judgement is Judgement.WORKED


async def test_it_waits_for_a_seat_of_a_full_server(server: Server, shop: Shop) -> None:
    last = await shop.session()
    with pytest.raises(asyncpg.TooManyConnectionsError):
        await shop.leaks()
    async with connected(server) as target:
        look = asyncio.ensure_future(target.look({}))
        await asyncio.sleep(0.5)
        assert not look.done(), "it asks again while others have all seats"
        last.terminate()
        assert (await look).healthy is False


async def test_a_fence_holds(server: Server, shop: Shop) -> None:
    session = await shop.idles()
    await asyncio.sleep(1.1)
    for fence in ((), ("db.example.com:5432/*",), (f"127.0.0.1:{server.port}/orders",)):
        async with connected(server, fence=fence) as target:
            action = await proposed(target, "terminate_idle_sessions", idle_seconds="1")
            assert "POSTGRESQL_MAY_ACT_ON" in (await target.look(action.parameters)).summary
            assert (await target.act(action)).result is Result.NOTHING_DONE
            named = await proposed(target, "terminate_idle_sessions", idle_seconds="1", database_name="postgres")
            for refused in (named, await proposed(target, "increase_max_connections", to="40")):
                outcome = await target.act(refused)
                assert outcome.result is Result.FAILED
                assert "POSTGRESQL_MAY_ACT_ON" in outcome.detail
            pool = await proposed(target, "set_role_connection_limit", database_user=APP, connection_limit="1")
            assert (await target.act(pool)).result is Result.FAILED
    assert await lives(session)


async def test_another_server_is_not_taken_for_the_one_that_is_meant(server: Server, target: PostgreSQL) -> None:
    for names in ({"database_host": "prod-db.example.com"}, {"database_port": "1"}):
        evidence = await target.look(names)
        assert evidence.state == {}
        assert "POSTGRESQL_URLS" in evidence.summary
        assert (await target.act(await proposed(target, "terminate_idle_sessions", **names))).result is Result.FAILED
    here = await target.look({"database_host": "127.0.0.1", "database_port": str(server.port)})
    assert here.state == {"server": f"127.0.0.1:{server.port}"}


async def test_a_role_without_rights_is_told_so(server: Server, shop: Shop) -> None:
    session = await shop.idles()
    async with connected(server) as able:
        action = await idle(able)
    limit = {"database_user": "oncall_agent", "connection_limit": "7"}
    async with connected(server, user="nobody") as target:
        with pytest.raises(Misconfigured, match="GRANT pg_signal_backend, pg_read_all_stats TO nobody"):
            await target.check()
        assert (await target.act(action)).result is Result.NOTHING_DONE, "it cannot even see it"
        refused = await target.act(await proposed(target, "set_role_connection_limit", **limit))
        assert (refused.result, "ermission" in refused.detail) == (Result.FAILED, True)
        widen = await target.act(await proposed(target, "increase_max_connections", to="50"))
        assert (widen.result, "ermission" in widen.detail) == (Result.FAILED, True)
    assert await lives(session)


async def test_check_says_what_is_too_much(server: Server, target: PostgreSQL) -> None:
    said = await target.check()
    assert said.startswith("PostgreSQL 15")
    assert "SUPERUSER" not in said
    owner = PostgreSQL(PostgreSQLSettings((server.url("postgres"),)))
    said = await owner.check()
    assert "SUPERUSER, far more than it needs" in said
    assert "looks only" in said
    await owner.close()


async def test_a_server_that_is_down_or_knows_us_not(server: Server) -> None:
    for port, user in ((free_port(), AGENT), (0, "no_such_role")):
        async with connected(server, port=port, user=user) as target:
            with pytest.raises(Unreachable) as error:
                await target.look({})
            assert SECRET not in str(error.value)
            spec = CATALOGUE["terminate_idle_sessions"]
            action = Action("a1", "postgresql", spec.name, {}, spec.risk, "", "", "", {"server": "x"})
            assert (await target.act(action)).result is Result.FAILED
            with pytest.raises(Unreachable):
                await target.verify(action)


async def test_a_lost_answer_is_unknown_and_the_next_look_tells(server: Server, shop: Shop) -> None:
    async with wire(server.port) as line, connected(server, port=line.port, seconds=1) as target:
        for deed in (line.cut, line.silence):
            session = await shop.session()
            action = await idle(target)
            deed(b"pg_terminate_backend", after=True)
            outcome = await target.act(action)
            assert outcome.result is Result.UNKNOWN, outcome
            line.mend()
            assert (await settled(target, action)).judgement is Judgement.WORKED
            assert not await lives(session)

        session = await shop.session()
        action = await idle(target)
        line.block(b"pg_terminate_backend", after=True)
        assert (await target.act(action)).result is Result.UNKNOWN
        line.mend()
        assert (await target.verify(action)).judgement is Judgement.UNKNOWN, "it did not arrive"
        assert await lives(session)

        limit = await proposed(target, "set_role_connection_limit", database_user=APP, connection_limit="7")
        line.cut(b"ALTER ROLE")
        assert (await target.act(limit)).result is Result.UNKNOWN
        line.mend()
        assert (await target.verify(limit)).judgement is Judgement.WORKED

        line.silence(b"SELECT")
        late = await target.act(limit)
        assert (late.result, "Nothing was done" in late.detail) == (Result.FAILED, True)


HOSTILE = ("x'; DROP TABLE stock; --", 'shop"; DROP TABLE stock; --', "shop\nx", "$(reboot)", "pg_sleep(9)", "x" * 300)


async def test_hostile_names_reach_no_statement(server: Server, target: PostgreSQL, shop: Shop) -> None:
    session = await shop.idles()
    await asyncio.sleep(1.1)
    for value in HOSTILE:
        for spec in CATALOGUE.values():
            for parameter in spec.parameters:
                given = {"database_user": APP, "pid": "1", "connection_limit": "3", "idle_seconds": "1"}
                known = {one.name: given.get(one.name, one.default) for one in spec.parameters}
                action = await proposed(target, spec.name, **{**known, parameter.name: value})
                assert (await target.act(action)).result is Result.FAILED
                assert spec.wrong({**known, parameter.name: value})
    assert await lives(session)
