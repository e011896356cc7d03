"""One incident from its first line to its end, through every kind of event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

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
    apply,
)
from engine.model import (
    Action,
    Criticality,
    Dependent,
    Diagnosis,
    Evidence,
    Impact,
    Incident,
    IncidentId,
    Judgement,
    Outcome,
    Result,
    Risk,
    Severity,
    Signal,
    Verdict,
)
from engine.ports import Incidents

START = datetime(2026, 11, 21, 3, 14, 15, 926535, tzinfo=UTC)
TEXT = "Zürich ☃ 💥 \\ \" ' % :x \t\0 日本語 " + "x" * 8000


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def signal(pattern: str = "airflow.pool_full", **changes: str) -> Signal:
    given = {
        "title": "Pool “etl” is full 💥",
        "service": "airflow",
        "text": TEXT,
        "source": "/var/log/airflow/scheduler.log",
        "rule": "PoolFull",
        **changes,
    }
    identifiers = {"pool": "etl", "dag_id": "täglich"}
    return Signal(at=START, pattern=pattern, severity=Severity.HIGH, identifiers=identifiers, position=4711, **given)


def opened(fingerprint: str = "airflow.pool_full etl", seconds: float = 0, **changes: str) -> Opened:
    return Opened(at(seconds), signal(**changes), fingerprint, "production")


def action(id: str = "a1", name: str = "raise_pool", *, dry_run: bool = False) -> Action:
    return Action(
        id=id,
        target="airflow",
        name=name,
        parameters={"pool": "etl", "slots": "32"},
        risk=Risk.LOW,
        effect="32 slots instead of 16 ⚙",
        undo="set 16 again",
        request='PATCH /api/v2/pools/etl {"slots": 32}',
        seen={"slots": "16"},
        dry_run=dry_run,
    )


def diagnosis(proposal: Action | None = None) -> Diagnosis:
    return Diagnosis(
        summary="Sixteen tasks hold all slots.",
        category="capacity",
        root_cause="The pool “etl” has 16 slots and 40 tasks wait.",
        confidence=0.7142857142857143,
        because=("the pool is full", "nothing failed"),
        proposal=proposal,
        steps=("look at the pool", "raise it"),
        hand_over="data platform",
        predicted_seconds=95,
        impact=Impact("tables", Criticality.HIGH, (Dependent("reports", Criticality.LOW, 1),), ("ann",)),
    )


def whole_story() -> Sequence[Event]:
    """What follows Opened: a rejected, a superseded, a failed and a successful action, and every kind of event."""
    found = Evidence("airflow", "16 of 16 slots in use", {"slots": "16"}, healthy=False)
    return (
        SeenAgain(at(1), signal(text="again")),
        Looked(at(2), found),
        Diagnosed(at(3), diagnosis(action("a1"))),
        Escalated(at(4), "ann", "nobody has answered for 15 minutes"),
        Acknowledged(at(5), "ann"),
        Rejected(at(6), "ann", "a1", "not at night"),
        Diagnosed(at(7), diagnosis(action("a2", "restart_scheduler"))),
        Amended(at(7.5), "ann", "a2", action("a2b", "restart_scheduler")),
        Diagnosed(at(8), diagnosis(action("a3", "clear_task"))),
        Approved(at(9), "ann", "a3"),
        Started(at(10), "a3"),
        Acted(at(10.25), "a3", Outcome(Result.FAILED, "403 Forbidden")),
        Diagnosed(at(11), diagnosis(action("a4"))),
        Approved(at(12), "bob", "a4"),
        Started(at(13), "a4"),
        Acted(at(14.5), "a4", Outcome(Result.DONE, "slots: 32")),
        Noted(at(15), "ann", "watching"),
        Verified(at(42), "a4", Verdict(Judgement.WORKED, "no task waits")),
        Reopened(at(50), signal(text="and again")),
        Resolved(at(60), "ann", "added a worker", "The pool “etl” has 16 slots and 40 tasks wait."),
        Closed(at(3660)),
    )


async def tell(incidents: Incidents, incident: Incident, events: Sequence[Event]) -> Incident:
    for event in events:
        incident = apply(incident, event)
        await incidents.append(incident, event)
    return incident


def new_id(number: int = 1) -> IncidentId:
    return IncidentId(f"INC-20261121-{number:08x}")
