"""Does what was approved, to the very sessions that were seen, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from adapters.targets.choosing import One, Some
from adapters.targets.ending import each, unfit
from adapters.targets.kept_open import Lost
from adapters.targets.place import Fence
from adapters.targets.postgresql.actions import MaxConnections, Pool, Query, RoleLimit
from adapters.targets.postgresql.looking import limits, role, some
from adapters.targets.postgresql.server import Server, cancel, terminate
from adapters.targets.wanted import Where
from engine.model import Outcome, Result

State = Mapping[str, str]


async def act(server: Server, connection: Any, fence: Fence, wanted: Where, seen: State) -> Outcome:
    """Raises Refused, or Unreachable as long as nothing has happened."""
    match wanted:
        case MaxConnections():
            return await _widen(server, connection, wanted, seen)
        case RoleLimit():
            return await _limit(server, connection, wanted, seen)
        case Some() | One():
            return await _touch(server, connection, fence, wanted, seen)
        case _:
            raise TypeError(f"no way to do {type(wanted).__name__}")


async def _widen(server: Server, connection: Any, wanted: MaxConnections, seen: State) -> Outcome:
    """The new number is written, and no more: reloading would also let in what others have written meanwhile."""
    with server.said():
        now = (await limits(server, connection, wanted)).state
    if now.get("written") == now["to"]:
        return Outcome(Result.NOTHING_DONE, f"max_connections = {now['to']} is written already: a restart is due.")
    if now != seen:
        return Outcome(Result.CHANGED, "max_connections is not what was seen any more. Nothing was done.")
    words = f"max_connections = {now['to']} is written. It holds from the server's next restart on, which is due now."
    return await _sent(server, connection, wanted.statement(now["to"]), words)


async def _limit(server: Server, connection: Any, wanted: RoleLimit, seen: State) -> Outcome:
    with server.said():
        now = (await role(server, connection, wanted)).state
    if "user" in now:
        return Outcome(Result.FAILED, f"There is no user {wanted.database_user}. Nothing was done.")
    if now["connection_limit"] == str(wanted.connection_limit):
        return Outcome(Result.NOTHING_DONE, f"That is the limit of {wanted.database_user} already.")
    if now != seen:
        return Outcome(Result.CHANGED, "The limit is not what was seen any more. Nothing was done.")
    words = f"{wanted.database_user} may have {wanted.connection_limit} connections, and not {now['connection_limit']}."
    return await _sent(server, connection, wanted.statement, words)


async def _touch(server: Server, connection: Any, fence: Fence, wanted: Some | One, seen: State) -> Outcome:
    with server.said():
        now = await some(server, connection, fence, wanted)
    if why := unfit(now, seen):
        return why
    if isinstance(wanted, Query):
        return await each("Cancelled", partial(cancel, server, connection), now.chosen)
    at_rest = [one for one in now.chosen if one.doing == "idle" or not isinstance(wanted, Pool)]
    return await each("Ended", partial(terminate, server, connection), at_rest)


async def _sent(server: Server, connection: Any, statement: str, words: str) -> Outcome:
    try:
        with server.said():
            await connection.execute(statement)
    except Lost as error:
        return Outcome(Result.UNKNOWN, f"{error} Whether the statement took effect is not known.")
    return Outcome(Result.DONE, words)
