"""What is seen of a pooler before an action, and what was approved, done if it is still so."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.targets.kept_open import Lost, plain
from adapters.targets.pgbouncer.actions import MISTAKES, Database, Pause, PoolSize, Reload, Resume
from adapters.targets.pgbouncer.console import Connection, Console, Pooler
from adapters.targets.pgbouncer.held import behind
from adapters.targets.place import Place
from adapters.targets.sessions import Seen, Session
from adapters.targets.wanted import Where
from engine.errors import NotFound, Refused
from engine.model import Outcome, Result


def seen(at: Place, wanted: Where, pooler: Pooler) -> Seen[Session]:
    """Never healthy: a pooler at rest says nothing about a client's own pool. Raises Refused, NotFound."""
    now = _state(at, wanted, pooler)
    ill = pooler.waiting or now.get("paused") == "yes"
    why = behind(pooler)
    return Seen(f"{at}: {pooler}{why.words}", now, False if ill else None, behind=why)


def _state(at: Place, wanted: Where, pooler: Pooler) -> dict[str, str]:
    """What an approval is bound to. Raises Refused, NotFound."""
    match wanted:
        case PoolSize():
            to = wanted.wanted(pooler.size, 2 * pooler.size)
            _of_use(at, wanted, pooler)
            named = {"database": wanted.database_name} if wanted.database_name else {}
            return {"server": str(at), **named, "default_pool_size": str(pooler.size), "to": str(to)}
        case Database():
            _known(at, wanted.database_name, pooler)
            paused = "yes" if pooler.paused(wanted.database_name) else "no"
            return {"server": str(at), "database": wanted.database_name, "paused": paused}
        case _:
            return {"server": str(at), "settings": pooler.settings}


def _known(at: Place, database: str, pooler: Pooler) -> None:
    if database not in pooler.databases:
        raise NotFound(f"{at} has no database {database}.")


def _of_use(at: Place, wanted: PoolSize, pooler: Pooler) -> None:
    """Raises Refused where those who wait would have nothing of it."""
    if wanted.database_name:
        _known(at, wanted.database_name, pooler)
    meant = [wanted.database_name] if wanted.database_name else list(pooler.waiting)
    own = [f"{plain(name)} has {size}" for name in meant if (size := pooler.own_size(name)) is not None]
    if own and len(own) == len(meant):
        raise Refused(
            f"pgbouncer.ini sets a pool_size of their own for the databases whose clients wait: {', '.join(own)}. "
            "No command changes that: raise it there, then reload."
        )


async def act(console: Console, connection: Connection, wanted: Where, approved: Mapping[str, str]) -> Outcome:
    """Raises Refused, NotFound, or Unreachable as long as nothing has happened."""
    pooler = await console.pooler(connection)
    now = _state(console.place, wanted, pooler)
    if (already := _no_use(wanted, now)) is not None:
        return Outcome(Result.NOTHING_DONE, f"{already} Nothing was done.")
    if now != approved:
        return Outcome(Result.CHANGED, f"It is not as it was seen. Nothing was done. Now: {pooler}")
    return await _sent(console, connection, wanted, now)


def _no_use(wanted: Where, now: Mapping[str, str]) -> str | None:
    match wanted, now.get("paused"):
        case Pause(), "yes":
            return "It is paused already."
        case Resume(), "no":
            return "It is not paused."
        case _:
            return None


async def _sent(console: Console, connection: Connection, wanted: Where, now: Mapping[str, str]) -> Outcome:
    command, words = _command(wanted, now)
    try:
        await console.ask(connection, command)
    except Lost as error:
        more = " A pause waits for the queries that run: they may run still." if isinstance(wanted, Pause) else ""
        return Outcome(Result.UNKNOWN, f"{error} Whether it took effect is not known.{more}")
    return Outcome(Result.DONE, words)


def _command(wanted: Where, now: Mapping[str, str]) -> tuple[str, str]:
    match wanted:
        case PoolSize():
            follow = "default_pool_size in pgbouncer.ini must follow, or the next reload or restart undoes it."
            return wanted.statement(
                now["to"]
            ), f"Pools without a size of their own may have {now['to']} connections. {follow}"
        case Pause():
            return wanted.command, f"{wanted.database_name} is paused: its clients wait until it is resumed."
        case Resume():
            return wanted.command, f"{wanted.database_name} goes on."
        case Reload():
            return wanted.command, f"PgBouncer was told to read its pgbouncer.ini again. {MISTAKES}"
        case _:
            raise TypeError(f"no command for {type(wanted).__name__}")
