"""``oncall analyze``: it says what the program itself would say, where the line stands, and what was learned."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.targets import CATALOGUES
from adapters.targets.dry_run import DryRun
from bot.analysis import analyze
from bot.outcomes import Outcomes, recorded
from bot.service_catalogue import read
from engine import decide, group
from engine.desk import Policy
from engine.errors import OnCallError
from engine.model import IncidentId, Judgement, Lesson, Risk, Severity
from storage.database import connect
from storage.incidents import SqlIncidents
from storage.upgrade import upgrade
from tests.bot.test_command_line import oncall
from tests.clock import NOW
from tests.engine.desks import DETECTOR, TIMEOUT, Machine, desk, entry, settle
from tests.test_house import ROOT

PATTERN = "airflow/task-timeout"

SPARK = """2026-11-21 02:00:00 INFO all is well
26/11/21 09:24:09 INFO Executor: Running task 0.0 in stage 7.0 (TID 41) of app-20261121083045-0001
26/11/21 09:24:10 ERROR Executor: Exception in task 0.0 in stage 7.0 (TID 41)
java.lang.OutOfMemoryError: Java heap space
\tat org.apache.spark.sql.catalyst.expressions.codegen.BufferHolder.grow(BufferHolder.java:85)
"""


def explained(text: str = TIMEOUT, policy: Policy | None = None, *lessons: Lesson, source: str = "") -> dict[str, Any]:
    return analyze(DETECTOR, CATALOGUES, policy or Policy(), text, source, Outcomes(reversed(lessons)))


def learned(
    judgement: Judgement, action: str = "restart_dag_task", environment: str = "production", seconds: float = 90
) -> Lesson:
    return Lesson(NOW, IncidentId("INC-1"), PATTERN, action, environment, judgement, 0.75, seconds)


GOOD, BAD = learned(Judgement.WORKED), learned(Judgement.FAILED)


async def test_what_it_says_is_what_the_program_would_say() -> None:
    office = desk(Machine())
    [incident] = await group.hear(office, [entry()])
    diagnosis = (await settle(office, incident)).diagnosis
    told = explained(source="/logs/a.log")
    assert diagnosis
    assert told["confidence_score"] == diagnosis.confidence
    assert told["root_cause"] == diagnosis.root_cause
    assert told["hand_over"] == diagnosis.hand_over
    seen = ("The line stands in", "the task is")
    assert [one for one in told["because"] if not one.startswith(seen)] == [
        one for one in diagnosis.because if not one.startswith(seen)
    ]
    assert "The line stands in /logs/a.log." in told["because"]


@pytest.mark.parametrize(
    ("text", "action", "lacking"),
    [
        ("OSError: [Errno 28] No space left on device: '/data/part-1.csv'", "cleanup_logs", ("log_path",)),
        (TIMEOUT.replace('"task_id":"transform",', ""), "clear_dag_run", ()),
    ],
)
async def test_it_marks_what_the_program_would_propose_though_it_may_not_come_first(
    text: str, action: str, lacking: tuple[str, ...]
) -> None:
    office = desk(Machine())
    dry = {name: DryRun(name, catalogue) for name, catalogue in CATALOGUES.items()}
    office = replace(office, targets=dry)
    [incident] = await group.hear(office, [entry(text)])
    incident = await settle(office, incident)
    assert incident.action
    assert incident.diagnosis
    assert (incident.action.name, incident.action.lacking) == (action, lacking)
    told = explained(text)
    first, chosen, *_ = told["recommended_actions"]
    assert told["risk_level"] == incident.action.risk
    assert (first["proposed"], first["executable"]) == (False, False)
    assert (chosen["action"], chosen["proposed"], chosen["missing"]) == (action, True, [*lacking])
    assert told["hand_over"] == incident.diagnosis.hand_over


def test_evidence_is_file_line_and_matched_text() -> None:
    told = explained(SPARK, source="/logs/spark.log")
    lines = SPARK.splitlines()
    assert told["evidence"] == [{"file": "/logs/spark.log", "line": 3, "text": "\n".join(lines[2:4])}]
    assert told["excerpt"] == "\n".join(lines[2:])
    assert explained(TIMEOUT)["evidence"] == [{"file": None, "line": 1, "text": TIMEOUT}]
    assert explained("fine\n\n" + TIMEOUT + "\nfine")["evidence"][0]["line"] == 3


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21 INFO start\n2026-11-21 ERROR password=hunter2 Connection refused to db:5432",
        '2026-11-21 INFO start\n2026-11-21 ERROR secret="a\nhunter2\nConnection refused to db:5432"',
        "ERROR Connection refused -----BEGIN RSA PRIVATE KEY-----\nhunter2\nConnection refused\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_evidence_tells_no_secret(text: str) -> None:
    told = explained(text)
    assert told["incident"]
    assert "hunter2" not in json.dumps(told)


def test_a_time_is_only_predicted_where_one_was_seen() -> None:
    assert explained()["predicted_resolution_time"] is None
    assert explained(TIMEOUT, None, BAD)["predicted_resolution_time"] is None
    assert explained(TIMEOUT, None, GOOD, learned(Judgement.WORKED, seconds=30))["predicted_resolution_time"] == 60
    assert (
        explained(TIMEOUT, None, learned(Judgement.WORKED, environment="staging"))["predicted_resolution_time"] is None
    )


def test_what_was_learned_counts_as_it_does_in_the_program() -> None:
    plain, better, worse = explained(), explained(TIMEOUT, None, *[GOOD] * 8), explained(TIMEOUT, None, *[BAD] * 8)
    assert worse["confidence_score"] < plain["confidence_score"] < better["confidence_score"]
    assert "restart_dag_task worked 8 of 8 times here." in better["because"]
    assert better["automation_recommended"] is True
    assert better["recommended_actions"][0]["action"] == "restart_dag_task"
    assert worse["recommended_actions"][0]["action"] == "clear_dag_run"
    elsewhere = explained(TIMEOUT, None, *[learned(Judgement.FAILED, environment="staging")] * 8)
    assert elsewhere["confidence_score"] < plain["confidence_score"]
    assert "clear_dag_run not tried here yet." in elsewhere["because"], "what failed everywhere else is not proposed"


@pytest.mark.parametrize(
    ("policy", "text", "why"),
    [
        (Policy(confidence_threshold=0.9), TIMEOUT, "Low confidence: 0.75 is under the threshold of 0.90."),
        (Policy(risks={"restart_dag_task": Risk.HIGH}), TIMEOUT, "The action is of high risk here: look twice"),
        (Policy(), TIMEOUT.replace('"run_id":"manual__1",', ""), "does not say which"),
        (Policy(max_actions=0), TIMEOUT, "a person decides"),
    ],
)
def test_it_recommends_no_automation_where_the_program_hands_over(policy: Policy, text: str, why: str) -> None:
    told = explained(text, policy)
    assert told["automation_recommended"] is False
    assert why in told["hand_over"]
    assert told["recommended_actions"][0]["action"] == "restart_dag_task"


def test_a_threshold_that_was_raised_by_failures_counts() -> None:
    """Three of four failed: where the threshold began it would have been enough."""
    begun = Policy(confidence_threshold=0.4)
    told = explained(TIMEOUT, begun, GOOD, *[BAD] * 3)
    assert told["recommended_actions"][0]["action"] == "clear_dag_run" or told["automation_recommended"] is False
    assert explained(TIMEOUT, begun)["automation_recommended"] is True


def test_impact_stands_where_a_catalogue_is_set() -> None:
    services = read((ROOT / "docs" / "services.toml").read_text("utf-8"), "services.toml")
    assert "impact" not in explained()
    assert explained(TIMEOUT, Policy(services=services))["impact"] is None
    told = json.loads(json.dumps(explained(TIMEOUT.replace('"orders"', '"orders_daily"'), Policy(services=services))))
    assert told["impact"] == {
        "service": "orders-etl",
        "criticality": "medium",
        "depends_on_it": [{"name": "reporting", "criticality": "low", "distance": 1}],
        "owners": ["cleo"],
    }
    assert any("reporting (low)" in reason for reason in told["because"])
    assert told["severity"] == Severity.HIGH


async def kept(url: str) -> None:
    """One incident in a database that was mended in 90 s."""
    async with connect(url) as database:
        await upgrade(database)
        office = desk(Machine(verdicts=[Judgement.WORKED]))
        object.__setattr__(office, "incidents", SqlIncidents(database))
        [incident] = await group.hear(office, [entry()])
        await settle(office, incident)
        approved = await decide.approve(office, 1, "bob")
        office.clock.time += timedelta(seconds=90)  # type: ignore[attr-defined] # it is the test's clock
        await settle(office, approved)


async def test_the_database_is_asked_what_was_learned_and_never_made(tmp_path: Path) -> None:
    file = tmp_path / "data" / "x.db"
    url = f"sqlite:///{file}"
    assert not (await recorded(url)).here(PATTERN, "production")
    assert not file.parent.exists()
    await kept(url)
    told = json.loads(
        (await asyncio.to_thread(oncall, tmp_path, "analyze", "--json", feed=TIMEOUT, DATABASE_URL=url)).stdout
    )
    assert told["predicted_resolution_time"] == 90
    assert "restart_dag_task worked 1 of 1 time here." in told["because"]


async def test_a_database_that_does_not_answer_keeps_nobody_from_an_answer(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    with pytest.raises(OnCallError):
        await recorded(url)
    done = await asyncio.to_thread(oncall, tmp_path, "analyze", "--json", feed=TIMEOUT, DATABASE_URL=url)
    assert json.loads(done.stdout)["confidence_score"] == 0.75
    assert "What was learned is left out" in done.stderr
    async with connect(f"sqlite:///{tmp_path}/empty.db"):
        pass
    assert not (await recorded(f"sqlite:///{tmp_path}/empty.db")).here(PATTERN, "production")


def test_words_for_people_say_it_too(tmp_path: Path) -> None:
    text = TIMEOUT.replace('"orders"', '"orders_daily"')
    shown = oncall(tmp_path, "analyze", feed=text, SERVICE_CATALOGUE=str(ROOT / "docs" / "services.toml")).stdout
    for word in ("Belongs to", "orders-etl (medium)", "Owners", "cleo", "Why", "restart_dag_task not tried here yet"):
        assert word in shown
