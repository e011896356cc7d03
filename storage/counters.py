"""Numbers without gaps, given out one transaction at a time."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import counters

INCIDENTS = "incidents"
POSTS = "posts"


async def following(connection: AsyncConnection, name: str) -> int:
    """Return the next number, from 1. Whoever asks next waits until this transaction ends.

    So numbers become visible in their order, and one that is rolled back is given out again.
    """
    this = counters.c.name == name
    await connection.execute(update(counters).where(this).values(value=counters.c.value + 1))
    number: int = (await connection.execute(select(counters.c.value).where(this))).scalar_one()
    return number
