"""From an incident and its newest event to the rows that readers of SQL see. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from engine.events import Acted, Approved, Event, Rejected, Started, Verified
from engine.learn.feedback import feedback, success
from engine.model import Action, ActionStatus, Incident, Lesson, Outcome, Verdict
from storage.columns import KEY, key, line
from storage.shapes import event_text, incident_text, kind

Row = dict[str, Any]
ActionEvent = Approved | Rejected | Started | Acted | Verified

REJECTED = "rejected"
"""A person said no: the outcome's judgement, for readers of SQL."""

ENDED = (
    ActionStatus.COMPLETED,
    ActionStatus.FAILED,
    ActionStatus.REJECTED,
    ActionStatus.SUPERSEDED,
    ActionStatus.UNKNOWN,
)


def incident_row(after: Incident) -> Row:
    diagnosis = after.diagnosis
    return {
        "number": after.number,
        "title": line(after.signal.title),
        "description": _text(after.signal.text),
        "service": _short(after.signal.service),
        "severity": after.severity.value,
        "status": after.status.value,
        "created_at": after.opened_at,
        "updated_at": after.updated_at,
        "resolved_at": after.resolved_at,
        "ai_confidence": diagnosis.confidence if diagnosis else None,
        "predicted_resolution_time": diagnosis.predicted_seconds if diagnosis else None,
        "assigned_to": _short(after.assigned_to),
        "resolution_method": line(after.resolution_method) or None,
        "root_cause": _text(after.root_cause),
        "lessons_learned": _text(after.lessons_learned),
        "fingerprint": key(after.fingerprint),
        "active_fingerprint": key(after.fingerprint) if after.active else None,
        "waiting_for": after.waits_for.value,
        "sequence": after.sequence,
        "body": incident_text(after),
    }


def event_row(after: Incident, event: Event) -> Row:
    return {
        "incident_id": after.id,
        "sequence": after.sequence,
        "kind": kind(event),
        "at": event.at,
        "body": event_text(event),
    }


def proposed_row(after: Incident, action: Action, at: datetime) -> Row:
    return {
        "id": action.id,
        "incident_id": after.id,
        "action_type": _short(action.name) or "",
        "target": _short(action.target) or "",
        "parameters": dict(action.parameters),
        "status": ActionStatus.PENDING.value,
        "created_at": at,
        "dry_run": action.dry_run,
    }


def superseded_row(at: datetime) -> Row:
    return {"status": ActionStatus.SUPERSEDED.value, "completed_at": at}


def moved_row(before: Mapping[str, Any], after: Incident, event: ActionEvent) -> Row:
    """Return what changes in the row ``before`` of the action that ``event`` is about."""
    status = _status(after, event.action)
    row: Row = {"status": status.value} if status else {}
    if status in ENDED:
        row["completed_at"] = event.at
    match event:
        case Approved(by=by):
            return {**row, "approved_by": _short(by)}
        case Rejected(reason=reason):
            return {**row, "result": {"detail": reason}}
        case Started(at=at):
            return {**row, "started_at": at}
        case Acted(at=at, outcome=outcome):
            taken = _milliseconds(before["started_at"], at)
            return {**row, **_failed(status, outcome.detail), **_acted(outcome), "execution_time_ms": taken}
        case Verified(verdict=verdict):
            return {**row, **_failed(status, verdict.detail), "result": _verified(before["result"], verdict)}


def outcome_row(lesson: Lesson, earlier: Sequence[Lesson] = ()) -> Row:
    """``earlier``: outcomes of the same failure there, newest first."""
    return {
        "at": lesson.at,
        "incident_id": lesson.incident,
        "pattern": key(lesson.pattern),
        "action": key(lesson.action),
        "environment": key(lesson.environment),
        "judgement": REJECTED if lesson.rejected else lesson.judgement.value,
        "confidence": lesson.confidence,
        "seconds": lesson.seconds,
        "success": success(lesson),
        "learning_feedback": feedback(lesson, earlier),
    }


def relapsed_row(at: datetime) -> Row:
    return {"success": False, "recurred_at": at}


def _status(after: Incident, action: str) -> ActionStatus | None:
    """Where this action stands: it may be the present one or, when the news came late, one tried before."""
    if after.action is not None and after.action.id == action:
        return after.action_status
    return next((one.status for one in reversed(after.tried) if one.action.id == action), None)


def _acted(outcome: Outcome) -> Row:
    return {"result": {"result": outcome.result.value, "detail": outcome.detail, "verdict": None}}


def _verified(result: Mapping[str, Any] | None, verdict: Verdict) -> Row:
    return {**(result or {}), "verdict": {"judgement": verdict.judgement.value, "detail": verdict.detail}}


def _failed(status: ActionStatus | None, detail: str) -> Row:
    bad = status in (ActionStatus.FAILED, ActionStatus.UNKNOWN)
    return {"error_message": _text(detail) if bad else None}


def _milliseconds(since: datetime | None, until: datetime) -> int | None:
    return None if since is None else (until - since) // timedelta(milliseconds=1)


def _text(text: str) -> str | None:
    return line(text, len(text)) or None


def _short(text: str) -> str | None:
    return line(text, KEY) or None
