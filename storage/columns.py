"""The kinds of column that mean the same on SQLite, PostgreSQL and MySQL or MariaDB."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, String, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator

KEY = 191
"""The longest text, in characters, that MySQL can index whole when each may take four bytes."""


class Time(TypeDecorator[datetime]):
    """A moment, to the microsecond. Kept in UTC, given back aware and in UTC; a naive one is refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "mysql":
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone means nothing to the next reader")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Key = String(KEY)
Word = String(32)
Line = String(500)
Long = Text().with_variant(mysql.LONGTEXT(), "mysql")
Json = JSON(none_as_null=True)
Count = BigInteger().with_variant(Integer(), "sqlite")  # SQLite numbers rows by itself only in an INTEGER key


def key(text: str) -> str:
    """Return ``text`` as it fits a key of 191 characters: one that does not fit keeps its head and its SHA-256."""
    if line(text, KEY) == text:
        return text
    return f"{line(text, KEY - 65)}:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"


def line(text: str, length: int = 500) -> str:
    """Return ``text`` cut to ``length`` characters, without what a database cannot keep.

    PostgreSQL takes no NUL; none takes the half characters by which Python spells a file name that is not UTF-8.
    """
    return text[:length].replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
