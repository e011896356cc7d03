"""Every action on a real MariaDB whose answer is lost, or that never gets as far as being sent."""

from __future__ import annotations

import pytest

from adapters.targets.mysql import CATALOGUE
from tests import servers
from tests.real.cut_off import bound, is_never_sent, is_unknown
from tests.real.mysql.shop import APP, Shop, connected, lives
from tests.servers.wire import wire

pytestmark = pytest.mark.real

GIVEN = {
    "terminate_queries": {"running_seconds": "1"},
    "terminate_idle_sessions": {"idle_seconds": "1"},
    "restart_connection_pool": {"database_user": APP},
}


@pytest.mark.parametrize("name", CATALOGUE)
async def test_a_call_that_breaks_off_is_unknown_and_one_never_sent_is_none(
    server: servers.Server, shop: Shop, name: str
) -> None:
    rests = await shop.session()
    works, task = await shop.runs()
    given = GIVEN.get(name, {"pid": str(works.thread_id())} if name == "terminate_session" else {})
    async with wire(server.port) as line, connected(server, port=line.port, seconds=30) as target:
        action = await bound(target, name, **given)
        word = b"SET GLOBAL" if name == "increase_max_connections" else b"KILL CONNECTION"
        await is_unknown(target, action, line, word)
    async with wire(server.port) as line, connected(server, port=line.port, seconds=0.5) as hasty:
        await is_never_sent(hasty, action, line, b"SELECT")
    assert not task.done()
    assert await lives(rests)
    task.cancel()
