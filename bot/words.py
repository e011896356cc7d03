"""How the program's values are said to people: times, states, log lines, events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, assert_never

from engine.events import (
    Acknowledged,
    Acted,
    Amended,
    Approved,
    Closed,
    Diagnosed,
    Escalated,
    Event,
    Looked,
    Noted,
    Opened,
    Rejected,
    Reopened,
    Resolved,
    SeenAgain,
    Started,
    Verified,
)
from engine.model import Action, ActionStatus, Criticality, Impact, Incident, Result, in_words

NAMES = {
    "dag_id": "DAG",
    "dag_run_id": "Run",
    "task_id": "Task",
    "try_number": "Try",
    "map_index": "Map index",
    "execution_date": "Execution date",
    "path": "Path",
    "application_id": "Application",
    "executor_id": "Executor",
    "stage_id": "Stage",
    "spark_task_id": "Spark task",
    "database_host": "Database host",
    "database_port": "Port",
    "database_name": "Database",
    "pod_name": "Pod",
}
"""What an identifier is called on a card; the others are called by their own name, in words."""


MOST_AFFECTED = 6
"""Services that a card names; `why` names all."""


def name(identifier: str) -> str:
    return NAMES.get(identifier, identifier.replace("_", " ").capitalize())


def in_order(identifiers: Mapping[str, str]) -> list[tuple[str, str]]:
    """The names that people look for first; the others as they were found. What says nothing is left out."""
    order = list(NAMES)
    told = [one for one in identifiers.items() if one != ("map_index", "-1")]  # Airflow's word for "not mapped"
    return sorted(told, key=lambda one: order.index(one[0]) if one[0] in NAMES else len(order))


def affected(impact: Impact) -> str:
    """The broken service and what depends on it; how much hangs on each, where that is much."""
    services = [(impact.service, impact.criticality), *((one.name, one.criticality) for one in impact.depends_on_it)]
    much = (Criticality.HIGH, Criticality.CRITICAL)
    said = [f"{service} ({weight})" if weight in much else service for service, weight in services]
    more = f" and {len(said) - MOST_AFFECTED} more" if len(said) > MOST_AFFECTED else ""
    return ", ".join(said[:MOST_AFFECTED]) + more


def counted(number: int, noun: str) -> str:
    """``1 card``, ``0 cards``, ``1,200 cards``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    return f"{share:.0%}"


def ago(time: timedelta) -> str:
    return f"{span(time)} ago" if time >= timedelta(seconds=60) else "just now"


def span(time: timedelta) -> str:
    """A length of time with one or two units: ``42 s``, ``7 min``, ``3 h 5 min``, ``2 d``."""
    seconds = max(0, round(time.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return f"{minutes} min"
    return f"{hours} h {minutes % 60} min" if days < 2 else f"{days} d"


def clock(at: datetime) -> str:
    return f"{at:%H:%M:%S} UTC"


def standing(incident: Incident) -> str:
    """Where it stands, in two or three words."""
    match incident.action_status:
        case ActionStatus.PENDING if incident.active:
            lacks = incident.action and incident.action.unnamed
            return "waits for what only a person can name" if lacks else "waits for your approval"
        case ActionStatus.APPROVED | ActionStatus.RUNNING:
            return "acting"
        case ActionStatus.VERIFYING:
            return "checking that it worked"
        case _ if incident.active and incident.to_investigate:
            return "looking at it"
        case _ if incident.active:
            return f"with {incident.assigned_to}" if incident.assigned_to else "waits for a person"
        case _:
            return str(incident.status)


_TOLD = ("timestamp", "@timestamp", "time", "ts", "level", "severity", "event", "message", "msg")


def excerpt(text: str) -> str:
    """A log entry as a person reads it: of a JSON line its level, message and error, of other text all of it."""
    try:
        line = json.loads(text)
    except ValueError:
        return text
    return _json_line(line) if isinstance(line, dict) else text


def _json_line(line: dict[str, Any]) -> str:
    told = (line.get(key) for key in _TOLD)
    head = " ".join(str(value) for value in told if value)
    errors = line.get("error_detail") or line.get("exception") or ()
    causes = (error for error in errors if isinstance(error, dict)) if isinstance(errors, list) else ()
    lines = [head, *(f"{error.get('exc_type')}: {error.get('exc_value')}" for error in causes)]
    return "\n".join(line for line in lines if line) or json.dumps(line, ensure_ascii=False)


OUTCOMES = {
    Result.DONE: "was sent",
    Result.NOTHING_DONE: "changed nothing",
    Result.DRY_RUN: "was a dry run: nothing was sent",
    Result.CHANGED: "was not sent: the target has changed",
    Result.FAILED: "failed",
    Result.UNKNOWN: "may or may not have happened",
}


def happened(event: Event) -> str:  # noqa: C901, PLR0911, PLR0912 - one closed union, one sentence each
    """An event as one line of a timeline."""
    match event:
        case Opened(signal=signal):
            return f"Opened: {signal.title}"
        case SeenAgain(times=times):
            return "Seen again" if times == 1 else f"Seen again {times} times"
        case Reopened():
            return "It came back: reopened"
        case Looked(evidence=evidence):
            return f"Looked: {evidence.summary}"
        case Diagnosed(diagnosis=diagnosis):
            action = _proposed(diagnosis.proposal) if diagnosis.proposal else "Proposed nothing"
            return f"{action} ({percent(diagnosis.confidence)}). {diagnosis.root_cause}"
        case Acknowledged(by=by):
            return f"{by} is on it"
        case Amended(by=by, action=action):
            return f"{by} changed it: {action.effect}"
        case Approved(by=by):
            return f"{by} approved"
        case Rejected(by=by, reason=reason):
            return f"{by} rejected: {reason}"
        case Started():
            return "Began to act"
        case Acted(outcome=outcome):
            return f"The action {OUTCOMES[outcome.result]}. {outcome.detail}"
        case Verified(verdict=verdict):
            return f"Verified: {verdict.judgement.replace('_', ' ')}. {verdict.detail}"
        case Escalated(to=to, reason=reason):
            return f"Woke {to}. {reason}"
        case Noted(by=by, text=text):
            return f"{by} noted: {text}"
        case Resolved(by=by, how=how, cause=cause):
            return f"{by} resolved it: {how}" + (f". Root cause: {cause}" if cause else "")
        case Closed():
            return "Closed: it did not come back"
        case _:
            assert_never(event)


def _proposed(action: Action) -> str:
    return f"Proposed {action.name}{f' without its {in_words(action.unnamed)}' if action.unnamed else ''}"
