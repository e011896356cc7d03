"""Which rights the agent's role lacks, and which it has too many, for ``oncall check``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.targets.place import Fence
from adapters.targets.postgresql.server import Server
from engine.errors import Misconfigured

RIGHTS = """
SELECT current_user AS me, current_setting('server_version') AS version,
       current_setting('server_version_num')::int / 10000 AS major,
       r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls,
       pg_has_role('pg_signal_backend', 'USAGE') AS pg_signal_backend,
       pg_has_role('pg_read_all_stats', 'USAGE') AS pg_read_all_stats,
       pg_has_role('pg_read_all_data', 'USAGE') AS pg_read_all_data,
       (SELECT bool_or(pg_has_role(oid, 'USAGE')) FROM pg_roles WHERE rolname = 'pg_use_reserved_connections') AS seat
FROM pg_roles r WHERE r.rolname = current_user
"""

NEEDED = ("pg_signal_backend", "pg_read_all_stats")

TOO_MUCH = {
    "rolsuper": "SUPERUSER",
    "rolcreatedb": "CREATEDB",
    "rolreplication": "REPLICATION",
    "rolbypassrls": "BYPASSRLS",
    "pg_read_all_data": "pg_read_all_data",
}


async def rights(server: Server, fence: Fence) -> str:
    """One sentence. Raises Misconfigured with the grant that is missing, Unreachable."""
    async with server.session() as connection:
        with server.said():
            row = await connection.fetchrow(RIGHTS)
            tunes = await _tunes(connection, row)
    if lacking := [right for right in NEEDED if not row[right]]:
        grant = f"GRANT {', '.join(lacking)} TO {row['me']};"
        raise Misconfigured(
            f"The role {row['me']} at {server.place} may not see or end sessions. As a superuser: {grant}"
        )
    who = f"PostgreSQL {row['version']} at {server.place}, as {row['me']}"
    return ", ".join((who, *_cannot(row, tunes=tunes), *_too_much(row), *_fenced(server, fence)))


async def _tunes(connection: Any, row: Mapping[str, Any]) -> bool:
    if row["major"] < 15:  # before, only superusers could
        return bool(row["rolsuper"])
    return bool(await connection.fetchval("SELECT has_parameter_privilege('max_connections', 'ALTER SYSTEM')"))


def _cannot(row: Mapping[str, Any], *, tunes: bool) -> list[str]:
    has_seat = row["rolsuper"] or row["seat"]
    may_limit = row["rolsuper"] or row["rolcreaterole"]
    return [
        *([] if has_seat else ["has no reserved connection, so it keeps the one it has"]),
        *([] if tunes else ["cannot write max_connections"]),
        *([] if may_limit else ["cannot limit roles"]),
    ]


def _too_much(row: Mapping[str, Any]) -> list[str]:
    if row["rolsuper"]:
        return ["which is SUPERUSER, far more than it needs: make it a role of its own"]
    return [f"has {name}, which it does not need" for right, name in TOO_MUCH.items() if row[right]]


def _fenced(server: Server, fence: Fence) -> list[str]:
    return [] if fence.names(server.place) else [f"looks only, because {fence.setting} names nothing there"]
