"""The MySQL target against a real MariaDB: every action, and whatever can go wrong around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import asyncmy
import pytest
from asyncmy.errors import Error

from adapters.targets.mysql import CATALOGUE, MySQL, MySQLSettings
from adapters.targets.mysql.acting import kill
from adapters.targets.mysql.rights import granted
from adapters.targets.mysql.server import MYSQL, ROOM, Server, shown
from adapters.targets.place import Place
from engine.errors import Misconfigured, Unreachable
from engine.model import Action, Judgement, Result, Verdict
from tests import servers
from tests.servers import free_port
from tests.servers.mariadb import running_mariadb
from tests.servers.wire import wire

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

AGENT, APP = "oncall_agent", "shop"
SECRET = "a-pass-word-nobody-may-see"
GRANTS = (
    "CREATE DATABASE shop",
    "CREATE TABLE shop.stock (item int PRIMARY KEY, pieces int) ENGINE=InnoDB",
    "INSERT INTO shop.stock VALUES (1, 1)",
    *(f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY '{SECRET}'" for name in (AGENT, APP, "nobody")),
    f"GRANT PROCESS, CONNECTION ADMIN ON *.* TO {AGENT}@'127.0.0.1'",
    f"GRANT ALL ON shop.* TO {APP}@'127.0.0.1'",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """One of our own, that also counts statements as MySQL does."""
    with running_mariadb(tmp_path_factory) as server:
        server.stop()
        counted = "--performance-schema-consumer-events-statements-current=ON"
        server.command += ["--performance-schema=ON", "--performance-schema-instrument=statement/%=ON", counted]
        server.start()
        asyncio.run(_run(server, *GRANTS))
        yield server


async def _run(server: servers.Server, *statements: str) -> None:
    async with asyncmy.connect(
        host=server.host, port=server.port, user=server.user, password=server.password, autocommit=True
    ) as owner:
        for statement in statements:
            async with owner.cursor() as cursor:
                await cursor.execute(statement)


def url(server: servers.Server, user: str = AGENT, port: int = 0) -> str:
    return f"mysql://{user}:{SECRET}@{server.host}:{port or server.port}/"


@asynccontextmanager
async def connected(
    server: servers.Server, *, user: str = AGENT, port: int = 0, fence: tuple[str, ...] = ("*",), seconds: float = 5
) -> AsyncIterator[MySQL]:
    target = MySQL(MySQLSettings((url(server, user, port),), fence, seconds, ("root", server.user)))
    try:
        yield target
    finally:
        await target.close()


@pytest.fixture
async def target(server: servers.Server) -> AsyncIterator[MySQL]:
    async with connected(server) as target:
        yield target


class Shop:
    """The program that holds the connections."""

    def __init__(self, server: servers.Server) -> None:
        self.server, self.open = server, AsyncExitStack()

    async def session(self) -> Any:
        session = await asyncmy.connect(
            host=self.server.host, port=self.server.port, user=APP, password=SECRET, db="shop", autocommit=True
        )
        self.open.callback(session.close)
        return session

    async def idles(self) -> Any:
        """In a transaction that was begun and forgotten."""
        session = await self.session()
        await run(session, "BEGIN")
        await run(session, "UPDATE stock SET pieces = pieces + 1")
        return session

    async def leaks(self) -> None:
        while True:
            await self.session()


async def run(session: Any, statement: str) -> Any:
    async with session.cursor() as cursor:
        await cursor.execute(statement)
        return await cursor.fetchall()


async def lives(session: Any) -> bool:
    try:
        return bool(await run(session, "SELECT 1"))
    except (Error, OSError):
        return False


@pytest.fixture
async def shop(server: servers.Server) -> AsyncIterator[Shop]:
    shop = Shop(server)
    async with shop.open:
        yield shop
    await _run(server, f"KILL USER {APP}")


async def proposed(target: MySQL, name: str, **parameters: str) -> Action:
    """As the engine does: fill in the defaults, look, then bind the action to what was seen."""
    spec = CATALOGUE[name]
    filled = {one.name: parameters.get(one.name, one.default) for one in spec.parameters}
    seen = (await target.look(filled)).state
    return Action("a1", "mysql", name, filled, spec.risk, spec.effect, spec.undo, spec.request(filled), seen)


async def idle(target: MySQL, **parameters: str) -> Action:
    await asyncio.sleep(2.1)  # it counts in whole seconds
    return await proposed(target, "terminate_idle_sessions", idle_seconds="1", **parameters)


async def settled(target: MySQL, action: Action) -> Verdict:
    for _ in range(30):
        verdict = await target.verify(action)
        if verdict.judgement not in (Judgement.NOT_YET, Judgement.FAILED):
            break
        await asyncio.sleep(0.1)
    return verdict


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
    there = Server(url(server), Place(server.host, server.port), 5, (server.user,))
    async with there.session() as connection:
        (one,) = [one for one in await there.sessions(connection) if one.number == session.thread_id()]
        assert await lives(session), "and so it has done something else"
        assert not await kill(there, connection, one)
        assert not await kill(there, connection, replace(one, number=999_999))
    assert await lives(session)
    there.close()


async def test_long_queries_end_but_not_those_that_wait_for_a_lock(target: MySQL, shop: Shop) -> None:
    holder, waiter, sleeper = await shop.idles(), await shop.session(), await shop.session()
    waits = asyncio.create_task(run(waiter, "UPDATE stock SET pieces = 0"))
    runs = asyncio.create_task(run(sleeper, "SELECT SLEEP(30)"))
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
    rests, holds, works = await shop.session(), await shop.idles(), await shop.session()
    busy = asyncio.create_task(run(works, "SELECT SLEEP(1)"))
    await asyncio.sleep(0.2)
    action = await proposed(target, "restart_connection_pool", database_user=APP)
    assert len(action.seen) == 4
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    assert (await target.act(action)).result is Result.DONE
    assert (await settled(target, action)).judgement is Judgement.WORKED
    await busy
    assert (await lives(rests), await lives(holds), await lives(works)) == (False, True, True)
    assert (await target.act(action)).result is Result.CHANGED


async def test_max_connections_grows_at_once(server: servers.Server, target: MySQL) -> None:
    action = await proposed(target, "increase_max_connections", **{"from": "60"})
    assert action.seen["to"] == "90"
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    await _run(server, "SET GLOBAL max_connections = 61")
    moved = await target.act(action)
    assert (moved.result, "61 now" in moved.detail) == (Result.FAILED, True)
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    await _run(server, "SET GLOBAL max_connections = 60")
    outcome = await target.act(action)
    assert (outcome.result, "next restart undoes it" in outcome.detail) == (Result.DONE, True)
    assert (await target.verify(action)).judgement is Judgement.WORKED
    assert (await target.act(action)).result is Result.FAILED, "it is 90 now"
    await _run(server, "SET GLOBAL max_connections = 60")


async def test_a_full_server_lets_us_in(server: servers.Server, shop: Shop) -> None:
    await _run(server, "SET GLOBAL max_connections = 12")
    try:
        with pytest.raises(Error, match="Too many connections"):
            await shop.leaks()
        async with connected(server) as target:
            assert (await target.look({})).healthy is False
            action = await idle(target, most="5")
            assert (await target.act(action)).result is Result.DONE
            assert (await settled(target, action)).judgement is Judgement.WORKED
    finally:
        await _widened(server)


async def test_it_waits_for_the_last_seat_of_a_full_server(server: servers.Server, shop: Shop) -> None:
    await _run(server, "SET GLOBAL max_connections = 12")
    try:
        with pytest.raises(Error, match="Too many connections"):
            await shop.leaks()
        owner = await _seated(server)
        async with connected(server) as target:
            look = asyncio.ensure_future(target.look({}))
            await asyncio.sleep(0.5)
            assert not look.done(), "it asks again while somebody else has the seat"
            owner.close()
            assert (await look).healthy is False
    finally:
        await _widened(server)


async def test_a_server_that_stays_full_is_said_to_be(server: servers.Server, shop: Shop) -> None:
    await _run(server, "SET GLOBAL max_connections = 12")
    try:
        with pytest.raises(Error, match="Too many connections"):
            await shop.leaks()
        owner = await _seated(server)
        async with connected(server, seconds=1) as target:
            with pytest.raises(Unreachable, match="CONNECTION ADMIN"):
                await target.look({})
        owner.close()
    finally:
        await _widened(server)


async def _seated(server: servers.Server) -> Any:
    """The owner in the one seat that a full server keeps for such as him, as soon as it is free."""
    for _ in range(50):
        with suppress(Error):
            return await asyncmy.connect(
                host=server.host, port=server.port, user=server.user, password=server.password, autocommit=True
            )
        await asyncio.sleep(0.1)
    raise AssertionError("the seat stays taken")


async def _widened(server: servers.Server) -> None:
    owner = await _seated(server)
    await run(owner, "SET GLOBAL max_connections = 60")
    owner.close()


async def test_a_fence_holds(server: servers.Server, shop: Shop) -> None:
    session = await shop.idles()
    await asyncio.sleep(2.1)
    for fence in ((), (f"127.0.0.1:{server.port}/orders",)):
        async with connected(server, fence=fence) as target:
            action = await proposed(target, "terminate_idle_sessions", idle_seconds="1")
            assert "MYSQL_MAY_ACT_ON" in (await target.look(action.parameters)).summary
            assert (await target.act(action)).result is Result.NOTHING_DONE
            named = await proposed(target, "terminate_idle_sessions", idle_seconds="1", database_name="shop")
            for refused in (named, await proposed(target, "increase_max_connections", to="70")):
                outcome = await target.act(refused)
                assert (outcome.result, "MYSQL_MAY_ACT_ON" in outcome.detail) == (Result.FAILED, True)
    assert await lives(session)


async def test_rights(server: servers.Server, target: MySQL, shop: Shop) -> None:
    assert (await target.check()).startswith("MariaDB 10.11")
    session = await shop.idles()
    action = await idle(target)
    async with connected(server, user="nobody") as weak:
        with pytest.raises(Misconfigured, match="GRANT CONNECTION ADMIN, PROCESS ON"):
            await weak.check()
        assert (await weak.act(action)).result is Result.FAILED, "it may not even look at transactions"
        widen = await proposed(weak, "increase_max_connections", to="70")
        outcome = await weak.act(widen)
        assert (outcome.result, "denied" in outcome.detail) == (Result.FAILED, True)
    assert await lives(session)
    owner = MySQL(MySQLSettings((server.url(""),)))
    said = await owner.check()
    assert "has ALL PRIVILEGES, which it does not need" in said
    assert "looks only" in said
    await owner.close()
    assert granted(
        ["GRANT PROCESS, CONNECTION_ADMIN ON *.* TO `a`@`b`", "GRANT ALL PRIVILEGES ON `x`.* TO `a`@`b`"]
    ) == {
        "PROCESS",
        "CONNECTION_ADMIN",
    }


async def test_a_server_that_is_down_or_knows_us_not(server: servers.Server) -> None:
    for port, user in ((free_port(), AGENT), (0, "no_such_user")):
        async with connected(server, port=port, user=user) as target:
            with pytest.raises(Unreachable) as error:
                await target.look({})
            assert SECRET not in str(error.value)
            spec = CATALOGUE["terminate_idle_sessions"]
            action = Action("a1", "mysql", spec.name, {}, spec.risk, "", "", "", {"server": "x"})
            assert (await target.act(action)).result is Result.FAILED
            with pytest.raises(Unreachable):
                await target.verify(action)


async def test_a_lost_answer_is_unknown_and_the_next_look_tells(server: servers.Server, shop: Shop) -> None:
    async with wire(server.port) as line, connected(server, port=line.port, seconds=1) as target:
        first, second = await shop.session(), await shop.session()
        for deed, most in ((line.cut, "1"), (line.silence, "1")):
            action = await idle(target, most=most)
            deed(b"KILL CONNECTION")
            outcome = await target.act(action)
            assert outcome.result is Result.UNKNOWN, outcome
            line.mend()
            assert (await settled(target, action)).judgement is Judgement.WORKED
        assert (await lives(first), await lives(second)) == (False, False)

        third = await shop.session()
        action = await idle(target)
        line.block(b"KILL CONNECTION")
        assert (await target.act(action)).result is Result.UNKNOWN
        line.mend()
        assert (await target.verify(action)).judgement is Judgement.UNKNOWN, "it did not arrive"
        assert await lives(third)
        line.silence(b"SELECT")
        late = await target.act(action)
        assert (late.result, "Nothing was done" in late.detail) == (Result.FAILED, True)


async def test_hostile_names_reach_no_statement(target: MySQL, shop: Shop) -> None:
    session = await shop.idles()
    await asyncio.sleep(2.1)
    for value in ("x'; DROP TABLE stock; --", "shop` x", "shop\nx", "$(reboot)", "SLEEP(9)", "x" * 300):
        for spec in CATALOGUE.values():
            for parameter in spec.parameters:
                known = {one.name: {"idle_seconds": "1"}.get(one.name, one.default) for one in spec.parameters}
                action = await proposed(target, spec.name, **{**known, parameter.name: value})
                assert (await target.act(action)).result is Result.FAILED
                assert spec.wrong({**known, parameter.name: value})
    assert await lives(session)


async def test_what_is_asked_of_mysql_shows_the_same(server: servers.Server, shop: Shop) -> None:
    """No MySQL here: its own tables exist in MariaDB too, and are asked in the same words."""
    await _run(server, f"GRANT SELECT ON performance_schema.* TO {AGENT}@'127.0.0.1'")
    session = await shop.idles()
    there = Server(url(server), Place(server.host, server.port), 5, (server.user,))
    async with there.session() as connection:
        before = {one.number: one for one in map(shown, await _of_shop(there, connection))}[session.thread_id()]
        assert (before.database, before.user, before.doing) == ("shop", APP, "idle in transaction")
        assert before.work.startswith("statement ")
        assert await lives(session)
        after = {one.number: one for one in map(shown, await _of_shop(there, connection))}[session.thread_id()]
        assert (after.identity, after.work != before.work) == (before.identity, True)
        row = (await there.ask(connection, ROOM.format(schema="performance_schema")))[0]
        assert int(row["taken"]) >= 2
    there.close()


async def _of_shop(there: Server, connection: Any) -> list[Any]:
    return [row for row in await there.ask(connection, MYSQL) if row["user"] == APP]
