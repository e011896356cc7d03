"""One PostgreSQL server: a session on it that is kept open, and what it shows of itself and of the sessions there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg  # type: ignore[import-untyped] # ships no types

from adapters.targets.kept_open import Full, KeptOpen, Lost, NotSent, plain
from adapters.targets.sessions import WAITS, Room, Session
from engine.errors import Unreachable

OURS = "oncall-agent"
"""The application_name of our own session."""

CUT = (asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError, asyncpg.CrashShutdownError)

GONE = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError, *CUT)
"""Whatever is said when a session is cut; whether the last statement was heard is not known then."""

FULL, STARTING = "53300", "57P03"

HINTS = {
    "28P01": "check the password",
    "28000": "check the user, and pg_hba.conf",
    "3D000": "check the database's name",
    FULL: "all its connections are taken; a role with pg_use_reserved_connections would still get in",
}

# Superusers' sessions may not be ended by anybody else, and ours would end us.
SESSIONS = """
SELECT a.pid, a.backend_start, a.query_start, a.state_change, a.state, a.wait_event_type, a.datname, a.usename,
       a.application_name,
       extract(epoch FROM clock_timestamp() - CASE WHEN a.state = 'active' THEN a.query_start ELSE a.state_change END)
           ::bigint AS seconds
FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid
WHERE a.backend_type = 'client backend' AND a.pid <> pg_backend_pid() AND a.usename <> current_user AND NOT r.rolsuper
"""

ROOM = """
SELECT count(*) FILTER (WHERE backend_type = 'client backend')::int AS taken,
       current_setting('max_connections')::int AS allowed,
       current_setting('superuser_reserved_connections')::int
           + coalesce(current_setting('reserved_connections', true), '0')::int AS reserved
FROM pg_stat_activity
"""

# In one statement, so that the session cannot become another between the question and the deed.
SAME = """
FROM pg_stat_activity
WHERE pid = $1 AND backend_start = $2 AND CASE WHEN state = 'active' THEN query_start ELSE state_change END = $3
"""

MAX_CONNECTIONS = "SELECT setting::int, source FROM pg_settings WHERE name = 'max_connections'"

WRITTEN = "SELECT setting FROM pg_file_settings WHERE name = 'max_connections' ORDER BY seqno DESC LIMIT 1"

MAY_SEE_WRITTEN = """
SELECT has_table_privilege('pg_file_settings', 'SELECT')
   AND has_function_privilege('pg_show_all_file_settings()', 'EXECUTE')
"""


@dataclass(frozen=True, slots=True)
class Here(Session):
    """As PostgreSQL shows it."""

    started: datetime
    since: datetime


class Server(KeptOpen[Any]):
    """What is sent through its session raises by ``said``."""

    @contextmanager
    def said(self) -> Iterator[None]:
        """Raises Lost where the answer was lost, Unreachable with the server's own words where it refused."""
        try:
            yield
        except GONE:
            self.close()
            raise Lost(f"PostgreSQL at {self.place} broke off or did not answer in time.") from None
        except asyncpg.PostgresError as error:
            raise Unreachable(f"PostgreSQL at {self.place} refused: {self.words(error)}.", temporary=False) from None

    async def _knock(self) -> Any:
        try:
            return await asyncpg.connect(
                self._url,
                timeout=self._timeout,
                command_timeout=self._timeout,
                statement_cache_size=0,  # a prepared statement would not survive a pooler in between
                server_settings={"application_name": OURS},
            )
        except asyncpg.PostgresError as error:
            hint = f": {HINTS[error.sqlstate]}" if error.sqlstate in HINTS else ""
            words = f"PostgreSQL at {self.place} let us not in ({self.words(error)}){hint}."
            if error.sqlstate == FULL:
                raise Full(words) from None
            raise NotSent(words, temporary=error.sqlstate == STARTING) from None
        except (OSError, TimeoutError, asyncpg.InterfaceError, ValueError):
            raise NotSent(f"PostgreSQL at {self.place} cannot be reached.") from None

    async def _ping(self, kept: Any) -> None:
        with self.said():
            await kept.fetchval("SELECT 1")

    def _drop(self, kept: Any) -> None:
        if not kept.is_closed():
            kept.terminate()


async def room(connection: Any) -> Room:
    return Room(**await connection.fetchrow(ROOM))


async def sessions(connection: Any) -> Sequence[Here]:
    """Those that may be ended at all; one whose state we have no right to see is none."""
    return [_shown(row) for row in await connection.fetch(SESSIONS) if row["seconds"] is not None]


async def hidden(connection: Any) -> int:
    return sum(row["seconds"] is None for row in await connection.fetch(SESSIONS))


def _shown(row: Any) -> Here:
    active = row["state"] == "active"
    since = row["query_start"] if active else row["state_change"]
    doing = WAITS if active and row["wait_event_type"] == "Lock" else "running" if active else row["state"]
    return Here(
        number=row["pid"],
        identity=f"started {row['backend_start'].isoformat()}",
        work=f"{'running' if active else 'idle'} since {since.isoformat()}",
        database=plain(row["datname"] or ""),
        user=plain(row["usename"]),
        application=plain(row["application_name"] or ""),
        doing=doing,
        seconds=max(0, row["seconds"]),
        started=row["backend_start"],
        since=since,
    )


async def holders(connection: Any) -> Sequence[int]:
    """The sessions that others wait for while they wait for nobody themselves."""
    found = await connection.fetch("""
        WITH waits AS (SELECT pid, unnest(pg_blocking_pids(pid)) AS holder FROM pg_stat_activity
                       WHERE wait_event_type = 'Lock' LIMIT 100)
        SELECT DISTINCT holder FROM waits WHERE holder > 0 AND holder NOT IN (SELECT pid FROM waits) LIMIT 10
    """)
    return sorted(row["holder"] for row in found)


async def terminate(server: Server, connection: Any, one: Here) -> bool:
    """Whether this very session was told to end; given a second to do so. Raises Lost, Unreachable."""
    waits = ", 1000" if connection.get_server_version().major >= 14 else ""
    with server.said():
        row = await connection.fetchrow(f"SELECT pg_terminate_backend(pid{waits}) {SAME}", *_this(one))
    return row is not None


async def cancel(server: Server, connection: Any, one: Here) -> bool:
    """As ``terminate``, for the query alone. It takes the server a moment: we wait for a second at most."""
    with server.said():
        row = await connection.fetchrow(f"SELECT pg_cancel_backend(pid) {SAME}", *_this(one))
        for _ in range(10):
            if row is None or not await connection.fetchrow(f"SELECT 1 {SAME}", *_this(one)):
                break
            await asyncio.sleep(0.1)
    return row is not None


def _this(one: Here) -> tuple[int, datetime, datetime]:
    return one.number, one.started, one.since
