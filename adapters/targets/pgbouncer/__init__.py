"""PgBouncer, through its admin console: larger pools at once, reload, pause and resume.

The console knows two kinds of users, and no finer rights. In pgbouncer.ini, with the password in auth_file::

    admin_users = oncall_agent   ; may do all of this, and shut PgBouncer down: there is no smaller right
    stats_users = oncall_agent   ; instead of the line above, if the agent shall look only
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.targets.databases import Fence, Lost, Place, Where, parsed, pick, place
from adapters.targets.pgbouncer.actions import CATALOGUE, MODELS, Database, Pause, PoolSize, Reload, Resume, meant
from adapters.targets.pgbouncer.console import Connection, Console, Pooler
from adapters.targets.pgbouncer.verdicts import verdict
from engine.errors import Misconfigured, NotFound, OnCallError, Refused, Unreachable
from engine.model import Action, ActionSpec, Evidence, Judgement, Outcome, Result, Verdict
from engine.ports import Target

__all__ = ["CATALOGUE", "PgBouncer", "PgBouncerSettings"]

URLS = "PGBOUNCER_URLS"
MAY_ACT_ON = "PGBOUNCER_MAY_ACT_ON"


@dataclass(frozen=True, slots=True)
class PgBouncerSettings:
    """``urls``: postgresql://user:password@host:port/pgbouncer, one a pooler, as its clients name it in their logs.

    ``may_act_on``: ``host:port/database`` with ``*`` for anything; see ``Fence``. ``timeout_seconds`` is for one call.
    """

    urls: tuple[str, ...] = field(repr=False)
    may_act_on: tuple[str, ...] = ()
    timeout_seconds: float = 10


class PgBouncer(Target):
    name = "pgbouncer"
    dry_run = False

    def __init__(self, settings: PgBouncerSettings) -> None:
        """Raises Misconfigured."""
        places: dict[Place, str] = {place(url, URLS, 6432): url for url in settings.urls}
        self._consoles = {at: Console(url, at, settings.timeout_seconds) for at, url in places.items()}
        self._fence = Fence(MAY_ACT_ON, settings.may_act_on)

    async def close(self) -> None:
        for console in self._consoles.values():
            console.close()

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return CATALOGUE

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        """At the pools. Never healthy: a pooler at rest says nothing about a client's own pool. Raises Unreachable."""
        try:
            model, names = meant(identifiers)
            wanted = parsed(model, names)
            console = pick(self._consoles, wanted, URLS)
            async with console.session() as connection:
                pooler = await console.pooler(connection)
            state = _state(console.place, wanted, pooler)
        except (Refused, NotFound) as error:
            return Evidence(self.name, f"PgBouncer was not looked at: {error}")
        ill = pooler.waiting() or state.get("paused") == "yes"
        return Evidence(self.name, f"{console.place}: {pooler}", state, False if ill else None)

    async def act(self, action: Action) -> Outcome:
        """Raises nothing: where the answer was lost it is UNKNOWN, all else is known not to have happened."""
        try:
            wanted = _wanted(action)
            console = pick(self._consoles, wanted, URLS)
            self._fence.refuse(console.place, wanted.database_name if isinstance(wanted, Database) else "*")
            async with console.session() as connection:
                pooler = await console.pooler(connection)
                now = _state(console.place, wanted, pooler)
                if (already := _no_use(wanted, now)) is not None:
                    return Outcome(Result.NOTHING_DONE, f"{already} Nothing was done.")
                if now != action.seen:
                    return Outcome(Result.CHANGED, f"It is not as it was seen. Nothing was done. Now: {pooler}")
                return await _sent(console, connection, wanted, now)
        except OnCallError as error:
            return Outcome(Result.FAILED, f"{error} Nothing was done.")

    async def verify(self, action: Action) -> Verdict:
        """Raises Unreachable."""
        try:
            wanted = _wanted(action)
            if "server" not in action.seen:
                return Verdict(Judgement.UNKNOWN, "It was not seen before, so nothing can be compared.")
            console = pick(self._consoles, wanted, URLS)
        except (Refused, NotFound) as error:
            return Verdict(Judgement.UNKNOWN, str(error))
        async with console.session() as connection:
            return verdict(wanted, await console.pooler(connection), action.seen)

    async def check(self) -> str:
        """A sentence a pooler. Raises Unreachable, Misconfigured."""
        return "; ".join([await self._check(console) for console in self._consoles.values()])

    async def _check(self, console: Console) -> str:
        async with console.session() as connection:
            version = next(iter((await console.ask(connection, "SHOW VERSION"))[0].values()))
            admin = await _is_admin(console, connection)
        fenced = any(pattern.startswith((f"{console.place}/", "*")) for pattern in self._fence.patterns)
        if fenced and not admin:
            raise Misconfigured(f"The user at {console.place} may look only: name it in admin_users of pgbouncer.ini.")
        if fenced:
            return f"{version} at {console.place}"
        more = "; as one of admin_users it has more rights than looking needs" if admin else ""
        return f"{version} at {console.place}, looks only, because {MAY_ACT_ON} names nothing there{more}"


def _wanted(action: Action) -> Where:
    """Raises Refused if there is no such action, or its parameters are not exactly those of the catalogue."""
    if action.name not in MODELS:
        raise Refused(f"PgBouncer has no action {action.name[:80]!r}.")
    return parsed(MODELS[action.name], action.parameters)


def _state(at: Place, wanted: Where, pooler: Pooler) -> dict[str, str]:
    """What an approval is bound to. Raises Refused, NotFound."""
    match wanted:
        case PoolSize():
            to = wanted.wanted(pooler.size, 2 * pooler.size)
            return {"server": str(at), "default_pool_size": str(pooler.size), "to": str(to)}
        case Database():
            if wanted.database_name not in pooler.databases:
                raise NotFound(f"{at} has no database {wanted.database_name}.")
            paused = "yes" if pooler.paused(wanted.database_name) else "no"
            return {"server": str(at), "database": wanted.database_name, "paused": paused}
        case _:
            return {"server": str(at), "settings": pooler.settings}


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
            return wanted.command(now["to"]), f"The pools may have {now['to']} connections each. {follow}"
        case Pause():
            return wanted.command, f"{wanted.database_name} is paused: its clients wait until it is resumed."
        case Resume():
            return wanted.command, f"{wanted.database_name} goes on."
        case Reload():
            return wanted.command, "PgBouncer has read its pgbouncer.ini again."
        case _:
            raise TypeError(f"no command for {type(wanted).__name__}")


async def _is_admin(console: Console, connection: Connection) -> bool:
    """Setting what is no setting changes nothing, and who may not set at all is told that first."""
    try:
        await console.ask(connection, "SET oncall_agent_may_set = 1")
    except Lost:
        raise
    except Unreachable as error:
        return "admin access" not in str(error)
    return True
