"""The knowledge base: entries that people keep and failures that ship with the product, found together."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from engine.errors import NotFound, Refused
from engine.knowledge import Knowledge, Pattern, Quiets
from engine.search import PATTERN, SERVICE, TAG, WORD, Document, Hit, Index

SHIPPED = "oncall agent"
"""Who wrote the entries that come with the product."""

LEARNED = "learned"
"""Tag of a row of actions that was seen to work here. Its next two tags are the failure and the environment."""

DISMISSED = "dismissed"
"""Tag of a proposed entry that a person does not want. It is kept, so that it is not proposed again."""

AT_ONCE = 1_000
"""Entries that are kept in one transaction, and taken up before other work has its turn again."""

_OPTIONAL = re.compile(r"\[[^\[\]]*\{\w+\}[^\[\]]*\]")
_NAME = re.compile(r"\{(\w+)\}")
_ESCAPE = re.compile(r"\\([A-Za-z])")
"""The letter of an escape is no word."""


@dataclass(frozen=True, slots=True)
class KnowledgeEntry:
    """A failure as people keep it. ``error_patterns`` are read as ``phrases``; ``success_rate`` is from 0 to 1.

    ``automated_actions`` are names of actions, the best first. ``proposed``: a person has not accepted it yet.
    """

    id: str
    title: str
    description: str = ""
    category: str = "unknown"
    tags: tuple[str, ...] = ()
    error_patterns: tuple[str, ...] = ()
    solution_steps: tuple[str, ...] = ()
    automated_actions: tuple[str, ...] = ()
    success_rate: float | None = None
    related_services: tuple[str, ...] = ()
    last_used: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    created_by: str = ""
    proposed: bool = False

    @property
    def dismissed(self) -> bool:
        return self.proposed and DISMISSED in self.tags

    @property
    def learned(self) -> bool:
        """Whether the program itself has seen it work; one that says so may be imported by whoever could accept it."""
        return self.created_by == SHIPPED and self.tags[:1] == (LEARNED,) and len(self.tags) >= 3


@dataclass(frozen=True, slots=True)
class Page:
    """Entries that were kept, in the order in which they were, up to and with this ``revision``.

    They say all but when: that is never searched, and reading it takes as long as all the rest.
    """

    revision: int
    entries: Sequence[KnowledgeEntry]


class KnowledgeEntries(Protocol):
    """Where entries are kept. Every call raises Unreachable if the database does not answer."""

    async def put(self, entries: Sequence[KnowledgeEntry]) -> None:
        """Keep these, all or none; what had one of their ids is replaced. Of two with one id the last is kept."""

    def changed(self, after: int) -> AsyncIterator[Page]:
        """What was kept after this revision, 0 for everything. Nothing older appears later."""

    async def named(self, ids: Iterable[str]) -> Mapping[str, KnowledgeEntry]:
        """Those of these that are there."""

    async def all(self) -> Sequence[KnowledgeEntry]:
        """Every one, in whatever order."""

    async def used(self, id: str, at: datetime) -> None:
        """This entry was of use. One that is not there is left alone."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, how like it is from 0 to 1, and why: see ``Hit``."""

    entry: KnowledgeEntry
    hit: Hit

    @property
    def score(self) -> float:
        return self.hit.score


class Library:
    """Everything that is known: what to find it by is in memory, what was found is read from the store behind it."""

    def __init__(self, entries: KnowledgeEntries, shipped: Knowledge = ()) -> None:
        self._store = entries
        self._shipped = {one.id: entry_of(one) for one in shipped if one.quiets is Quiets.NOTHING}
        self._index = Index(document(entry) for entry in self._shipped.values())
        self._rows: set[str] = set()
        self._dismissed: set[str] = set()
        self._revision = 0
        self._turn = asyncio.Lock()
        self._reading = threading.Lock()
        self._deciding = asyncio.Lock()

    async def all(self) -> Sequence[KnowledgeEntry]:
        """What people keep and what ships, by id, without what they dismissed."""
        kept = {entry.id: entry for entry in await self._store.all()}
        known = {**self._shipped, **kept}
        return [known[id] for id in sorted(known) if not known[id].dismissed]

    async def rows(self) -> Sequence[KnowledgeEntry]:
        """Every row of actions that was learned here: proposed, accepted or dismissed."""
        await self._refresh()
        return [*(await self._store.named(self._rows)).values()] if self._rows else []

    async def learned(self, pattern: str, environment: str) -> Sequence[KnowledgeEntry]:
        """The rows of actions that people have accepted for this failure in this environment."""
        here = (pattern, environment)
        return [one for one in await self.rows() if not one.proposed and one.tags[1:3] == here]

    async def kept(self) -> Sequence[KnowledgeEntry]:
        """What people keep, by id."""
        return [entry for entry in await self.all() if self._shipped.get(entry.id) is not entry]

    async def named(self, ids: Sequence[str]) -> Mapping[str, KnowledgeEntry]:
        """Those of these that are known."""
        shipped = {id: self._shipped[id] for id in ids if id in self._shipped}
        return {**shipped, **await self._store.named(ids)} if ids else {}

    async def get(self, id: str) -> KnowledgeEntry:
        """Raises NotFound."""
        try:
            return (await self.named([id]))[id]
        except KeyError:
            raise NotFound(f"The knowledge base has no entry {id[:80]}. Look for it: kb search {id[:80]}") from None

    async def search(self, text: str, service: str = "", limit: int = 5) -> list[Found]:
        """What is most like ``text``, best first; what nobody has accepted yet comes with the others."""
        await self._refresh()
        async with self._turn:
            with self._reading:
                hits = self._index.search(text, service, limit)
        known = await self.named([hit.id for hit in hits])
        return [Found(known[hit.id], hit) for hit in hits if hit.id in known]

    async def keep(self, entries: Sequence[KnowledgeEntry]) -> int:
        """Keep these and return how many are new or other than before; a thousand at a time, each all or none."""
        await self._refresh()
        latest = [*{entry.id: entry for entry in entries}.values()]
        kept = 0
        for start in range(0, len(latest), AT_ONCE):
            some = latest[start : start + AT_ONCE]
            known = await self.named([one.id for one in some if one.id in self._index or one.id in self._dismissed])
            news = [entry for entry in some if not _same(known.get(entry.id), entry)]
            await self._store.put(news)
            kept += len(news)
        return kept

    async def used(self, id: str, at: datetime) -> None:
        """Something was proposed because of this entry."""
        await self._store.used(id, at)

    async def decide(self, id: str, by: str, at: datetime, *, accept: bool) -> KnowledgeEntry:
        """Accept or dismiss a proposed entry, once. Raises NotFound, or Refused if somebody has decided already."""
        async with self._deciding:
            entry = await self.get(id)
            if not entry.proposed:
                raise Refused(f"{id} is accepted already.")
            if entry.dismissed and not accept:
                raise Refused(f"{id} is dismissed already.")
            tags = tuple(tag for tag in entry.tags if tag != DISMISSED)
            said = f"{entry.description}\n{'Accepted' if accept else 'Dismissed'} by {by} on {at:%Y-%m-%d}.".strip()
            decided = replace(entry, description=said, tags=tags, proposed=not accept, updated_at=at)
            decided = decided if accept else replace(decided, tags=(*tags, DISMISSED))
            await self.keep([decided])
            return decided

    async def _refresh(self) -> None:
        """Take up what this or another program kept since, beside and not before other work."""
        async with self._turn:
            async for page in self._store.changed(self._revision):
                await asyncio.to_thread(self._take_up, page.entries)
                _enrol(self._rows, page.entries, lambda entry: entry.learned)
                _enrol(self._dismissed, page.entries, lambda entry: entry.dismissed)
                self._revision = page.revision
            if self._index.unsettled:
                await asyncio.to_thread(self._settle)

    def _take_up(self, entries: Sequence[KnowledgeEntry]) -> None:
        with self._reading:  # a task that is cancelled no longer waits for its thread, and the next takes its turn
            for entry in entries:
                if entry.dismissed:
                    self._index.drop(entry.id)
                else:
                    self._index.put(document(entry))
            self._index.read()

    def _settle(self) -> None:
        with self._reading:
            self._index.settle()


def _enrol(ids: set[str], entries: Sequence[KnowledgeEntry], belongs: Callable[[KnowledgeEntry], bool]) -> None:
    """Let ``ids`` have those of these entries that belong there, and no other of them."""
    ids.difference_update(entry.id for entry in entries)
    ids.update(entry.id for entry in entries if belongs(entry))


def _same(known: KnowledgeEntry | None, entry: KnowledgeEntry) -> bool:
    """Whether nothing but the times would change: what is imported twice was imported once."""
    if known is None:
        return False
    times = {"created_at": None, "updated_at": None, "last_used": None}
    return replace(known, **times) == replace(entry, **times)  # type: ignore[arg-type] # mypy reads one type for all


def document(entry: KnowledgeEntry) -> Document:
    """An entry as it is searched, by the document's points for each of its fields."""
    patterns = "\n".join(entry.error_patterns)
    return Document(
        id=entry.id,
        texts=(
            (PATTERN, _ESCAPE.sub(" ", patterns) if "\\" in patterns else patterns),
            (SERVICE, "\n".join(entry.related_services)),
            (TAG, "\n".join(entry.tags)),
            (WORD, f"{entry.title}\n{entry.description}"),
            (WORD, "\n".join((entry.category, *entry.solution_steps, *entry.automated_actions))),
        ),
        phrases=entry.error_patterns,
        tags=entry.tags,
        services=entry.related_services,
    )


def entry_of(pattern: Pattern) -> KnowledgeEntry:
    """A failure that ships with the product, in the fields of the knowledge base."""
    return KnowledgeEntry(
        id=pattern.id,
        title=unfilled(pattern.title),
        description="\n".join(dict.fromkeys((unfilled(pattern.root_cause), pattern.advice))).strip(),
        category=pattern.category,
        tags=(pattern.category,),
        error_patterns=pattern.match,
        solution_steps=tuple(unfilled(step) for step in pattern.steps),
        automated_actions=tuple(proposal.name for proposal in pattern.proposals),
        success_rate=pattern.proposals[0].prior if pattern.proposals else None,
        related_services=(pattern.service,),
        created_by=SHIPPED,
    )


def unfilled(template: str) -> str:
    """A template as it reads where no name is known: its optional parts are left out, a name stands for its value."""
    return _NAME.sub(lambda name: name[1].replace("_", " "), _OPTIONAL.sub("", template))
