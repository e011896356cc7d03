"""Whatever can go wrong around a real MariaDB: rights, lost answers, hostile names."""

from __future__ import annotations

import asyncio

import pytest

from adapters.targets.mysql import CATALOGUE, MySQL, MySQLSettings
from adapters.targets.mysql.rights import granted
from engine.errors import Misconfigured, Unreachable
from engine.model import Action, Judgement, Result
from tests import servers
from tests.approved import filled as proposed
from tests.real.cut_off import is_never_sent, is_unknown
from tests.real.mysql.shop import AGENT, SECRET, Shop, connected, idle, lives, settled
from tests.servers import free_port
from tests.servers.wire import wire

pytestmark = pytest.mark.real


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
    async with (
        wire(server.port) as line,
        connected(server, port=line.port) as target,
        connected(server, port=line.port, seconds=3) as hasty,
    ):
        first, second = await shop.session(), await shop.session()
        for deed, through in ((line.cut, target), (line.silence, hasty)):
            action = await idle(target, most="1")
            deed(b"KILL CONNECTION")
            outcome = await through.act(action)
            assert outcome.result is Result.UNKNOWN, outcome
            line.mend()
            assert (await settled(target, action)).judgement is Judgement.WORKED
        assert (await lives(first), await lives(second)) == (False, False)

        third = await shop.session()
        action = await idle(target)
        await is_unknown(target, action, line, b"KILL CONNECTION")
        assert await lives(third)
        await is_never_sent(hasty, action, line, b"SELECT")


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
