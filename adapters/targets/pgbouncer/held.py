"""Who holds the connections of a pool whose clients wait for one. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from adapters.targets.holding import fitting
from adapters.targets.kept_open import plain
from adapters.targets.pgbouncer.console import Pooler, Row
from adapters.targets.sessions import Behind

EXHAUSTED = "postgresql/client-pool-exhausted"


def behind(pooler: Pooler) -> Behind:
    """Of one pool alone; where those of several wait, any may be the one that matters.

    A pool that is paused, or has no connection at all, is not exhausted, and no larger size helps it.
    """
    long = pooler.long
    if len(long) != 1 or pooler.paused(long[0]["database"]):
        return Behind()
    pool = long[0]
    holds = sorted((one for one in pooler.servers if _of(pool, one)), key=lambda one: str(one["request_time"]))
    if not holds:
        return Behind()
    who, count = Counter(_who(one) for one in holds).most_common(1)[0]
    most = who if 2 * count > len(holds) else ""
    own = {"database_name": pool["database"], "database_user": pool["user"], "application_name": _named(holds, most)}
    return Behind(EXHAUSTED, _words(pool, holds, f", {count} of them by {most}" if most else ""), fitting(own))


def _words(pool: Row, holds: Sequence[Row], most: str) -> str:
    first = holds[0]
    since = f"{_who(first)} (process {first['remote_pid']}) since {plain(first['request_time'])}"
    whose = f"{plain(pool['user'])}@{plain(pool['database'])}"
    return (
        f"clients of {whose} wait, and its connections at work are {len(holds)}{most}: the longest is that of {since}"
    )


def _of(pool: Row, server: Row) -> bool:
    return server["state"] == "active" and all(server[name] == pool[name] for name in ("user", "database"))


def _who(server: Row) -> str:
    return plain(server.get("application_name") or "") or "a program without a name"


def _named(holds: Sequence[Row], most: str) -> str:
    return next(
        (str(one["application_name"]) for one in holds if one.get("application_name") and _who(one) == most), ""
    )
