"""What is seen of a server before an action: in words, and as the state that an approval is bound to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adapters.targets.choosing import One, Some, inside
from adapters.targets.holding import POSTGRESQL, behind
from adapters.targets.place import Fence
from adapters.targets.postgresql.actions import MaxConnections, Pool, RoleLimit
from adapters.targets.postgresql.server import (
    MAX_CONNECTIONS,
    MAY_SEE_WRITTEN,
    WRITTEN,
    Here,
    Server,
    holders,
    room,
    sessions,
)
from adapters.targets.sessions import WAITS, Room, Seen, bound
from adapters.targets.wanted import Where
from engine.errors import Refused


async def seen(server: Server, connection: Any, fence: Fence, wanted: Where) -> Seen[Here]:
    """Raises Unreachable, Lost."""
    with server.said():
        match wanted:
            case MaxConnections():
                return await limits(server, connection, wanted)
            case RoleLimit():
                return await role(server, connection, wanted)
            case Some() | One():
                return await some(server, connection, fence, wanted)
            case _:
                raise TypeError(f"no look for {type(wanted).__name__}")


async def some(server: Server, connection: Any, fence: Fence, wanted: Some | One) -> Seen[Here]:
    """Never ``healthy``: a server with room says nothing about the client whose own pool is exhausted."""
    has = await room(connection)
    shown = await sessions(connection)
    why = behind(POSTGRESQL, server.place, wanted, has, shown, await _held(connection, shown))
    overview = f"{_overview(server, has, shown)}{why.words}"
    if type(wanted) is Some:  # the server as a whole, for no action
        return Seen(overview, _of(server), False if has.full else None, behind=why)
    chosen, words = inside(fence, server.place, wanted, shown)
    state = bound(chosen, whatever_they_do=isinstance(wanted, Pool))
    ill = has.full or bool(chosen)
    return Seen(f"{overview} {words}", {**_of(server), **state}, False if ill else None, chosen, why)


async def limits(server: Server, connection: Any, wanted: MaxConnections) -> Seen[Here]:
    """Raises Refused if it would be no increase."""
    row, has = await connection.fetchrow(MAX_CONNECTIONS), await room(connection)
    now, written = row["setting"], await _written(connection)
    to = wanted.wanted(now, now + (now + 1) // 2)
    if row["source"] == "command line":
        raise Refused(
            f"max_connections of {server.place} is set where the server is started, which beats its settings."
        )
    due = f" {written} is written in its settings: a restart is due." if written not in ("", str(now)) else ""
    summary = f"{server}: {has}. max_connections would become {to} with the next restart.{due}"
    state = {**_of(server), "max_connections": str(now), "written": written, "to": str(to)}
    return Seen(summary, state, False if has.full else None)


async def role(server: Server, connection: Any, wanted: RoleLimit) -> Seen[Here]:
    row = await connection.fetchrow(
        "SELECT rolconnlimit, rolsuper, (SELECT count(*)::int FROM pg_stat_activity WHERE usesysid = oid) AS taken"
        " FROM pg_roles WHERE rolname = $1",
        wanted.database_user,
    )
    if row is None:
        return Seen(f"{server}: there is no user {wanted.database_user}.", {**_of(server), "user": "none"})
    if row["rolsuper"]:
        raise Refused(f"{wanted.database_user} is a superuser, for whom no limit holds.")
    limit = row["rolconnlimit"]
    summary = f"{server}: {wanted.database_user} has {row['taken']} connections, and may have {limit} (-1: no limit)."
    state = {**_of(server), "connection_limit": str(limit)}
    return Seen(summary, state, False if 0 <= limit <= row["taken"] else None)


async def _written(connection: Any) -> str:
    """What the settings on disk say; empty if we have no right to see that, or they say nothing."""
    may = await connection.fetchval(MAY_SEE_WRITTEN)
    return (await connection.fetchval(WRITTEN)) or "" if may else ""


async def _held(connection: Any, shown: Sequence[Here]) -> Sequence[int]:
    return await holders(connection) if any(one.doing == WAITS for one in shown) else ()


def _overview(server: Server, has: Room, shown: Sequence[Here]) -> str:
    idle = sum(one.idle for one in shown)
    waiting = sum(one.doing == WAITS for one in shown)
    return f"{server}: {has}; {idle} of the sessions are idle{f', {waiting} wait for a lock' if waiting else ''}."


def _of(server: Server) -> dict[str, str]:
    return {"server": str(server.place)}
