"""The user's own training data, and knowledge bases that are taken from one place to another."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.training import read, write
from engine.errors import Refused
from engine.knowledge_base import KnowledgeEntry

SAMPLE = {
    "incidents": [
        {
            "id": "inc-1",
            "title": "Airflow DAG 'data_pipeline' timeout",
            "description": "DAG data_pipeline (dag_id: data_pipeline) failed",
            "service": "airflow",
            "severity": "high",
            "metadata": {"dag_id": "data_pipeline", "dag_run_id": "dag_run_20241201_083000", "state": "running", "issue_type": "timeout"},
            "actions_taken": [{"action": "restart_dag_task", "dag_id": "data_pipeline", "task_id": "transform_data"}],
            "success": True,
            "resolution_time": 90,
            "confidence_score": 0.85,
            "learning_feedback": {"new_patterns_learned": ["fast_resolution_pattern"]},
        },
        {
            "incident": {"title": "Airflow DAG 'data_pipeline' timeout", "service": "airflow"},
            "resolution": {"actions": ["clear_dag_run"], "success": False, "resolution_time": 600},
        },
        {"title": "PostgreSQL connection pool exhausted", "service": "postgresql", "error_message": "password=hunter2 FATAL: too many clients", "resolution_steps": "Look\nRaise it", "tags": ["pool"]},
    ],
    "metadata": {"version": 3},
}  # fmt: skip


def test_the_sample_training_form_becomes_entries() -> None:
    got = read(json.dumps(SAMPLE))
    assert got.troubles == []
    assert got.experiences[0].names["dag_run_id"] == "dag_run_20241201_083000"
    airflow, pool = got.all()
    assert airflow.id == "airflow/airflow-dag-data-pipeline-timeout"
    assert airflow.automated_actions == ("restart_dag_task",)
    assert airflow.success_rate == 0.5
    assert (pool.solution_steps, pool.tags, pool.success_rate) == (("Look", "Raise it"), ("pool",), None)
    assert "too many clients" in pool.description
    assert "hunter2" not in pool.description


def test_no_secret_is_kept_of_what_is_imported() -> None:
    entry = {
        "title": "Down, password=hunter2",
        "description": "password=hunter2",
        "error_patterns": ["login failed password=hunter2"],
        "solution_steps": ["psql postgresql://app:hunter2@db/x"],
        "tags": ["token=hunter2"],
        "automated_actions": ["curl -u app:hunter2 https://example.com"],
    }
    incident = {
        "title": "Gone",
        "resolution_steps": "export PGPASSWORD=hunter2",
        "actions_taken": ["run --token hunter2"],
    }
    kept = write(read(json.dumps([entry, incident])).all())
    assert "PGPASSWORD" in kept
    assert "hunter2" not in kept


def test_the_documents_own_entry_is_read() -> None:
    record = {
        "id": "kb-001",
        "title": "Spark Out of Memory",
        "description": "",
        "category": "out_of_memory",
        "tags": ["spark"],
        "error_patterns": ["java.lang.OutOfMemoryError"],
        "solution_steps": ["Increase executor memory"],
        "automated_actions": [{"action": "increase_executor_memory", "memory": "8g"}],
        "success_rate": 0.85,
        "related_services": ["spark"],
        "last_used": None,
        "created_at": "2024-12-01T08:30:00",
        "updated_at": "2024-12-01T08:30:00Z",
        "created_by": "system",
    }
    [entry] = read(json.dumps([record])).all()
    assert entry.automated_actions == ("increase_executor_memory",)
    assert entry.created_at == entry.updated_at == datetime(2024, 12, 1, 8, 30, tzinfo=UTC)


@given(
    st.builds(
        KnowledgeEntry,
        id=st.text("abc/ü-", min_size=1, max_size=9),
        title=st.just("Pool “etl” 💥"),
        tags=st.tuples(st.text("ab ", min_size=1, max_size=5)),
        error_patterns=st.tuples(st.sampled_from([r"a\.b.*c", 'say "x"'])),
        success_rate=st.none() | st.floats(0, 1),
        created_at=st.none() | st.datetimes(timezones=st.just(UTC)),
        proposed=st.booleans(),
    )
)
def test_what_is_written_is_read_back_as_it_was(entry: KnowledgeEntry) -> None:
    got = read(write([entry]))
    assert got.troubles == []
    assert got.entries == [entry]


def test_lines_of_json_are_read_too() -> None:
    lines = "\n".join(json.dumps(one) for one in SAMPLE["incidents"])
    assert len(read(lines).experiences) == 3


def test_a_record_that_cannot_be_read_is_named_and_the_others_are_kept() -> None:
    got = read('[{"title": "A"}, 7, {"service": "x"}, {"title": "B", "success_rate": 85}, {"error_patterns": ["x"]}]')
    assert [one.title for one in got.experiences] == ["A"]
    assert [trouble.partition(":")[0] for trouble in got.troubles] == [f"Record {n} was left out" for n in (2, 3, 4, 5)]
    assert "from 0 to 1" in got.troubles[2]


@pytest.mark.parametrize("text", ["", "hello", "7", '{"a": ', "[" * 100_000])
def test_what_is_no_knowledge_base_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        read(text)
