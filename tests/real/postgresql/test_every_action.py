"""Every action on a real PostgreSQL whose answer is lost, or that never gets as far as being sent."""

from __future__ import annotations

import pytest

from adapters.targets.postgresql import CATALOGUE
from tests.real.cut_off import bound, is_never_sent, is_unknown
from tests.real.postgresql.shop import APP, Shop, connected, lives
from tests.servers import Server
from tests.servers.wire import wire

pytestmark = pytest.mark.real

ENDS = b"pg_terminate_backend"
WORDS = {
    "terminate_queries": ENDS,
    "terminate_idle_sessions": ENDS,
    "terminate_session": ENDS,
    "restart_connection_pool": ENDS,
    "cancel_query": b"pg_cancel_backend",
    "increase_max_connections": b"ALTER SYSTEM",
    "set_role_connection_limit": b"ALTER ROLE",
}
GIVEN = {
    "terminate_queries": {"running_seconds": "1"},
    "terminate_idle_sessions": {"idle_seconds": "1"},
    "restart_connection_pool": {"database_user": APP},
    "set_role_connection_limit": {"database_user": APP, "connection_limit": "9"},
}


@pytest.mark.parametrize("name", CATALOGUE)
async def test_a_call_that_breaks_off_is_unknown_and_one_never_sent_is_none(
    server: Server, shop: Shop, name: str
) -> None:
    rests = await shop.session()
    works, task = await shop.runs()
    given = GIVEN.get(
        name, {"pid": str(works.get_server_pid())} if name in ("terminate_session", "cancel_query") else {}
    )
    async with wire(server.port) as line, connected(server, port=line.port, seconds=30) as target:
        action = await bound(target, name, **given)
        await is_unknown(target, action, line, WORDS[name], after=WORDS[name].startswith(b"pg_"))
    async with wire(server.port) as line, connected(server, port=line.port, seconds=0.5) as hasty:
        await is_never_sent(hasty, action, line, b"SELECT")
    assert not task.done()
    assert await lives(rests)
