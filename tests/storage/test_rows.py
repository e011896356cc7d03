"""What a reader of plain SQL finds after an incident."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import column, select
from sqlalchemy import table as sql_table

from engine.events import Acted, Approved, Diagnosed, Event, Reopened, Resolved, Started, Verified
from engine.model import Judgement, Outcome, Result, Verdict
from storage.database import Database
from storage.incidents import SqlIncidents
from storage.tables import actions, events, incidents, knowledge, outcomes
from tests.contracts.story import TEXT, action, at, diagnosis, new_id, opened, signal, tell, whole_story

GIVEN = {
    "incidents": "id title description service severity status created_at updated_at resolved_at ai_confidence"
    " predicted_resolution_time assigned_to resolution_method root_cause lessons_learned",
    "actions": "id incident_id action_type parameters status result created_at completed_at execution_time_ms"
    " error_message",
    "users": "id username email full_name is_active created_at last_login",
}
"""The columns that other programs count on, by their names."""


async def rows(database: Database, query: Any) -> list[dict[str, Any]]:
    async with database.read() as connection:
        return [dict(row._asdict()) for row in await connection.execute(query)]


async def test_the_columns_that_others_count_on_are_there(database: Database) -> None:
    for table, columns in GIVEN.items():
        await rows(database, select(*(column(name) for name in columns.split())).select_from(sql_table(table)))


async def test_an_incident_just_opened(database: Database) -> None:
    await SqlIncidents(database).open(new_id(), opened())
    (row,) = await rows(database, select(incidents))
    shown = {name: value for name, value in row.items() if value is not None and name != "body"}
    assert shown == {
        "id": new_id(),
        "number": 1,
        "title": "Pool “etl” is full 💥",
        "description": TEXT.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        "service": "airflow",
        "severity": "high",
        "status": "open",
        "created_at": at(0),
        "updated_at": at(0),
        "fingerprint": "airflow.pool_full etl",
        "active_fingerprint": "airflow.pool_full etl",
        "waiting_for": "machine",
        "sequence": 1,
    }


async def test_an_incident_at_its_end(database: Database) -> None:
    store = SqlIncidents(database)
    await tell(store, await store.open(new_id(), opened()), whole_story())
    (row,) = await rows(database, select(incidents))
    found = {name: row[name] for name in ("status", "created_at", "updated_at", "resolved_at", "assigned_to")}
    assert found == {
        "status": "closed",
        "created_at": at(0),
        "updated_at": at(3660),
        "resolved_at": at(60),
        "assigned_to": "ann",
    }
    assert row["ai_confidence"] == 0.7142857142857143
    assert row["predicted_resolution_time"] == 95
    assert row["resolution_method"] == "added a worker"
    assert row["root_cause"] == "The pool “etl” has 16 slots and 40 tasks wait."
    assert (row["active_fingerprint"], row["waiting_for"], row["sequence"]) == (None, "nobody", 22)


async def test_actions_after_a_whole_story(database: Database) -> None:
    store = SqlIncidents(database)
    await tell(store, await store.open(new_id(), opened()), whole_story())
    found = {row.pop("id"): row for row in await rows(database, select(actions))}
    assert {id: row["status"] for id, row in found.items()} == {
        "a1": "rejected",
        "a2": "superseded",
        "a2b": "superseded",
        "a3": "failed",
        "a4": "completed",
    }
    assert found["a1"]["result"] == {"detail": "not at night"}
    assert (found["a1"]["completed_at"], found["a1"]["approved_by"]) == (at(6), None)
    assert (found["a2"]["completed_at"], found["a2"]["result"]) == (at(7.5), None)
    assert (found["a2b"]["created_at"], found["a2b"]["completed_at"]) == (at(7.5), at(8))
    assert found["a3"]["result"] == {"result": "failed", "detail": "403 Forbidden", "verdict": None}
    assert (found["a3"]["error_message"], found["a3"]["execution_time_ms"]) == ("403 Forbidden", 250)
    assert found["a4"] == {
        "incident_id": new_id(),
        "action_type": "raise_pool",
        "target": "airflow",
        "parameters": {"pool": "etl", "slots": "32"},
        "status": "completed",
        "result": {
            "result": "done",
            "detail": "slots: 32",
            "verdict": {"judgement": "worked", "detail": "no task waits"},
        },
        "created_at": at(11),
        "started_at": at(13),
        "completed_at": at(42),
        "execution_time_ms": 1500,
        "error_message": None,
        "approved_by": "bob",
        "dry_run": False,
    }


async def test_an_action_on_its_way(database: Database) -> None:
    store = SqlIncidents(database)
    incident = await store.open(new_id(), opened())
    steps: dict[str, Event] = {
        "pending": Diagnosed(at(1), diagnosis(action())),
        "approved": Approved(at(2), "ann", "a1"),
        "running": Started(at(3), "a1"),
        "verifying": Acted(at(4), "a1", Outcome(Result.DONE, "ok")),
        "unknown": Verified(at(5), "a1", Verdict(Judgement.UNKNOWN, "it does not say")),
    }
    for status, event in steps.items():
        incident = await tell(store, incident, [event])
        (row,) = await rows(database, select(actions))
        assert row["status"] == status
        assert (row["completed_at"] is not None) == (status == "unknown")
    assert row["error_message"] == "it does not say"


async def test_a_proposal_that_nobody_took_is_superseded_by_the_end(database: Database) -> None:
    store = SqlIncidents(database)
    proposed = Diagnosed(at(1), diagnosis(action(dry_run=True)))
    await tell(store, await store.open(new_id(), opened()), [proposed, Resolved(at(2), "ann", "rain")])
    (row,) = await rows(database, select(actions))
    assert (row["status"], row["completed_at"], row["dry_run"]) == ("superseded", at(2), True)


async def test_outcomes_after_a_whole_story(database: Database) -> None:
    store = SqlIncidents(database)
    await tell(store, await store.open(new_id(), opened()), whole_story())
    rejected, row = await rows(database, select(outcomes).order_by(outcomes.c.id))
    assert (rejected["judgement"], rejected["success"], rejected["at"]) == ("rejected", None, at(6))
    assert row == {
        "id": 2,
        "at": at(42),
        "incident_id": new_id(),
        "pattern": "airflow.pool_full",
        "action": "raise_pool",
        "environment": "production",
        "judgement": "worked",
        "confidence": 0.7142857142857143,
        "seconds": 30.0,
        "success": False,
        "recurred_at": at(50),
        "learning_feedback": {
            "resolution_effectiveness": 1 - 30 / 3600,
            "pattern_match_strength": 1 / 1.5,
            "action_sequence_effectiveness": 1.0,
            "new_patterns_learned": ["fast_resolution_pattern"],
            "performance_metrics": {"resolution_faster_than_average": False},
        },
    }


async def test_an_outcome_counts_for_the_failure_that_a_look_has_named(database: Database) -> None:
    """Which no log may have told of before."""
    store = SqlIncidents(database)
    named = replace(diagnosis(action()), pattern="airflow.no_worker")
    mended = Verified(at(42), "a1", Verdict(Judgement.WORKED, "no task waits"))
    done = (Approved(at(2), "ann", "a1"), Started(at(3), "a1"), Acted(at(4), "a1", Outcome(Result.DONE, "ok")), mended)
    incident = await tell(store, await store.open(new_id(), opened()), [Diagnosed(at(1), named), *done])
    [outcome] = await rows(database, select(outcomes.c.pattern))
    assert outcome == {"pattern": "airflow.no_worker"}
    counted = select(knowledge.c.id, knowledge.c.times_used, knowledge.c.tried, knowledge.c.worked)
    assert await rows(database, counted.order_by(knowledge.c.id)) == [
        {"id": "airflow.no_worker", "times_used": 0, "tried": 1, "worked": 1},
        {"id": "airflow.pool_full", "times_used": 1, "tried": 0, "worked": 0},
    ]
    await tell(store, incident, [Reopened(at(50), signal(text="and again"))])
    [first, _] = await rows(database, counted.order_by(knowledge.c.id))
    assert (first["tried"], first["worked"]) == (1, 0)


async def test_each_event_has_its_row(database: Database) -> None:
    store = SqlIncidents(database)
    await tell(store, await store.open(new_id(), opened()), whole_story())
    found = await rows(database, select(events.c.sequence, events.c.kind, events.c.at))
    told: list[Event] = [opened(), *whole_story()]
    assert found == [
        {"sequence": number, "kind": type(event).__name__, "at": event.at} for number, event in enumerate(told, start=1)
    ]
