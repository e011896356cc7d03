"""One program for one database. The hold ends with the process, however that ends."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

from sqlalchemy import URL, TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from engine.errors import Refused, Unreachable
from storage.database import Database
from storage.trouble import plain

ADVISORY = 0x6F6E63616C6C
"""PostgreSQL names a lock by a number within its database; this one is 'oncall' in ASCII."""


class Hold(Protocol):
    async def check(self) -> None:
        """Make sure that we still have it, and take it again after the server restarted. Call it once a minute.

        Raises Refused if another program took it meanwhile, Unreachable if the server does not answer.
        """


@asynccontextmanager
async def hold(database: Database) -> AsyncIterator[Hold]:
    """Be the one program that uses this database. Raises Refused if another one is."""
    held: _OnFile | _OnServer = _OnFile(database.file) if database.file else _OnServer(database)
    try:
        await held.check()
        yield held
    finally:
        await held.release()


def _taken(place: str) -> Refused:
    return Refused(f"Another oncall program is using this database ({place}). Stop it first, or give this one its own.")


class _OnFile:
    def __init__(self, file: Path) -> None:
        self.lock = Path(f"{file.resolve()}.lock")  # resolved: two names of one file are one database
        self.descriptor: int | None = None

    async def check(self) -> None:
        if self.descriptor is not None:
            return
        descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise _taken(str(self.lock.with_suffix(""))) from error
        self.descriptor = descriptor

    async def release(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)  # the file stays: removing it would let two programs lock two files of one name


class _OnServer:
    """A lock of a session. It has a connection of its own, which no query can use up and no pool gives away."""

    def __init__(self, database: Database) -> None:
        self.place = database.place
        self.take, self.give = _words(database.url)
        self.engine: AsyncEngine = create_async_engine(
            database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT", hide_parameters=True
        )
        self.connection: AsyncConnection | None = None

    async def check(self) -> None:
        if self.connection is not None:
            try:
                with plain(self.place):
                    await self.connection.execute(text("SELECT 1"))
            except Unreachable:
                await self._drop()
        if self.connection is None:
            await self._take()

    async def release(self) -> None:
        if self.connection is not None:
            with suppress(DBAPIError, OSError):  # a server that has gone has no lock left
                await self.connection.execute(self.give)
            await self._drop()
        await self.engine.dispose()

    async def _take(self) -> None:
        with plain(self.place):
            connection = await self.engine.connect()
            got = await connection.scalar(self.take)
        if not got:
            await connection.close()
            raise _taken(self.place)
        self.connection = connection

    async def _drop(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            with suppress(DBAPIError, OSError):  # closing what is closed
                await connection.close()


def _words(url: URL) -> tuple[TextClause, TextClause]:
    """How the server says take and give back."""
    if url.get_backend_name() == "postgresql":
        return text(f"SELECT pg_try_advisory_lock({ADVISORY})"), text(f"SELECT pg_advisory_unlock({ADVISORY})")
    # MySQL's names are shared by all databases of a server, and hold 64 characters
    name = "oncall " + hashlib.sha256((url.database or "").encode()).hexdigest()[:32]
    return text(f"SELECT GET_LOCK('{name}', 0)"), text(f"SELECT RELEASE_LOCK('{name}')")
