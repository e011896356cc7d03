"""Accounts, and which chat identity is whose, in a SQL database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.errors import NotFound, Refused
from engine.model import Account, Role
from engine.ports import Clock, People
from storage.columns import key, line
from storage.database import Database
from storage.tables import identities, users
from storage.upsert import put


class SqlPeople(People):
    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock

    async def who(self, platform: str, identity: str) -> Account | None:
        this = (identities.c.platform == platform) & (identities.c.identity == key(identity))
        async with self.database.read() as connection:
            query = select(users).join(identities, identities.c.user_id == users.c.id).where(this)
            return _account((await connection.execute(query)).one_or_none())

    async def named(self, username: str) -> Account | None:
        async with self.database.read() as connection:
            query = select(users).where(users.c.username == username)
            return _account((await connection.execute(query)).one_or_none())

    async def identity(self, platform: str, account_id: str) -> str | None:
        theirs = (identities.c.platform == platform) & (identities.c.user_id == account_id)
        async with self.database.read() as connection:
            found: str | None = await connection.scalar(select(func.max(identities.c.identity)).where(theirs))
            return found

    async def save(self, account: Account) -> None:
        """Raises Refused if another account has this username."""
        row = _row(account)
        try:
            async with self.database.write() as connection:
                done = await connection.execute(update(users).where(users.c.id == account.id).values(row))
                if not done.rowcount:
                    new = {"id": account.id, "created_at": self.clock.now(), **row}
                    await connection.execute(insert(users).values(new))
        except IntegrityError as error:
            raise Refused(f"There is already an account called {account.username}.") from error

    async def link(self, platform: str, identity: str, account_id: str) -> None:
        """Raises NotFound if there is no such account. An identity that was somebody else's is theirs no more."""
        try:
            async with self.database.write() as connection:
                this = {"platform": platform, "identity": key(identity)}
                await put(connection, identities, this, {"user_id": account_id})
        except IntegrityError as error:
            raise NotFound(f"There is no account {account_id}.") from error

    async def all(self) -> Sequence[Account]:
        """By username."""
        async with self.database.read() as connection:
            rows = (await connection.execute(select(users).order_by(users.c.username))).all()
        return [one for one in map(_account, rows) if one]

    async def seen(self, account_id: str, at: datetime) -> None:
        """Remember when this person last spoke to us."""
        async with self.database.write() as connection:
            await connection.execute(update(users).where(users.c.id == account_id).values(last_login=at))


def _row(account: Account) -> dict[str, Any]:
    return {
        "username": account.username,
        "full_name": line(account.full_name),
        "email": line(account.email),
        "role": account.role.value,
        "is_active": account.is_active,
    }


def _account(row: Row[Any] | None) -> Account | None:
    if row is None:
        return None
    return Account(
        id=row.id,
        username=row.username,
        full_name=row.full_name or "",
        email=row.email or "",
        role=Role(row.role),
        is_active=row.is_active,
    )
