"""One MySQL or MariaDB server: a session on it that is kept open, and what it shows of itself and of the sessions."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncmy
from asyncmy.errors import Error

from adapters.targets.kept_open import Full, KeptOpen, Lost, NotSent, plain
from adapters.targets.place import Place
from adapters.targets.sessions import ENDING, WAITS, Room, Session
from engine.errors import Unreachable

Row = Mapping[str, Any]

OURS = 2000
"""Error numbers from here to 2999 are the client's own: the connection is gone, whatever they say."""

NO_SUCH_SESSION = 1094

FULL = 1040

HINTS = {
    FULL: "all its connections are taken; a user with CONNECTION ADMIN would still get in",
    1045: "check the user and the password",
    1049: "check the database's name",
}

# MariaDB counts statements, and shows of each session the number of its last one.
MARIADB = """
SELECT p.ID AS id, p.USER AS user, p.HOST AS host, p.DB AS db, p.COMMAND AS command, p.TIME AS time,
       p.STATE AS state, p.QUERY_ID AS work, t.trx_state
FROM information_schema.PROCESSLIST p LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.ID
WHERE p.ID <> CONNECTION_ID()
"""

# https://dev.mysql.com/doc/refman/8.4/en/performance-schema-threads-table.html
MYSQL = """
SELECT p.PROCESSLIST_ID AS id, p.PROCESSLIST_USER AS user, p.PROCESSLIST_HOST AS host, p.PROCESSLIST_DB AS db,
       p.PROCESSLIST_COMMAND AS command, p.PROCESSLIST_TIME AS time, p.PROCESSLIST_STATE AS state, t.trx_state,
       (SELECT MAX(e.EVENT_ID) FROM performance_schema.events_statements_current e
        WHERE e.THREAD_ID = p.THREAD_ID) AS work
FROM performance_schema.threads p LEFT JOIN information_schema.INNODB_TRX t ON t.trx_mysql_thread_id = p.PROCESSLIST_ID
WHERE p.TYPE = 'FOREGROUND' AND p.PROCESSLIST_ID <> CONNECTION_ID()
"""

# https://dev.mysql.com/doc/refman/8.4/en/innodb-information-schema-examples.html
HOLDERS = """
SELECT DISTINCT t.trx_mysql_thread_id AS holder
FROM {waits} w JOIN information_schema.INNODB_TRX t ON t.trx_id = w.{holder}
WHERE t.trx_state <> 'LOCK WAIT' AND t.trx_mysql_thread_id <> 0
LIMIT 10
"""

ROOM = """
SELECT @@GLOBAL.max_connections AS allowed, VERSION() AS version,
       (SELECT VARIABLE_VALUE FROM {schema}.global_status WHERE VARIABLE_NAME = 'Threads_connected') AS taken
"""


class Server(KeptOpen[Any]):
    def __init__(self, url: str, place: Place, timeout: float, spared: Sequence[str]) -> None:
        super().__init__(url, place, timeout)
        self._address = urlsplit(url)
        self.user = unquote(self._address.username or "")
        self._spared = {self.user, *spared}

    async def ask(self, connection: Any, statement: str) -> list[Row]:
        """Raises Lost where the answer was lost, Denied with the server's own words where it refused."""
        try:
            async with asyncio.timeout(self._timeout), connection.cursor() as cursor:
                await cursor.execute(statement)
                names = [column[0] for column in cursor.description or ()]
                return [dict(zip(names, row, strict=True)) for row in (await cursor.fetchall() if names else ())]
        except (Error, OSError, TimeoutError, EOFError, RuntimeError) as error:
            number, words = _said(error)
            if 0 < number < OURS:
                raise Denied(f"{self.place} refused: {self.words(words)}.", number) from None
            self.close()
            raise Lost(f"{self.place} broke off or did not answer in time.") from None

    async def room(self, connection: Any) -> Room:
        schema = "information_schema" if await self.is_mariadb(connection) else "performance_schema"
        row = (await self.ask(connection, ROOM.format(schema=schema)))[0]
        return Room(int(row["taken"]), int(row["allowed"]))

    async def version(self, connection: Any) -> str:
        return str((await self.ask(connection, "SELECT VERSION() AS version"))[0]["version"])

    async def is_mariadb(self, connection: Any) -> bool:
        return "MariaDB" in await self.version(connection)

    async def sessions(self, connection: Any) -> Sequence[Session]:
        """Those that may be ended at all: of programs, not of the server itself or of who looks after it."""
        query = MARIADB if await self.is_mariadb(connection) else MYSQL
        rows = await self.ask(connection, query)
        return [shown(row) for row in rows if row["command"] in DOING and row["user"] not in self._spared]

    async def holders(self, connection: Any) -> Sequence[int]:
        """The sessions that others wait for while they wait for nobody themselves. Raises Denied."""
        waits, holder = "performance_schema.data_lock_waits", "BLOCKING_ENGINE_TRANSACTION_ID"
        if await self.is_mariadb(connection):
            waits, holder = "information_schema.INNODB_LOCK_WAITS", "blocking_trx_id"
        rows = await self.ask(connection, HOLDERS.format(waits=waits, holder=holder))
        return sorted(int(row["holder"]) for row in rows)

    async def _knock(self) -> Any:
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncmy.connect(
                    host=self.place.host,
                    port=self.place.port,
                    user=self.user,
                    password=self._secret,
                    db=self._address.path.lstrip("/") or None,
                    connect_timeout=self._timeout,
                    autocommit=True,
                    ssl=ssl.create_default_context() if _encrypted(self._address.query) else None,
                )
        except (Error, OSError, TimeoutError, EOFError, RuntimeError) as error:
            number, words = _said(error)
            if not 0 < number < OURS:
                raise NotSent(f"{self.place} cannot be reached.") from None
            hint = f": {HINTS[number]}" if number in HINTS else ""
            said = f"{self.place} let us not in ({self.words(words)}){hint}."
            raise Full(said) if number == FULL else NotSent(said, temporary=False) from None

    async def _ping(self, kept: Any) -> None:
        await self.ask(kept, "SELECT 1")

    def _drop(self, kept: Any) -> None:
        kept.close()


class Denied(Unreachable):
    """The server said no; nothing has happened. ``number`` is its error number."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message, temporary=False)
        self.number = number


DOING = {"Sleep": "idle", "Query": "running", "Execute": "running", "Killed": ENDING}


def shown(row: Row) -> Session:
    doing = DOING[row["command"]]
    if doing == "idle" and row["trx_state"]:
        doing = "idle in transaction"
    if doing == "running" and (row["trx_state"] == "LOCK WAIT" or "lock" in (row["state"] or "").lower()):
        doing = WAITS
    user, host = plain(row["user"] or ""), plain(row["host"] or "")
    return Session(
        number=int(row["id"]),
        identity=f"of {user}@{host}",
        work=f"statement {row['work']}" if row["work"] else "",
        database=plain(row["db"] or ""),
        user=user,
        application=host,
        doing=doing,
        seconds=max(0, int(row["time"] or 0)),
    )


def _said(error: BaseException) -> tuple[int, str]:
    match error.args:
        case (int(number), str(words), *_) if isinstance(error, Error):
            return number, words
        case _:
            return 0, ""


def _encrypted(query: str) -> bool:
    return parse_qs(query).get("ssl", ["false"])[0].lower() in ("true", "1")
