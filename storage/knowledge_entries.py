"""The entries of the knowledge base, in a SQL database or in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, delete, insert, or_, select, update

from engine.knowledge_base import KnowledgeEntries, KnowledgeEntry, Page
from engine.ports import Clock
from storage.columns import KEY, key, line
from storage.counters import following
from storage.database import Database
from storage.tables import knowledge_entries as table

REVISIONS = "knowledge"
"""The counter that grows with every change."""

AT_ONCE = 500
"""Ids in one statement: every database takes as many parameters."""

PAGE = 2_000
"""Rows that are read at once."""

LISTS = ("tags", "error_patterns", "solution_steps", "automated_actions", "related_services")


class SqlKnowledgeEntries(KnowledgeEntries):
    """``page`` is how many are read at once."""

    def __init__(self, database: Database, clock: Clock, page: int = PAGE) -> None:
        self.database = database
        self.clock = clock
        self._at_once = page

    async def put(self, entries: Sequence[KnowledgeEntry]) -> None:
        now = self.clock.now()
        latest = {key(entry.id): entry for entry in entries}
        ids = list(latest)
        if not ids:
            return
        async with self.database.write() as connection:
            revision = await following(connection, REVISIONS)
            rows = [{**_row(id, entry, now), "revision": revision} for id, entry in latest.items()]
            for start in range(0, len(ids), AT_ONCE):
                await connection.execute(delete(table).where(table.c.id.in_(ids[start : start + AT_ONCE])))
                await connection.execute(insert(table), rows[start : start + AT_ONCE])

    async def changed(self, after: int) -> AsyncIterator[Page]:
        last: tuple[int, str] = (after, "")
        while True:
            rows = await self._page(last)
            entries = [_entry(row) for row in rows]
            if rows:
                last = rows[-1].revision, rows[-1].id
            if len(rows) < self._at_once:
                break
            yield Page(last[0] - 1, entries)  # more of this revision may follow
        if last[0] > after:
            yield Page(last[0], entries)

    async def _page(self, last: tuple[int, str]) -> Sequence[Row[Any]]:
        beyond = table.c.revision > last[0]
        if last[1]:
            beyond = or_(beyond, and_(table.c.revision == last[0], table.c.id > last[1]))
        query = select(table).where(beyond).order_by(table.c.revision, table.c.id).limit(self._at_once)
        async with self.database.read() as connection:
            return (await connection.execute(query)).all()

    async def used(self, id: str, at: datetime) -> None:
        async with self.database.write() as connection:
            revision = await following(connection, REVISIONS)
            this = table.c.id == key(id)
            await connection.execute(update(table).where(this).values(last_used=at, revision=revision))


class MemoryKnowledgeEntries(KnowledgeEntries):
    """The same without a database, held to the same contract."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._kept: dict[str, tuple[int, KnowledgeEntry]] = {}
        self._revision = 0

    async def put(self, entries: Sequence[KnowledgeEntry]) -> None:
        now = self.clock.now()
        self._revision += 1
        for entry in entries:
            dated = replace(entry, created_at=entry.created_at or now, updated_at=entry.updated_at or now)
            self._kept[entry.id] = (self._revision, dated)

    async def changed(self, after: int) -> AsyncIterator[Page]:
        entries = [entry for revision, entry in self._kept.values() if revision > after]
        if entries:
            yield Page(self._revision, entries)

    async def used(self, id: str, at: datetime) -> None:
        if id in self._kept:
            self._revision += 1
            self._kept[id] = (self._revision, replace(self._kept[id][1], last_used=at))


def _row(id: str, entry: KnowledgeEntry, now: datetime) -> dict[str, Any]:
    return {
        **asdict(entry),
        **{name: [line(one, len(one)) for one in getattr(entry, name)] for name in LISTS},
        "id": id,
        "title": line(entry.title),
        "description": line(entry.description, len(entry.description)),
        "category": line(entry.category, KEY),
        "created_by": line(entry.created_by, KEY),
        "created_at": entry.created_at or now,
        "updated_at": entry.updated_at or now,
    }


def _entry(row: Row[Any]) -> KnowledgeEntry:
    kept: dict[str, Any] = row._asdict()
    kept.pop("revision")
    return KnowledgeEntry(**{**kept, **{name: tuple(kept[name]) for name in LISTS}})
