"""A real MariaDB gets room for more: a limit that grows, and a full server that lets the agent in."""

from __future__ import annotations

import asyncio

import pytest
from asyncmy.errors import Error

from adapters.targets.mysql import MySQL
from engine.errors import Unreachable
from engine.model import Judgement, Result
from tests import servers
from tests.approved import filled as proposed
from tests.real.mysql.shop import Shop, as_owner, connected, idle, seated, settled, widened

pytestmark = pytest.mark.real


async def test_max_connections_grows_at_once(server: servers.Server, target: MySQL) -> None:
    action = await proposed(target, "increase_max_connections", **{"from": "60"})
    assert action.seen["to"] == "90"
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    await as_owner(server, "SET GLOBAL max_connections = 61")
    moved = await target.act(action)
    assert (moved.result, "61 now" in moved.detail) == (Result.FAILED, True)
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN
    await as_owner(server, "SET GLOBAL max_connections = 60")
    outcome = await target.act(action)
    assert (outcome.result, "next restart undoes it" in outcome.detail) == (Result.DONE, True)
    assert (await target.verify(action)).judgement is Judgement.WORKED
    assert (await target.act(action)).result is Result.FAILED, "it is 90 now"
    await as_owner(server, "SET GLOBAL max_connections = 60")


async def test_a_number_that_somebody_else_has_set_is_left(server: servers.Server, target: MySQL) -> None:
    action = await proposed(target, "increase_max_connections", to="90")
    await as_owner(server, "SET GLOBAL max_connections = 61")
    try:
        assert (await target.act(action)).result is Result.CHANGED
        assert (await target.look({"to": "90"})).state["max_connections"] == "61"
    finally:
        await as_owner(server, "SET GLOBAL max_connections = 60")


async def test_a_full_server_lets_us_in(server: servers.Server, shop: Shop) -> None:
    await as_owner(server, "SET GLOBAL max_connections = 12")
    try:
        with pytest.raises(Error, match="Too many connections"):
            await shop.leaks()
        async with connected(server) as target:
            assert (await target.look({})).healthy is False
            action = await idle(target, most="5")
            assert (await target.act(action)).result is Result.DONE
            assert (await settled(target, action)).judgement is Judgement.WORKED
    finally:
        await widened(server)


async def test_it_waits_for_the_last_seat_of_a_full_server(server: servers.Server, shop: Shop) -> None:
    await as_owner(server, "SET GLOBAL max_connections = 12")
    try:
        with pytest.raises(Error, match="Too many connections"):
            await shop.leaks()
        owner = await seated(server)
        async with connected(server) as target:
            look = asyncio.ensure_future(target.look({}))
            await asyncio.sleep(0.5)
            assert not look.done(), "it asks again while somebody else has the seat"
            owner.close()
            assert (await look).healthy is False
    finally:
        await widened(server)


async def test_a_server_that_stays_full_is_said_to_be(server: servers.Server, shop: Shop) -> None:
    await as_owner(server, "SET GLOBAL max_connections = 12")
    try:
        with pytest.raises(Error, match="Too many connections"):
            await shop.leaks()
        owner = await seated(server)
        async with connected(server, seconds=1) as target:
            with pytest.raises(Unreachable, match="CONNECTION ADMIN"):
                await target.look({})
        owner.close()
    finally:
        await widened(server)
