"""The entries of the knowledge base, in a SQL database or in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, and_, cast, delete, insert, or_, select, update

from engine.knowledge_base import KnowledgeEntries, KnowledgeEntry, Page
from engine.ports import Clock
from storage.columns import KEY, key, line
from storage.counters import following
from storage.database import Database
from storage.tables import knowledge_entries as table

REVISIONS = "knowledge"
"""The counter that grows with every change."""

AT_ONCE = 500
"""Rows in one statement: every database takes as many parameters."""

NAMED = 100
"""Ids that are looked up at once: for many more PostgreSQL may read the whole table."""

PAGE = 1_000
"""Rows that are read at once."""

LISTS = ("tags", "error_patterns", "solution_steps", "automated_actions", "related_services")
TIMES = ("last_used", "created_at", "updated_at")

FIELDS = tuple(field.name for field in fields(KnowledgeEntry))

WHOLE = tuple(cast(one, Text).label(one.name) if one.name in LISTS else one for one in table.c)
"""An entry's columns, its lists as the text in which they are kept."""

SAID = tuple(one for one in WHOLE if one.name not in TIMES)


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
            rows = await self._rows(self._after(last, SAID))
            entries = await asyncio.to_thread(_entries, rows)
            if rows:
                last = rows[-1].revision, rows[-1].id
            if len(rows) < self._at_once:
                break
            yield Page(last[0] - 1, entries)  # more of this revision may follow
        if last[0] > after:
            yield Page(last[0], entries)

    async def named(self, ids: Iterable[str]) -> Mapping[str, KnowledgeEntry]:
        found: dict[str, KnowledgeEntry] = {}
        keys = [key(id) for id in ids]
        for start in range(0, len(keys), NAMED):
            these = table.c.id.in_(keys[start : start + NAMED])
            found |= {entry.id: entry for entry in _entries(await self._rows(select(*WHOLE).where(these)))}
        return found

    async def all(self) -> Sequence[KnowledgeEntry]:
        found: list[KnowledgeEntry] = []
        last: tuple[int, str] = (0, "")
        while rows := await self._rows(self._after(last, WHOLE)):
            found += await asyncio.to_thread(_entries, rows)
            last = rows[-1].revision, rows[-1].id
        return found

    def _after(self, last: tuple[int, str], columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
        """The next page; what is put meanwhile comes later, as its revision is higher."""
        revision, id = last
        beyond = table.c.revision > revision
        if id:  # no database but SQLite looks up two columns by one comparison: the first bound leads it there
            beyond = and_(table.c.revision >= revision, or_(beyond, table.c.id > id))
        return select(*columns).where(beyond).order_by(table.c.revision, table.c.id).limit(self._at_once)

    async def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        async with self.database.read() as connection:
            rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
            return rows

    async def used(self, id: str, at: datetime) -> None:
        async with self.database.write() as connection:
            await connection.execute(update(table).where(table.c.id == key(id)).values(last_used=at))


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

    async def named(self, ids: Iterable[str]) -> Mapping[str, KnowledgeEntry]:
        return {id: self._kept[id][1] for id in ids if id in self._kept}

    async def all(self) -> Sequence[KnowledgeEntry]:
        return [entry for _, entry in self._kept.values()]

    async def used(self, id: str, at: datetime) -> None:
        if id in self._kept:
            revision, entry = self._kept[id]
            self._kept[id] = (revision, replace(entry, last_used=at))


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


def _entries(rows: Sequence[Row[Any]]) -> list[KnowledgeEntry]:
    """The lists of all rows are decoded together, column by column: in a tenth of the time."""
    if not rows:
        return []
    columns = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))
    for name in LISTS:
        columns[name] = tuple(map(tuple, json.loads(f"[{','.join(columns[name])}]")))
    nothing = (None,) * len(rows)
    return [*map(KnowledgeEntry, *(columns.get(name, nothing) for name in FIELDS))]
