"""From the address that a person writes to the one that SQLAlchemy needs."""

from __future__ import annotations

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from engine.errors import Misconfigured

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "mysql": "mysql+asyncmy",
    "mariadb": "mysql+asyncmy",
}
ASYNC = ("sqlite+aiosqlite", "postgresql+asyncpg", "mysql+asyncmy")
WRITE = (
    "DATABASE_URL must be sqlite:///./data/oncall.db, postgresql://user:password@host/oncall"
    " or mysql://user:password@host/oncall."
)


def address(url: str) -> str:
    """Return ``url`` with its asynchronous driver. Raises Misconfigured, without repeating a password."""
    read = _read(url.strip())
    if read.get_backend_name() == "sqlite" and read.database in (None, "", ":memory:"):
        raise Misconfigured(f"An SQLite database needs a file. {WRITE}")
    return _tuned(read).render_as_string(hide_password=False)


def _read(url: str) -> URL:
    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        raise Misconfigured(f"That is no database address. {WRITE}") from None
    if read.drivername == "mariadb+asyncmy":
        return read.set(drivername="mysql+asyncmy")
    if read.drivername in ASYNC:
        return read
    try:
        return read.set(drivername=DRIVERS[read.drivername])
    except KeyError:
        raise Misconfigured(f"There is no way to speak to {read.drivername}. {WRITE}") from None


def _tuned(url: URL) -> URL:
    match url.get_backend_name():
        case "mysql" if "charset" not in url.query:
            return url.update_query_dict({"charset": "utf8mb4"})
        case "postgresql" if "sslmode" in url.query:  # what libpq and every hosting page write; asyncpg says ssl
            return url.difference_update_query(["sslmode"]).update_query_dict({"ssl": url.query["sslmode"]})
        case _:
            return url
