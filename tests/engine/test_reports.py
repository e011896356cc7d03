"""Whole texts as people paste them: what is told of them, and what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.analysis import analyze
from engine.desk import Policy
from tests.engine.desks import DETECTOR

REPORTS = [json.loads(line) for line in (Path(__file__).parent / "reports.jsonl").read_text("utf-8").splitlines()]
FAILURES = [report for report in REPORTS if report["incident"]]
BENIGN = [report for report in REPORTS if not report["incident"]]


def answer(text: str) -> dict[str, Any]:
    return analyze(DETECTOR, {}, Policy(), text)


def first_action(told: dict[str, Any]) -> str:
    return str(told["recommended_actions"][0]["action"]) if told["recommended_actions"] else "escalate"


@pytest.mark.parametrize("report", FAILURES, ids=lambda report: report["id"])
def test_a_failure_is_told_as_what_it_is(report: dict[str, Any]) -> None:
    told = answer(report["text"])
    assert told["incident"]
    assert told["service"] == report["service"]
    assert told["root_cause_category"] in report["categories"]
    assert first_action(told) in report["first"]
    names = {name: told["identifiers"].get(name) for name in report["identifiers"]}
    assert names == report["identifiers"]


@pytest.mark.parametrize("report", BENIGN, ids=lambda report: report["id"])
def test_a_benign_text_is_let_be(report: dict[str, Any]) -> None:
    assert not answer(report["text"])["incident"]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report["id"])
def test_no_name_is_invented(report: dict[str, Any]) -> None:
    assert all(value in report["text"] for value in answer(report["text"])["identifiers"].values())


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        (
            "Restart DAG task 'transform_data' in DAG 'data_pipeline' for run 'dag_run_20241201_083000'",
            "dag_run_id",
            "dag_run_20241201_083000",
        ),
        (
            "Restart DAG task 'transform_data' in DAG 'data_pipeline' for run 'dag_run_20241201_083000'",
            "dag_id",
            "data_pipeline",
        ),
        (
            "Restart DAG task 'transform_data' in DAG 'data_pipeline' for run 'dag_run_20241201_083000'",
            "task_id",
            "transform_data",
        ),
        ("Spark application app-20241201083045-0001 ran out of memory", "application_id", "app-20241201083045-0001"),
        ("pool of prod-db:5432 is exhausted", "database_host", "prod-db"),
        ("pool of prod-db:5432 is exhausted", "database_port", "5432"),
        ("pod worker-pod-123 in namespace production was OOMKilled", "pod_name", "worker-pod-123"),
        ("pod worker-pod-123 in namespace production was OOMKilled", "namespace", "production"),
    ],
)
def test_the_names_of_a_plain_sentence_are_found(text: str, name: str, value: str) -> None:
    assert DETECTOR.names(text).get(name) == value


def test_good_news_undoes_bad_only_if_it_comes_later() -> None:
    lost = "2026-03-01 10:00:01 WARN  cache - Connection to redis:6379 lost: Connection reset by peer"
    back = "2026-03-01 10:00:00 INFO  cache - Reconnected to redis:6379 after 1 attempt"
    assert not answer(f"{lost}\n{back}")["incident"]
    assert answer(f"{back}\n{lost}")["incident"]


def test_the_cause_is_told_and_not_its_consequence() -> None:
    rejected = "airflow.sdk.api.client.ServerResponseError: Invalid auth token: Signature verification failed"
    killed = '2026-02-09 CRITICAL - Process terminated by signal. signal=-9: signal_name="SIGKILL": source="task"'
    assert answer(f"{killed}\n{rejected}")["root_cause_category"] == "authentication_failure"
    assert answer(killed)["root_cause_category"] == "out_of_memory"
