"""What was recorded of the past: which action followed a failure, and whether it helped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from bot.training import Experience
from engine.events import AGENT
from engine.model import Action, ActionStatus, Incident, Judgement, Verdict
from engine.terms import terms

NEAR = timedelta(days=1)
"""A record that tells its time belongs to an incident of that day only."""

ALIKE = 0.5
"""Share of its words that a record without names must have in common with an incident's title."""

HOLDING = frozenset(("", "escalate", "none", "manual", "manual_intervention"))
"""Words of a record that say: a person did it."""


class Record:
    """The recorded outcomes; each belongs to one incident at most."""

    def __init__(self, experiences: Iterable[Experience]) -> None:
        self._free = list(experiences)
        self._of: dict[str, list[Experience]] = {}

    @property
    def unused(self) -> Sequence[Experience]:
        """What was recorded and belongs to no incident: what the agent did not see."""
        return tuple(self._free)

    def of(self, incident: Incident) -> Sequence[Experience]:
        """What was recorded of this incident, oldest first. Asked again, it is the same."""
        if incident.id not in self._of:
            mine = [one for one in self._free if belongs(one, incident)]
            self._free = [one for one in self._free if one not in mine]
            self._of[incident.id] = sorted(mine, key=lambda one: aware(one.timestamp) or incident.opened_at)
        return self._of[incident.id]

    def mended(self, incident: Incident) -> Experience | None:
        """The record of what helped."""
        return next((one for one in self.of(incident) if one.success), None)

    def ending(self, incident: Incident, action: Action) -> Verdict:
        """What the record says of this action on this incident."""
        for one in self.of(incident):
            if action.name in one.actions and one.success is not None:
                judgement = Judgement.WORKED if one.success else Judgement.FAILED
                return Verdict(judgement, f"By the record of {one.id or one.title}.")
        return Verdict(Judgement.UNKNOWN, "The record does not tell.")

    def took(self, incident: Incident, action: Action) -> timedelta:
        """How long this action took by the record; nothing where that is not told."""
        times = (one.resolution_time for one in self.of(incident) if action.name in one.actions)
        return timedelta(seconds=next((time for time in times if time is not None), 0.0))


def belongs(one: Experience, incident: Incident) -> bool:
    """By its names, none of which may differ; where it has none in common, by its service and its words."""
    at = aware(one.timestamp)
    if at and abs(at - incident.opened_at) > NEAR:
        return False
    common = [name for name in one.names if name in incident.identifiers]
    if common:
        return all(one.names[name] == incident.identifiers[name] for name in common)
    said, seen = set(terms(one.title)), set(terms(incident.signal.title))
    service = not one.service or one.service.lower() == incident.signal.service
    return service and len(said & seen) >= ALIKE * len(said or {""})


def aware(time: datetime | None) -> datetime | None:
    return time.replace(tzinfo=UTC) if time and time.tzinfo is None else time


def by_hand(one: Experience) -> bool:
    """No action of a machine was recorded."""
    return all(action.lower() in HOLDING for action in one.actions)


def of_own(incident: Incident) -> list[Experience]:
    """What our own database recorded of an incident that has ended: each action that was tried, then what mended it."""
    told = [
        _experience(incident, tried.action.name, tried.status is ActionStatus.COMPLETED)
        for tried in incident.tried
        if tried.status in (ActionStatus.COMPLETED, ActionStatus.FAILED) and not tried.action.dry_run
    ]
    if incident.resolved_at and not any(one.success for one in told) and incident.assigned_to not in ("", AGENT):
        told.append(_experience(incident, "manual", worked=True))
    return told


def _experience(incident: Incident, action: str, worked: bool) -> Experience:  # noqa: FBT001 - said by name or in place
    ended = incident.resolved_at or incident.updated_at
    return Experience.model_validate(
        {
            "id": incident.id,
            "title": incident.signal.title[:500],
            "service": incident.signal.service,
            "metadata": dict(incident.identifiers),
            "actions_taken": [action],
            "success": worked,
            "resolution_time": (ended - incident.opened_at).total_seconds(),
            "timestamp": incident.opened_at,
        }
    )
