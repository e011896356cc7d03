"""What is like this incident: incidents that have ended, and entries of the knowledge base."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.knowledge_base import KnowledgeEntry, Library
from engine.model import Incident, Status
from engine.ports import Incidents
from engine.search import PATTERN, SERVICE, TAG, WORD, Document, Index

ENDED = (Status.RESOLVED, Status.CLOSED)

REMEMBERED = 5_000
"""Incidents of the past that are compared at all."""

NEWEST = 200
"""Incidents that are looked at again for what has changed since the last time."""

LIKE = 0.15
"""What is less like than this has some common words only."""


@dataclass(frozen=True, slots=True)
class Alike:
    """``name`` is what to ask for: ``show 17`` or ``kb show id``.

    ``how`` is what mended it, as far as is known; ``advice`` is what a person does first where no action mends it.
    """

    name: str
    title: str
    score: float
    how: str
    when: datetime | None = None
    took: timedelta | None = None
    advice: str = ""


class Past:
    """Remembers what has ended. One for the whole program."""

    def __init__(self, incidents: Incidents, library: Library | None = None) -> None:
        self._incidents = incidents
        self._library = library
        self._known: dict[str, Incident] = {}
        self._index = Index()

    async def similar(self, incident: Incident, limit: int = 3) -> list[Alike]:
        """The most alike, best first, itself and its own pattern left out. Raises Unreachable."""
        await self._refresh()
        asked, service = f"{incident.signal.title}\n{incident.signal.text}", incident.signal.service
        hits = self._index.search(asked, service, limit + 1)
        found = [_past(self._known[hit.id], hit.score) for hit in hits if hit.id != incident.id]
        if self._library:
            entries = await self._library.search(asked, service, limit + 1)
            found += [_entry(one.entry, one.score) for one in entries if one.entry.id != incident.signal.pattern]
        likely = (one for one in found if one.score >= LIKE)
        return sorted(likely, key=lambda one: -one.score)[:limit]

    async def _refresh(self) -> None:
        most = NEWEST if self._known else REMEMBERED
        for incident in await self._incidents.list(ENDED, limit=most):
            known = self._known.get(incident.id)
            if known is None or known.sequence != incident.sequence:
                self._known[incident.id] = incident
                self._index.put(document(incident))


def document(incident: Incident) -> Document:
    """An incident as it is searched: what it reported weighs as an error pattern does."""
    signal = incident.signal
    return Document(
        id=incident.id,
        texts=(
            (PATTERN, signal.text),
            (SERVICE, signal.service),
            (TAG, signal.pattern),
            (WORD, f"{signal.title}\n{incident.root_cause}\n{incident.lessons_learned}"),
        ),
        services=(signal.service,),
    )


def _past(incident: Incident, score: float) -> Alike:
    ended = incident.resolved_at or incident.updated_at
    return Alike(
        name=f"show {incident.number}",
        title=f"#{incident.number} {incident.signal.title}",
        score=score,
        how=incident.resolution_method,
        when=ended,
        took=ended - incident.opened_at,
    )


def _entry(entry: KnowledgeEntry, score: float) -> Alike:
    how, advice = next(iter(entry.automated_actions), ""), next(iter(entry.solution_steps), "")
    return Alike(f"kb show {entry.id}", entry.title, score, how, entry.last_used, advice=advice)
