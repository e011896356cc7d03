"""One SQL database: how to reach it, and the two ways to use it, reading and writing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from engine.errors import Misconfigured
from storage.address import address
from storage.trouble import plain

CONNECT_SECONDS = 10
"""A server that has not answered by then is down for us."""

WRITES = "writes"


@dataclass(frozen=True, slots=True)
class Database:
    """``place`` names it without its password; ``patience`` is how many seconds a transaction on a server may take."""

    engine: AsyncEngine
    url: URL
    place: str
    patience: float | None
    turn: AbstractAsyncContextManager[Any]

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """For asking only; what is written here is lost. Raises Unreachable or Misconfigured."""
        with plain(self.place):
            async with asyncio.timeout(self.patience), self.engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: all of it is kept, or nothing. Raises Unreachable or Misconfigured."""
        with plain(self.place):
            async with self.turn, asyncio.timeout(self.patience), self.engine.connect() as connection:
                await connection.execution_options(**{WRITES: True})
                async with connection.begin():
                    yield connection

    @property
    def file(self) -> Path | None:
        """Where SQLite keeps it; None on a server."""
        return Path(self.url.database or "") if self.url.get_backend_name() == "sqlite" else None


@asynccontextmanager
async def connect(url: str, *, busy: float = 5.0, patience: float = 30.0) -> AsyncIterator[Database]:
    """Open the database at ``url``; a missing SQLite file is made, for its owner alone.

    ``busy`` is how many seconds a writer waits for SQLite's lock, ``patience`` for a server's answer.
    """
    full = make_url(address(url))
    database = _on_file(full, busy) if full.get_backend_name() == "sqlite" else _on_server(full, patience)
    try:
        yield database
    finally:
        await database.engine.dispose()


def kept(url: str) -> bool:
    """False where nothing was ever kept there: the file of an SQLite database is missing. Raises Misconfigured."""
    full = make_url(address(url))
    return full.get_backend_name() != "sqlite" or Path(full.database or "").exists()


def _on_file(url: URL, busy: float) -> Database:
    file = Path(url.database or "")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise Misconfigured(
            f"The database file {file} cannot be opened: {error.strerror}. See DATABASE_URL."
        ) from error
    engine = create_async_engine(url, connect_args={"timeout": busy}, hide_parameters=True)
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    # Writers of this program queue here, in order, instead of polling SQLite's lock.
    return Database(engine, url, str(file), patience=None, turn=asyncio.Lock())


def _prepare(connection: Any, _record: object) -> None:
    """Make an approval survive a power cut (FULL), and let us say BEGIN ourselves."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Take the lock at once to write: a reader that becomes a writer fails with 'database is locked'."""
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _on_server(url: URL, patience: float) -> Database:
    word = "timeout" if url.get_backend_name() == "postgresql" else "connect_timeout"
    engine = create_async_engine(
        url,
        connect_args={word: CONNECT_SECONDS},
        hide_parameters=True,
        isolation_level="READ COMMITTED",  # MySQL's own choice locks gaps between rows, and so deadlocks
        pool_pre_ping=True,
    )
    port = f":{url.port}" if url.port else ""
    return Database(engine, url, f"{url.host}{port}/{url.database}", patience, turn=nullcontext())
