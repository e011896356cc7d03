"""A real PostgreSQL gets room for more: limits that grow, and a full server that lets the agent in."""

from __future__ import annotations

import asyncio

import asyncpg  # type: ignore[import-untyped] # ships no types
import pytest

from adapters.targets.postgresql import PostgreSQL, PostgreSQLSettings
from engine.errors import Unreachable
from engine.model import Judgement, Result
from tests.approved import filled as proposed
from tests.real.postgresql.shop import APP, Shop, connected, settled
from tests.servers import Server

pytestmark = pytest.mark.real


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


async def test_a_number_that_somebody_else_has_written_is_left(server: Server, target: PostgreSQL) -> None:
    owner = await asyncpg.connect(server.url("postgres"))
    now = await owner.fetchval("SELECT current_setting('max_connections')::int")
    action = await proposed(target, "increase_max_connections", to=str(now + 20))
    await owner.execute(f"ALTER SYSTEM SET max_connections = {now + 5}")
    try:
        assert (await target.act(action)).result is Result.CHANGED
        written = "SELECT setting FROM pg_file_settings WHERE name = 'max_connections' ORDER BY seqno DESC LIMIT 1"
        assert await owner.fetchval(written) == str(now + 5)
    finally:
        await owner.execute(f"ALTER SYSTEM SET max_connections = {now}")
        await owner.close()


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
