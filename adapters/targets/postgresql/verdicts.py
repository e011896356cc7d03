"""Did it work? By the sessions that were seen, or the setting, and whether there is room now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.targets.postgresql.actions import MaxConnections, Pool, Query, RoleLimit
from adapters.targets.postgresql.looking import role
from adapters.targets.postgresql.server import MAX_CONNECTIONS, MAY_SEE_WRITTEN, WRITTEN, Server, room, sessions
from adapters.targets.sessions import cancelled, fate, judged
from adapters.targets.wanted import Where
from engine.model import Judgement, Verdict

Seen = Mapping[str, str]


async def verdict(server: Server, connection: Any, wanted: Where, seen: Seen, *, told: bool) -> Verdict:
    """Raises Unreachable."""
    with server.said():
        match wanted:
            case MaxConnections():
                return await _widened(connection, seen)
            case RoleLimit():
                now = (await role(server, connection, wanted)).state.get("connection_limit")
                return _limited(wanted, now, seen)
            case _:
                return await _touched(connection, wanted, seen, told=told)


async def _touched(connection: Any, wanted: Where, seen: Seen, *, told: bool) -> Verdict:
    was = fate(seen, {one.number: one for one in await sessions(connection)})
    if isinstance(wanted, Query):
        return cancelled(was, told=told)
    return judged(was, await room(connection), of_a_pool=isinstance(wanted, Pool), told=told)


async def _widened(connection: Any, seen: Seen) -> Verdict:
    now = str((await connection.fetchrow(MAX_CONNECTIONS))["setting"])
    may = await connection.fetchval(MAY_SEE_WRITTEN)
    written = (await connection.fetchval(WRITTEN) or "") if may else ""
    if now == seen.get("to"):
        return Verdict(Judgement.WORKED, f"max_connections is {now}.")
    if written == seen.get("to"):
        return Verdict(
            Judgement.NOT_YET, f"max_connections is still {now}, and {written} is written: a restart is due."
        )
    if not may:
        return Verdict(Judgement.NOT_YET, f"max_connections is still {now}: a restart is due.")
    return Verdict(Judgement.UNKNOWN, f"max_connections is {now}, and no {seen.get('to')} is written.")


def _limited(wanted: RoleLimit, now: str | None, seen: Seen) -> Verdict:
    if now == str(wanted.connection_limit):
        return Verdict(Judgement.WORKED, f"{wanted.database_user} may have {now} connections at once.")
    if now == seen.get("connection_limit"):
        return Verdict(Judgement.UNKNOWN, f"The limit is {now} as before: the request did not arrive.")
    return Verdict(Judgement.UNKNOWN, "Somebody else has changed the limit.")
