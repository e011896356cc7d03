"""What is seen before an action, and what was approved, done to the very sessions that were seen, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from adapters.targets.choosing import One, Some, inside
from adapters.targets.ending import each, unfit
from adapters.targets.holding import MYSQL, behind
from adapters.targets.kept_open import Lost
from adapters.targets.mysql.actions import MaxConnections, Pool
from adapters.targets.mysql.server import NO_SUCH_SESSION, Denied, Server
from adapters.targets.place import Fence
from adapters.targets.sessions import ENDING, WAITS, Seen, Session, bound
from adapters.targets.wanted import Where
from engine.model import Outcome, Result

State = Mapping[str, str]


async def seen(server: Server, connection: Any, fence: Fence, wanted: Where) -> Seen[Session]:
    """Never ``healthy``: a server with room says nothing about a client's own pool. Raises Refused, Unreachable."""
    room = await server.room(connection)
    of = {"server": str(server.place)}
    ill = False if room.full else None
    if isinstance(wanted, MaxConnections):
        to = wanted.wanted(room.allowed, room.allowed + (room.allowed + 1) // 2)
        summary = f"{server.place}: {room}. max_connections would become {to}."
        return Seen(summary, {**of, "max_connections": str(room.allowed), "to": str(to)}, ill)
    shown = await server.sessions(connection)
    why = behind(MYSQL, server.place, wanted, room, shown, await _held(server, connection, shown))
    overview = f"{server.place}: {room}; {_doing(shown)}.{why.words}"
    if type(wanted) is Some or not isinstance(wanted, Some | One):  # the server as a whole, for no action
        return Seen(overview, of, ill, behind=why)
    chosen, words = inside(fence, server.place, wanted, shown)
    state = bound(chosen, whatever_they_do=isinstance(wanted, Pool))
    return Seen(f"{overview} {words}", {**of, **state}, False if chosen else ill, chosen, why)


async def _held(server: Server, connection: Any, shown: Sequence[Session]) -> Sequence[int]:
    """Nobody where we may not see it: what is good to know, and no reason to fail."""
    if not any(one.doing == WAITS for one in shown):
        return ()
    with suppress(Denied):
        return await server.holders(connection)
    return ()


def _doing(shown: Sequence[Session]) -> str:
    holding = sum(one.doing == "idle in transaction" for one in shown)
    waiting = sum(one.doing == WAITS for one in shown)
    idle, ending = sum(one.idle for one in shown), sum(one.doing == ENDING for one in shown)
    told = f"; {ending} were told to end and roll back, their locks are held until then" if ending else ""
    return f"{idle} of the sessions are idle, {holding} of them in a transaction; {waiting} wait for a lock{told}"


async def act(server: Server, connection: Any, fence: Fence, wanted: Where, approved: State) -> Outcome:
    """Raises Refused, or Unreachable as long as nothing has happened."""
    if isinstance(wanted, MaxConnections):
        return await _widen(server, connection, fence, wanted, approved)
    now = await seen(server, connection, fence, wanted)
    if why := unfit(now, approved):
        return why
    at_rest = [one for one in now.chosen if not isinstance(wanted, Pool) or one.doing == "idle"]
    return await each("Ended", partial(kill, server, connection), at_rest)


async def _widen(server: Server, connection: Any, fence: Fence, wanted: MaxConnections, approved: State) -> Outcome:
    now = (await seen(server, connection, fence, wanted)).state
    if now != approved:
        return Outcome(Result.CHANGED, "max_connections is not what was seen any more. Nothing was done.")
    try:
        await server.ask(connection, wanted.statement(now["to"]))
        holds = str((await server.room(connection)).allowed)
    except Lost as error:
        return Outcome(Result.UNKNOWN, f"{error} Whether the statement took effect is not known.")
    follow = "The server's configuration must follow, or its next restart undoes it."
    short = "" if holds == now["to"] else f" The server allows no more than that, though {now['to']} was asked for."
    return Outcome(Result.DONE, f"max_connections is {holds}.{short} {follow}")


async def kill(server: Server, connection: Any, one: Session) -> bool:
    """Whether it was ended. A server gives an id once; that it does nothing else by now is looked at first."""
    now = {other.number: other for other in await server.sessions(connection)}.get(one.number)
    if now is None or (now.identity, now.work) != (one.identity, one.work):
        return False
    try:
        await server.ask(connection, f"KILL CONNECTION {one.number}")
    except Denied as error:
        if error.number == NO_SUCH_SESSION:
            return False
        raise
    return True
