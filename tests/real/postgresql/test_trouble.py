"""Whatever can go wrong around a real PostgreSQL: rights, other servers, lost answers, hostile names."""

from __future__ import annotations

import asyncio

import pytest

from adapters.targets.postgresql import CATALOGUE, PostgreSQL, PostgreSQLSettings
from engine.errors import Misconfigured, Unreachable
from engine.model import Action, Judgement, Result
from tests.approved import filled as proposed
from tests.real.cut_off import is_never_sent, is_unknown
from tests.real.postgresql.shop import AGENT, APP, SECRET, Shop, connected, idle, lives, settled
from tests.servers import Server, free_port
from tests.servers.wire import wire

pytestmark = pytest.mark.real

HOSTILE = ("x'; DROP TABLE stock; --", 'shop"; DROP TABLE stock; --', "shop\nx", "$(reboot)", "pg_sleep(9)", "x" * 300)


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
    async with (
        wire(server.port) as line,
        connected(server, port=line.port) as target,
        connected(server, port=line.port, seconds=3) as hasty,
    ):
        for deed, through in ((line.cut, target), (line.silence, hasty)):
            session = await shop.session()
            action = await idle(target)
            deed(b"pg_terminate_backend", after=True)
            outcome = await through.act(action)
            assert outcome.result is Result.UNKNOWN, outcome
            line.mend()
            assert (await settled(target, action)).judgement is Judgement.WORKED
            assert not await lives(session)

        session = await shop.session()
        action = await idle(target)
        await is_unknown(target, action, line, b"pg_terminate_backend", after=True)
        assert await lives(session)

        limit = await proposed(target, "set_role_connection_limit", database_user=APP, connection_limit="7")
        line.cut(b"ALTER ROLE")
        assert (await target.act(limit)).result is Result.UNKNOWN
        line.mend()
        assert (await target.verify(limit)).judgement is Judgement.WORKED

        await is_never_sent(hasty, limit, line, b"SELECT")


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
