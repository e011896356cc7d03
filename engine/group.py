"""Signals of one failure are one incident, however often and from wherever they come."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

from engine.desk import Desk
from engine.errors import Stale
from engine.events import Opened, Reopened, SeenAgain
from engine.knowledge import Pattern
from engine.model import Entry, Incident, IncidentId, Severity, Signal, Status, place
from engine.redact import redact, shorten
from engine.relief import relieve

UNKNOWN = "unknown"
"""The pattern of an incident that a person reported and the knowledge base does not know."""

TITLE = 120
"""Characters of a title taken from a report."""

AGAIN = 500
"""Characters kept of an entry that says the same again: a storm must not fill the database."""

TOGETHER = timedelta(minutes=5)
"""Lines of one log as close as this, of which none names anything else, tell of one failure."""

NEWEST = 50
"""Active incidents among which such a line looks for its own."""

WHOLE = frozenset(
    (
        *("dag_id", "dag_run_id", "task_id", "application_id", "namespace", "pod_name", "deployment"),
        *("database_host", "database_name", "unit"),
    )
)
"""Names of whole things: where two lines differ in one of them, they tell of two failures."""

_OPEN_RETRIES = 5


def fingerprint(pattern: Pattern, identifiers: Mapping[str, str], source: str) -> str:
    """What makes two signals the same failure: the pattern and its key identifiers, never free text.

    Where a text names none of them, the log that it stood in is the only name there is.
    """
    known = [f"{name}={identifiers[name]}" for name in pattern.key if name in identifiers]
    where = known or [f"source={place(source)}"]
    return hashlib.sha256("\0".join([pattern.id, *where]).encode()).hexdigest()[:32]


async def hear(desk: Desk, entries: Sequence[Entry]) -> list[Incident]:
    """Turn log entries into incidents, new ones or known ones; entries of no known failure are dropped.

    What says the same in one batch is recorded at once, so that a storm keeps no other failure waiting. What the same
    log says has ended well is resolved.
    """
    alike: dict[str, list[Signal]] = {}
    for signal in (desk.detector.signal(entry, desk.clock) for entry in entries):
        if signal:
            alike.setdefault(_mark(desk, signal), []).append(signal)
    before: Before = {}
    incidents = [await receive(desk, signals, before) for signals in alike.values()]
    ended = {incident.id: incident for incident in await relieve(desk, entries)}
    return [ended.get(incident.id, incident) for incident in incidents]


Before: TypeAlias = dict[IncidentId, Mapping[str, int]]
"""How far each incident had been heard when a batch began: what is told late in it may have stood early in the log."""


async def receive(desk: Desk, signals: Sequence[Signal], before: Before) -> Incident:
    """The incident of these like signals: opened, seen again, reopened, or unchanged if all were heard before."""
    for _ in range(_OPEN_RETRIES):
        try:
            known = await _known(desk, signals[-1])
            if known is None:
                known, signals = await _open(desk, signals[0]), signals[1:]
                before[known.id] = {}
            return await _again(desk, known, signals, before.setdefault(known.id, known.heard))
        except Stale:  # somebody opened or changed it between our look and our write: look again
            continue
    raise Stale("The incident changes faster than it can be written.")


async def reported(desk: Desk, entry: Entry) -> Incident:
    """The incident that a person tells of: a known failure if the text holds one, else one of no known pattern."""
    now = desk.clock.now()
    if found := desk.detector.find_in(entry.text):
        return await receive(desk, [desk.detector.to_signal(found, replace(entry, at=now), desk.clock)], {})
    text = redact(entry.text)
    first = text.strip().partition("\n")[0]
    title = first if len(first) <= TITLE else f"{first[: TITLE - 1]}…"
    names = desk.detector.names(text)
    signal = Signal(now, UNKNOWN, title, "none", Severity.MEDIUM, text, names, entry.source)
    id = _new_id(desk)
    return await desk.open(id, Opened(now, signal, id, desk.policy.opened_in(signal)))


async def _known(desk: Desk, signal: Signal) -> Incident | None:
    """The incident of the same failure, or of the failure that this one is a mere consequence of."""
    pattern = desk.detector.patterns[signal.pattern]
    causes = (desk.detector.patterns[id] for id in pattern.follows if id in desk.detector.patterns)
    for candidate in (pattern, *causes):
        found = await desk.incidents.latest(fingerprint(candidate, signal.identifiers, signal.source))
        if found and _belongs(desk, found, signal):
            return found
    return await _beside(desk, signal)


async def _beside(desk: Desk, signal: Signal) -> Incident | None:
    """The one failure that the same log has just told of, if this is the same or comes of it and no name differs."""
    pattern = desk.detector.patterns[signal.pattern]
    active = await desk.incidents.list((Status.OPEN, Status.INVESTIGATING), NEWEST)
    beside = [one for one in active if _together(one, signal) and not _differs(desk, one, signal)]
    for wanted in ((pattern.id,), pattern.follows):
        found = [one for one in beside if one.signal.pattern in wanted]
        if found:
            return found[0] if len(found) == 1 else None  # of two, neither is surely it
    return None


def _together(incident: Incident, signal: Signal) -> bool:
    return signal.source in incident.heard and abs(signal.at - incident.signal.at) <= TOGETHER


def _differs(desk: Desk, incident: Incident, signal: Signal) -> bool:
    telling = WHOLE.union(desk.detector.patterns[signal.pattern].key)
    return any(
        signal.identifiers.get(name, value) != value for name, value in incident.identifiers.items() if name in telling
    )


def _belongs(desk: Desk, incident: Incident, signal: Signal) -> bool:
    if incident.active:
        return True
    if incident.status is Status.CLOSED or incident.resolved_at is None:
        return False
    return signal.at - incident.resolved_at < desk.policy.quiet_time


def _mark(desk: Desk, signal: Signal) -> str:
    return fingerprint(desk.detector.patterns[signal.pattern], signal.identifiers, signal.source)


async def _open(desk: Desk, signal: Signal) -> Incident:
    return await desk.open(
        _new_id(desk), Opened(desk.clock.now(), signal, _mark(desk, signal), desk.policy.opened_in(signal))
    )


def _new_id(desk: Desk) -> IncidentId:
    return IncidentId(f"INC-{desk.clock.now():%Y%m%d}-{desk.new_id()[:8]}")


async def _again(desk: Desk, incident: Incident, signals: Sequence[Signal], heard: Mapping[str, int]) -> Incident:
    news = [signal for signal in signals if not _heard(heard, signal)]
    if not news:
        return incident
    now, last = desk.clock.now(), replace(news[-1], text=shorten(news[-1].text, AGAIN))
    came_back = incident.resolved_at is not None and last.at > incident.resolved_at
    kind = Reopened if not incident.active and came_back else SeenAgain
    return await desk.record(incident, kind(now, last, len(news)))


def _heard(heard: Mapping[str, int], signal: Signal) -> bool:
    """A reader that was interrupted reads its last entries again."""
    return 0 <= signal.position <= heard.get(signal.source, -1)
