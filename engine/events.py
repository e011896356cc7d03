"""What can happen to an incident. The only way an incident changes is ``apply``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias, assert_never

from engine.model import (
    Action,
    ActionStatus,
    Diagnosis,
    Evidence,
    Incident,
    IncidentId,
    Judgement,
    Outcome,
    Result,
    Signal,
    Status,
    Tried,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Opened:
    at: datetime
    signal: Signal
    fingerprint: str
    environment: str


@dataclass(frozen=True, slots=True)
class SeenAgain:
    """``times``: a storm of the same lines is one event; ``signal`` is the last of them."""

    at: datetime
    signal: Signal
    times: int = 1


@dataclass(frozen=True, slots=True)
class Reopened:
    at: datetime
    signal: Signal
    times: int = 1


@dataclass(frozen=True, slots=True)
class Looked:
    at: datetime
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Diagnosed:
    at: datetime
    diagnosis: Diagnosis


@dataclass(frozen=True, slots=True)
class Acknowledged:
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Amended:
    """A person has changed the proposal's parameters: ``action`` stands in the place of ``was``."""

    at: datetime
    by: str
    was: str
    action: Action


@dataclass(frozen=True, slots=True)
class Approved:
    at: datetime
    by: str
    action: str


@dataclass(frozen=True, slots=True)
class Rejected:
    at: datetime
    by: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class Started:
    """Written before the target is called, so that a crash can never be mistaken for 'not yet called'.

    ``seen`` is the state that a later step of a plan begins from; the first begins from the one that was approved.
    """

    at: datetime
    action: str
    seen: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Acted:
    at: datetime
    action: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Verified:
    at: datetime
    action: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Escalated:
    at: datetime
    to: str
    reason: str


@dataclass(frozen=True, slots=True)
class Noted:
    at: datetime
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """``cause`` is what a person found to be the root cause, empty if nobody said."""

    at: datetime
    by: str
    how: str
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Closed:
    """The quiet time has passed: the same failure would be a new incident."""

    at: datetime


Event: TypeAlias = (
    Opened
    | SeenAgain
    | Reopened
    | Looked
    | Diagnosed
    | Acknowledged
    | Amended
    | Approved
    | Rejected
    | Started
    | Acted
    | Verified
    | Escalated
    | Noted
    | Resolved
    | Closed
)

AGENT = "oncall agent"
"""Who did it, when no person did."""


def begin(id: IncidentId, number: int, event: Opened) -> Incident:
    signal = event.signal
    return Incident(
        id=id,
        number=number,
        fingerprint=event.fingerprint,
        signal=signal,
        opened_at=event.at,
        updated_at=event.at,
        last_seen_at=event.at,
        severity=signal.severity,
        identifiers=signal.identifiers,
        environment=event.environment,
        heard={signal.source: signal.position},
    )


def apply(incident: Incident, event: Event) -> Incident:  # noqa: C901, PLR0911, PLR0912 - one closed union, one arm each
    """Return the incident as it is after the event. Total: a late fact never fails, it changes what it still can."""
    now = replace(incident, sequence=incident.sequence + 1, updated_at=event.at)
    match event:
        case Opened():
            raise ValueError("an incident opens once")
        case SeenAgain(signal=signal, times=times):
            return _heard(now, event.at, signal, times)
        case Reopened(signal=signal, times=times):
            return _reopened(_heard(now, event.at, signal, times))
        case Looked(evidence=evidence):
            return replace(now, evidence=evidence)
        case Diagnosed(diagnosis=diagnosis):
            return _diagnosed(now, event.at, diagnosis)
        case Acknowledged(by=by):
            return replace(now, assigned_to=by, status=Status.INVESTIGATING if now.active else now.status)
        case Amended(was=was, action=action):
            return _amended(now, event.at, was, action)
        case Approved(by=by):
            now = replace(now, assigned_to=now.assigned_to or by, status=Status.INVESTIGATING, approved_at=event.at)
            now = replace(now, approved_by=by)
            return _action(now, ActionStatus.APPROVED, event.at)
        case Rejected(by=by):
            return _action(replace(now, assigned_to=now.assigned_to or by), ActionStatus.REJECTED, event.at)
        case Started(seen=seen):
            if seen and now.action:
                now = replace(now, action=replace(now.action, seen=seen))
            return _action(now, ActionStatus.RUNNING, event.at)
        case Acted(outcome=outcome):
            return _acted(now, event.at, outcome)
        case Verified(verdict=verdict):
            return _verified(now, event.at, verdict)
        case Escalated(to=to):
            return replace(now, woken=(*now.woken, to))
        case Noted():
            return now
        case Resolved(by=by, how=how, cause=cause):
            person = now.assigned_to or ("" if by == AGENT else by)
            return _resolved(replace(now, root_cause=cause or now.root_cause, assigned_to=person), event.at, how)
        case Closed():
            return replace(now, status=Status.CLOSED)
        case _:
            assert_never(event)


def _heard(incident: Incident, at: datetime, signal: Signal, times: int) -> Incident:
    last = max(signal.position, incident.heard.get(signal.source, -1))
    return replace(
        incident,
        count=incident.count + times,
        last_seen_at=at,
        heard={**incident.heard, signal.source: last},
        identifiers={**incident.identifiers, **signal.identifiers},
    )


def _reopened(incident: Incident) -> Incident:
    return replace(
        incident,
        status=Status.OPEN,
        resolved_at=None,
        to_investigate=True,
        action=None,
        action_status=None,
        approved_by="",
        assigned_to="",  # who had it believes that it is over
        woken=(),
    )


def _diagnosed(incident: Incident, at: datetime, diagnosis: Diagnosis) -> Incident:
    if incident.in_hand:  # somebody has approved meanwhile: what they approved must not be exchanged under them
        return incident
    if incident.action_status is ActionStatus.PENDING:
        incident = _action(incident, ActionStatus.SUPERSEDED, at)
    return replace(
        incident,
        diagnosis=diagnosis,
        diagnosed_at=at,
        root_cause=diagnosis.root_cause,
        to_investigate=False,
        action=diagnosis.proposal,
        approved_by="",
        action_status=ActionStatus.PENDING if diagnosis.proposal else None,
        action_since=at,
    )


def _amended(incident: Incident, at: datetime, was: str, action: Action) -> Incident:
    """Only what still waits for a decision can be changed."""
    pending = incident.action_status is ActionStatus.PENDING and incident.action and incident.action.id == was
    if not pending or incident.diagnosis is None:
        return incident
    diagnosis = replace(incident.diagnosis, proposal=action)
    incident = _action(incident, ActionStatus.SUPERSEDED, at)
    return replace(incident, diagnosis=diagnosis, action=action, action_status=ActionStatus.PENDING, action_since=at)


def _action(incident: Incident, status: ActionStatus, at: datetime) -> Incident:
    """Move the action on; one that has ended is also remembered as tried."""
    ended = status not in (ActionStatus.APPROVED, ActionStatus.RUNNING, ActionStatus.VERIFYING)
    tried = (*incident.tried, Tried(incident.action, status)) if ended and incident.action else incident.tried
    return replace(incident, action_status=status, action_since=at, tried=tried)


def _acted(incident: Incident, at: datetime, outcome: Outcome) -> Incident:
    match outcome.result:
        case Result.DONE:
            return _action(incident, ActionStatus.VERIFYING, at)
        case Result.DRY_RUN:
            return _action(incident, ActionStatus.COMPLETED, at)
        case Result.CHANGED:
            return replace(_action(incident, ActionStatus.SUPERSEDED, at), to_investigate=True)
        case Result.UNKNOWN:
            return replace(_action(incident, ActionStatus.UNKNOWN, at), to_investigate=True)
        case Result.FAILED | Result.NOTHING_DONE:
            return replace(_action(incident, ActionStatus.FAILED, at), to_investigate=True)
        case _:
            assert_never(outcome.result)


def _verified(incident: Incident, at: datetime, verdict: Verdict) -> Incident:
    match verdict.judgement:
        case Judgement.WORKED if incident.action and incident.action.then:
            return _next_step(incident, incident.action, ActionStatus.COMPLETED, at)
        case Judgement.FAILED if incident.action and incident.action.then and incident.action.onward:
            return _next_step(incident, incident.action, ActionStatus.FAILED, at)
        case Judgement.WORKED:
            how = incident.action.name if incident.action else ""
            learned = replace(incident, lessons_learned=f"{how} mended it. {verdict.detail}")
            return _resolved(_action(learned, ActionStatus.COMPLETED, at), at, how)
        case Judgement.RECOVERED:
            return _resolved(_action(incident, ActionStatus.COMPLETED, at), at, "recovered by itself")
        case Judgement.FAILED:
            return replace(_action(incident, ActionStatus.FAILED, at), to_investigate=True)
        case Judgement.UNKNOWN | Judgement.NOT_YET:
            return replace(_action(incident, ActionStatus.UNKNOWN, at), to_investigate=True)
        case _:
            assert_never(verdict.judgement)


def _next_step(incident: Incident, done: Action, status: ActionStatus, at: datetime) -> Incident:
    """A plan goes on: it was approved as a whole."""
    step = replace(done.then[0], then=done.then[1:], after=done.id)
    ended = _action(incident, status, at)
    return replace(ended, action=step, action_status=ActionStatus.APPROVED, action_since=at)


def _resolved(incident: Incident, at: datetime, how: str) -> Incident:
    if incident.action_status is ActionStatus.PENDING:
        incident = _action(incident, ActionStatus.SUPERSEDED, at)
    return replace(incident, status=Status.RESOLVED, resolved_at=at, resolution_method=how, to_investigate=False)
