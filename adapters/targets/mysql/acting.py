"""What is seen before an action, and what was approved, done to the very sessions that were seen, or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.targets.choosing import Some
from adapters.targets.databases import Fence, Lost, Where
from adapters.targets.mysql.actions import MaxConnections, Pool
from adapters.targets.mysql.server import NO_SUCH_SESSION, Denied, Server
from adapters.targets.sessions import WAITS, Session, bound, listed, outcome
from engine.model import Outcome, Result

State = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """``chosen``: the sessions that an approval is for."""

    summary: str
    state: State
    healthy: bool | None = None
    chosen: Sequence[Session] = ()


async def seen(server: Server, connection: Any, fence: Fence, wanted: Where) -> Seen:
    """Never ``healthy``: a server with room says nothing about a client's own pool. Raises Refused, Unreachable."""
    room = await server.room(connection)
    of = {"server": str(server.place)}
    ill = False if room.full else None
    if isinstance(wanted, MaxConnections):
        to = wanted.wanted(room.allowed, room.allowed + (room.allowed + 1) // 2)
        summary = f"{server.place}: {room}. max_connections would become {to}."
        return Seen(summary, {**of, "max_connections": str(room.allowed), "to": str(to)}, ill)
    shown = await server.sessions(connection)
    overview = f"{server.place}: {room}; {_doing(shown)}."
    if type(wanted) is Some or not isinstance(wanted, Some):  # the server as a whole, for no action
        return Seen(overview, of, ill)
    chosen = wanted.choose([one for one in shown if fence.holds(server.place, one.database)])
    words = f"Meant are {len(chosen)}: {listed(chosen)}." if chosen else "No session there is what was asked for."
    if len(wanted.choose(shown)) > len(chosen):
        words += f" Others lie outside of what may be acted on: {fence.setting} does not name them at {server.place}."
    state = bound(chosen, whatever_they_do=isinstance(wanted, Pool))
    return Seen(f"{overview} {words}", {**of, **state}, False if chosen else ill, chosen)


def _doing(shown: Sequence[Session]) -> str:
    holding = sum(one.doing == "idle in transaction" for one in shown)
    waiting = sum(one.doing == WAITS for one in shown)
    idle = sum(one.idle for one in shown)
    return f"{idle} of the sessions are idle, {holding} of them in a transaction; {waiting} wait for a lock"


async def act(server: Server, connection: Any, fence: Fence, wanted: Where, approved: State) -> Outcome:
    """Raises Refused, or Unreachable as long as nothing has happened."""
    if isinstance(wanted, MaxConnections):
        return await _widen(server, connection, fence, wanted, approved)
    if isinstance(wanted, Some) and wanted.database_name:
        fence.refuse(server.place, wanted.database_name)
    now = await seen(server, connection, fence, wanted)
    if not now.chosen:
        return Outcome(Result.NOTHING_DONE, f"Nothing was done. {now.summary}")
    if now.state != approved:
        return Outcome(Result.CHANGED, "The sessions are not those that were seen any more. Nothing was done.")
    return await _each(
        server, connection, [one for one in now.chosen if not isinstance(wanted, Pool) or one.doing == "idle"]
    )


async def _widen(server: Server, connection: Any, fence: Fence, wanted: MaxConnections, approved: State) -> Outcome:
    fence.refuse(server.place)
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


async def _each(server: Server, connection: Any, chosen: Sequence[Session]) -> Outcome:
    done: list[Session] = []
    left: list[Session] = []
    refused: set[str] = set()
    for one in chosen:
        try:
            (done if await kill(server, connection, one) else left).append(one)
        except Lost as error:
            before = f" Before that: {outcome('Ended', done, left, refused).detail}" if done else ""
            return Outcome(Result.UNKNOWN, f"{error} What became of session {one.number} is not known.{before}")
        except Denied as error:
            refused.add(str(error).rstrip("."))
    return outcome("Ended", done, left, refused)


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
