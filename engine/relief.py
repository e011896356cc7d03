"""Good news in a log: an incident whose own log says later that it is well is resolved, with credit to nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.desk import Desk
from engine.detect import READABLE, undoes
from engine.errors import Stale
from engine.events import AGENT, Noted, Resolved
from engine.knowledge import Pattern
from engine.model import Entry, Incident, Status
from engine.redact import clean, redact, shorten

RECOVERED = "recovered before we acted"

SAYS = "The log itself says that it recovered"

MOST = 200
"""Active incidents, the newest first, among which the one is looked for that the good news is about."""

QUOTED = 300
"""Characters of the good news that are kept as a note."""

_RETRIES = 5


async def relieve(desk: Desk, entries: Sequence[Entry]) -> list[Incident]:
    """Resolve what these entries say has ended well; never what somebody has approved an action for."""
    news = [(entry, signs) for entry in entries if (signs := desk.detector.good_news(entry.text))]
    if not news:
        return []
    active = await desk.incidents.list((Status.OPEN, Status.INVESTIGATING), MOST)
    told = [(one, entry) for entry, signs in news for one in active if _is_about(desk, one, entry, signs)]
    ended = [await _resolve(desk, one, entry) for one, entry in told]
    return [one for one in ended if one]


def _is_about(desk: Desk, incident: Incident, entry: Entry, signs: Sequence[Pattern]) -> bool:
    """It stands in the same log after the failure, and names what broke."""
    pattern, source = desk.detector.patterns.get(incident.signal.pattern), clean(entry.source)
    if pattern is None or not _later(incident, entry, source):
        return False
    if not any(undoes(sign, pattern, incident.signal.service) for sign in signs):
        return False
    return _named(pattern, incident.identifiers, desk.detector.names(redact(entry.text, READABLE), source))


def _later(incident: Incident, entry: Entry, source: str) -> bool:
    return source in incident.heard and entry.position > incident.heard[source]


def _named(pattern: Pattern, broken: Mapping[str, str], well: Mapping[str, str]) -> bool:
    """What broke is named again, and by no other name: good news of something else is none."""
    shared = [name for name in pattern.key if name in broken and name in well]
    return bool(shared) and all(broken[name] == well[name] for name in shared)


async def _resolve(desk: Desk, incident: Incident, entry: Entry) -> Incident | None:
    for _ in range(_RETRIES):
        incident = await desk.incidents.get(incident.id)
        if not _undecided(incident) or not _later(incident, entry, clean(entry.source)):
            return None
        try:
            await desk.record(incident, Resolved(desk.clock.now(), AGENT, f"{RECOVERED}: the log itself says so"))
        except Stale:  # somebody was quicker: look what they decided
            continue
        note = f"{SAYS}: {shorten(redact(entry.text, READABLE), QUOTED)}"
        return await desk.record_fact(incident.id, Noted(desk.clock.now(), AGENT, note))
    return None


def _undecided(incident: Incident) -> bool:
    """Nobody has approved anything: what we did would have to be judged, and its own verification does that."""
    return incident.active and not incident.in_hand and not incident.ran
