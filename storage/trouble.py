"""What a database's complaint means to a person. Vendors' exceptions stop here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

from engine.errors import Misconfigured, OnCallError, Unreachable

BUSY = "another program is writing to it for too long"
CROWDED = "it has no free connection"
FULL = "its disk is full"
STOPPING = "it is starting or stopping"
GONE = "it does not answer"

UNREACHABLE: Mapping[int | str, str] = {
    # SQLite, https://www.sqlite.org/rescode.html
    5: BUSY,
    6: BUSY,
    8: "its file may only be read",
    10: "its disk fails",
    13: FULL,
    14: "its file cannot be opened",
    # PostgreSQL, https://www.postgresql.org/docs/current/errcodes-appendix.html
    "08": GONE,  # two signs name a whole class
    "40001": BUSY,
    "40P01": BUSY,
    "55P03": BUSY,
    "53": "it lacks memory, room or connections",
    "53100": FULL,
    "53300": CROWDED,
    "57": "it stopped the statement",
    "57P01": STOPPING,
    "57P02": STOPPING,
    "57P03": STOPPING,
    "58": "its disk fails",
    # MariaDB and MySQL, https://mariadb.com/kb/en/mariadb-error-code-reference/
    1021: FULL,
    1040: CROWDED,
    1053: STOPPING,
    1114: FULL,
    1203: CROWDED,
    1205: BUSY,
    1213: BUSY,
    2003: GONE,
    2006: GONE,
    2013: GONE,
}

PASSWORD = "it refuses this user name or password: see DATABASE_URL"  # noqa: S105 - a sentence, not a password
NO_DATABASE = "its server has no database of that name: create it, or see DATABASE_URL"
NO_TABLES = "it lacks a table of this program: run `oncall db upgrade`"
DAMAGED = "its file is damaged or no database: restore a backup"

MISCONFIGURED: Mapping[int | str, str] = {
    1: NO_TABLES,  # SQLite's word for any wrong statement; ours are tested
    11: DAMAGED,
    26: DAMAGED,
    "28000": PASSWORD,
    "28P01": PASSWORD,
    "3D000": NO_DATABASE,
    "42P01": NO_TABLES,
    1044: PASSWORD,
    1045: PASSWORD,
    1049: NO_DATABASE,
    1146: NO_TABLES,
    1698: PASSWORD,
}

OUTSIDE = (OSError, TimeoutError, NoFreeConnection)
"""What comes from below the database's own protocol, or from waiting too long for it."""


@contextmanager
def plain(place: str) -> Iterator[None]:
    """Turn what goes wrong at ``place`` into a sentence. A broken constraint is left to whoever knows its meaning."""
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, *OUTSIDE) as error:
        meant = meaning(error, place)
        if meant is None:
            raise
        raise meant from error


def meaning(error: Exception, place: str) -> OnCallError | None:
    """Return what to tell a person; None if it is our own mistake."""
    codes = _codes(error.orig if isinstance(error, DBAPIError) else error)
    for code in codes:
        if code in MISCONFIGURED:
            return Misconfigured(f"The database {place} cannot be used: {MISCONFIGURED[code]}.")
        if code in UNREACHABLE:
            return Unreachable(f"The database {place} cannot be used now: {UNREACHABLE[code]}.")
    if isinstance(error, NoFreeConnection):
        return Unreachable(f"The database {place} cannot be used now: all our connections to it are in use.")
    if isinstance(error, (OperationalError, InterfaceError, InternalError, *OUTSIDE)) or _cut(error):
        reason = f"it answers with error {codes[0]}" if codes else GONE
        return Unreachable(f"The database {place} cannot be used now: {reason}.")
    return None


def _cut(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _codes(error: BaseException | None) -> Sequence[int | str]:
    """Return SQLite's primary code, MySQL's number, or PostgreSQL's SQLSTATE and its class; nothing if it has none."""
    if isinstance(error, OSError) or not isinstance(error, Exception):
        return ()
    if number := getattr(error, "sqlite_errorcode", 0):
        return (number & 0xFF,)  # the rest says only where it happened
    if error.args and isinstance(error.args[0], int):  # asked first: MySQL's SQLSTATE says less
        return (error.args[0],)
    state = getattr(error, "sqlstate", None)
    return (state, state[:2]) if state else ()
