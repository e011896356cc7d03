"""Did it work? From what PgBouncer shows now and what was seen before. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.targets.pgbouncer.actions import MISTAKES, Database, Pause, PoolSize
from adapters.targets.pgbouncer.console import Pooler
from adapters.targets.wanted import Where
from engine.model import Judgement, Verdict


def verdict(wanted: Where, pooler: Pooler, seen: Mapping[str, str]) -> Verdict:
    match wanted:
        case PoolSize():
            judgement, why = _widened(wanted, pooler, seen)
        case Database():
            judgement, why = _turned(wanted, pooler)
        case _:
            judgement, why = _reloaded(pooler, seen)
    return Verdict(judgement, f"{why} {pooler}".lstrip())


def _widened(wanted: PoolSize, pooler: Pooler, seen: Mapping[str, str]) -> tuple[Judgement, str]:
    if str(pooler.size) == seen.get("to"):
        return _relieved(wanted, pooler)
    if str(pooler.size) == seen.get("default_pool_size"):
        return Judgement.UNKNOWN, "The size is what it was: the request did not arrive, or a reload has undone it."
    return Judgement.UNKNOWN, "Somebody else has set another size."


def _relieved(wanted: PoolSize, pooler: Pooler) -> tuple[Judgement, str]:
    """A database whose own size was the same number as everybody's shows only now that it has its own."""
    waiting = pooler.waiting
    meant = [name for name in waiting if wanted.database_name in ("", name)]
    if not meant:
        return Judgement.WORKED, "Nobody waits."
    if all(pooler.own_size(name) is not None for name in meant):
        return (
            Judgement.FAILED,
            "Clients wait still, for databases whose own pool_size in pgbouncer.ini did not change.",
        )
    return Judgement.NOT_YET, "Clients wait still."


def _turned(wanted: Database, pooler: Pooler) -> tuple[Judgement, str]:
    if wanted.database_name not in pooler.databases:
        return Judgement.UNKNOWN, f"There is no database {wanted.database_name} any more."
    if isinstance(wanted, Pause) and pooler.paused(wanted.database_name) and pooler.at_work(wanted.database_name):
        return Judgement.NOT_YET, "New queries wait, and what was at work before is at work still."
    if pooler.paused(wanted.database_name) == isinstance(wanted, Pause):
        return Judgement.WORKED, ""
    return Judgement.UNKNOWN, "It is as it was: the request did not arrive, or somebody has undone it."


def _reloaded(pooler: Pooler, seen: Mapping[str, str]) -> tuple[Judgement, str]:
    """A reload that brings nothing new leaves no trace, nor does one that stops at a mistake but in its log."""
    if pooler.settings != seen.get("settings"):
        return Judgement.WORKED, f"Its settings are other than before. {MISTAKES}"
    return (
        Judgement.UNKNOWN,
        f"Its settings are what they were: nothing was new, or the request did not arrive. {MISTAKES}",
    )
