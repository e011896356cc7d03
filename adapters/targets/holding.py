"""Who holds what others wait for at a database, a lock or the connections, and which failure that is. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from adapters.targets.choosing import Some
from adapters.targets.place import Place
from adapters.targets.sessions import ENDING, WAITS, Behind, Room, Session
from adapters.targets.wanted import Name, Where

WAITED = 1
"""Seconds after which a session that waits for a lock counts: a busy server always has some that wait for less."""

FORGOTTEN = 10
"""Seconds after which a session that is idle in a transaction counts."""

CROWD = 4
"""Locks fill a server only where at least one in so many of its sessions waits for one."""

_NAME: TypeAdapter[str] = TypeAdapter(Name)


@dataclass(frozen=True, slots=True)
class Kind:
    """The failures of this kind of server; ``programs``: whether its sessions say which program they are of."""

    lock: str
    full: str
    programs: bool


POSTGRESQL = Kind("postgresql/lock-wait", "postgresql/connection-pool-exhausted", programs=True)
MYSQL = Kind("mysql/lock-wait", "mysql/too-many-connections", programs=False)


def behind(kind: Kind, at: Place, wanted: Where, room: Room, shown: Sequence[Session], held: Sequence[int]) -> Behind:
    """``held``: the sessions that others wait for while they wait for nobody themselves."""
    waiting = [one for one in shown if one.doing == WAITS and one.seconds >= WAITED]
    if held and waiting and (not room.full or CROWD * len(waiting) >= room.taken):
        return _lock(kind, at, shown, len(waiting), held)
    if room.full:
        return _full(kind, at, room, shown)
    return _leak(kind, at, [one for one in shown if not isinstance(wanted, Some) or wanted.names(one)])


def _lock(kind: Kind, at: Place, shown: Sequence[Session], waiting: int, held: Sequence[int]) -> Behind:
    """One holder alone is named: of several, any may be the one that matters."""
    known = {one.number: one for one in shown}
    told = "; ".join(str(known[one]) if one in known else f"{one}, which is not mine to end" for one in held)
    names = {}
    if len(held) == 1 and (holder := known.get(held[0])) and holder.doing != ENDING:
        names = {**_names(at, holder, kind), "blocking_pid": str(holder.number)}
    return Behind(kind.lock, f"{_count(waiting, 'session waits', 'sessions wait')} for a lock held by {told}", names)


def _full(kind: Kind, at: Place, room: Room, shown: Sequence[Session]) -> Behind:
    """Whoever has more than half of the sessions is named."""
    whose = Counter(_whose(kind, one) for one in shown)
    (most, count) = next(iter(whose.most_common(1)), (("", ""), 0))
    if 2 * count <= len(shown):
        return Behind(kind.full, str(room))
    theirs = [one for one in shown if _whose(kind, one) == most]
    idle = [one for one in theirs if one.idle]
    open_ = sum(one.doing != "idle" for one in idle)
    longest = max(idle, key=lambda one: one.seconds, default=None)
    doing = f": {len(idle)} idle, {open_} of them in a transaction" + (f", the longest {longest}" if longest else "")
    program = f" ({most[1]})" if most[1] else ""
    return Behind(kind.full, f"{room}, {count} of them by {most[0]}{program}{doing}", _names(at, theirs[0], kind))


def _leak(kind: Kind, at: Place, asked: Sequence[Session]) -> Behind:
    """A client's own pool runs dry where its sessions are kept in transactions: no fault that the server knows of."""
    kept = [one for one in asked if one.idle and one.doing != "idle" and one.seconds >= FORGOTTEN]
    if len({_whose(kind, one) for one in kept}) != 1:
        return Behind()
    longest = max(kept, key=lambda one: one.seconds)
    words = f"{_count(len(kept), 'session is', 'sessions are')} kept in a transaction, the longest {longest}"
    return Behind("", words, _names(at, longest, kind))


def _whose(kind: Kind, one: Session) -> tuple[str, str]:
    return one.user, one.application if kind.programs else ""


def _names(at: Place, one: Session, kind: Kind) -> dict[str, str]:
    """A program may call itself anything."""
    user, program = _whose(kind, one)
    own = {"database_name": one.database, "database_user": user, "application_name": program}
    return {"database_host": at.host, "database_port": str(at.port), **fitting(own)}


def fitting(names: Mapping[str, str]) -> dict[str, str]:
    """Those that an action would take."""
    return {name: value for name, value in names.items() if value and _fits(value)}


def _fits(value: str) -> bool:
    try:
        return _NAME.validate_python(value) == value
    except ValidationError:
        return False


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
