"""The past, played again: what would have been posted, asked and right."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from adapters.targets import CATALOGUES
from adapters.targets.recorded import Recorded
from bot.replay import Player, read
from bot.replay.command import replay
from bot.replay.judge import Mark, Report, judge
from bot.replay.record import Record, of_own
from bot.training import Experience
from bot.training import read as read_training
from engine.desk import Policy
from engine.events import Opened, begin
from engine.model import Action, ActionStatus, IncidentId, Judgement, Risk, Status, Tried, Verdict
from tests.clock import NOW, FakeClock
from tests.engine.desks import DETECTOR, TIMEOUT, entry


def failed(run: str, minute: int) -> str:
    return TIMEOUT.replace("manual__1", run).replace("02:59:00", f"{3 + minute // 60:02}:{minute % 60:02}:00")


def told(run: str, action: str, success: bool = True, **more: Any) -> dict[str, Any]:
    names = {"dag_id": "orders", "dag_run_id": run}
    return {"id": run, "title": "a timeout", "service": "airflow", "metadata": names, "actions_taken": [action], "success": success, "resolution_time": 90, **more}  # fmt: skip


def played(folder: Path, lines: list[str], outcomes: list[dict[str, Any]]) -> Report:
    (folder / "a.log").write_text("\n".join(lines) + "\n")
    record = Record(read_training(json.dumps(outcomes)).experiences if outcomes else [])
    logs = read([str(folder)], DETECTOR, NOW)
    player = Player(DETECTOR, CATALOGUES, Policy(), record, logs.timed[0][0])
    return judge(asyncio.run(player.play(logs.timed)), record)


def test_an_action_that_was_recorded_is_approved_and_ends_as_it_did(tmp_path: Path) -> None:
    report = played(tmp_path, [failed("r1", 0)], [told("r1", "restart_dag_task")])
    [one] = report.judged
    assert (one.mark, one.proposal, one.incident.resolution_method) == (
        Mark.RIGHT,
        "restart_dag_task",
        "restart_dag_task",
    )
    assert one.incident.resolved_at == datetime(2026, 11, 21, 3, 1, 30, tzinfo=UTC)
    titles = [post.card.title for post in report.replay.posts]
    assert titles[0] == "#1 Airflow task orders.transform ran into its timeout"
    assert "the record approved restart_dag_task" in titles
    assert titles[-1] == "#1 is resolved"
    assert report.replay.asked == 1
    assert report.brier == pytest.approx((1 - one.confidence) ** 2)


def test_what_did_not_help_is_tried_once_and_the_next_is_proposed(tmp_path: Path) -> None:
    outcomes = [told("r1", "restart_dag_task", success=False), told("r1", "clear_dag_run")]
    report = played(tmp_path, [failed("r1", 0)], outcomes)
    [one] = report.judged
    assert one.mark is Mark.WRONG
    assert (one.incident.status, one.incident.resolution_method) == (Status.CLOSED, "clear_dag_run")
    assert report.replay.asked == 2


def test_another_action_is_rejected_and_a_person_resolves(tmp_path: Path) -> None:
    report = played(tmp_path, [failed("r1", 0)], [told("r1", "increase_task_timeout")])
    [one] = report.judged
    assert (one.mark, one.incident.resolution_method) == (Mark.WRONG, "increase_task_timeout")
    assert any("rejected" in post.card.title for post in report.replay.posts)


def test_what_an_outcome_teaches_counts_for_what_comes_after_it(tmp_path: Path) -> None:
    runs = [f"r{number}" for number in range(8)]
    report = played(
        tmp_path, [failed(run, 10 * n) for n, run in enumerate(runs)], [told(run, "restart_dag_task") for run in runs]
    )
    confidences = [one.confidence for one in report.judged]
    assert confidences[-1] > confidences[0]
    assert report.count(Mark.RIGHT) == 8


def test_where_nobody_answers_somebody_is_woken_at_the_logs_own_time(tmp_path: Path) -> None:
    report = played(tmp_path, [failed("r1", 0), failed("r2", 55)], [])
    assert [one.mark for one in report.judged] == [Mark.NOT_TOLD] * 2
    woken = [post for post in report.replay.posts if post.wakes]
    assert len(woken) == 2
    first = datetime(2026, 11, 21, 3, tzinfo=UTC)
    assert timedelta(minutes=15) <= woken[0].at - first <= timedelta(minutes=20)


def test_files_are_lived_through_in_the_order_of_time(tmp_path: Path) -> None:
    (tmp_path / "z.log").write_text(failed("early", 1) + "\n")
    report = played(tmp_path, [failed("late", 30)], [])
    assert [one.incident.identifiers["dag_run_id"] for one in report.judged] == ["early", "late"]


def test_a_record_is_of_one_incident_and_what_is_of_none_is_told(tmp_path: Path) -> None:
    strange = told("r9", "restart_dag_task")
    later = told("r1", "restart_dag_task", timestamp="2026-11-29T03:00:00")
    report = played(tmp_path, [failed("r1", 0)], [strange, later])
    assert report.judged[0].mark is Mark.NOT_TOLD
    assert [one.id for one in report.unseen] == ["r9", "r1"]


def test_a_record_without_names_is_known_by_its_words(tmp_path: Path) -> None:
    words = {
        "title": "Airflow task ran into timeout",
        "service": "airflow",
        "actions": "restart_dag_task",
        "success": True,
    }
    assert played(tmp_path, [failed("r1", 0)], [words]).judged[0].mark is Mark.RIGHT
    other = {**words, "title": "Disk of the scheduler is full"}
    assert played(tmp_path, [failed("r1", 0)], [other]).judged[0].mark is Mark.NOT_TOLD


def test_where_a_person_did_it_proposing_something_is_wrong(tmp_path: Path) -> None:
    assert played(tmp_path, [failed("r1", 0)], [told("r1", "manual")]).judged[0].mark is Mark.WRONG


async def test_a_recorded_target_sends_nothing() -> None:
    target = Recorded("airflow", CATALOGUES["airflow"], lambda _action: Verdict(Judgement.UNKNOWN, "not told"))
    evidence = await target.look({"dag_id": "a"})
    action = Action("1", "airflow", "pause_dag", {"dag_id": "a"}, Risk.LOW, "", "", "", seen=evidence.state)
    assert "nothing was sent" in (await target.act(action)).detail
    assert (await target.verify(action)).judgement is Judgement.UNKNOWN


def test_what_our_own_database_recorded_is_a_record_too() -> None:
    signal = DETECTOR.signal(entry(), FakeClock())
    assert signal
    incident = begin(IncidentId("INC-1"), 1, Opened(NOW, signal, "f", "production"))
    action = Action("1", "airflow", "restart_dag_task", {}, Risk.LOW, "", "", "")
    tried = (Tried(action, ActionStatus.FAILED), Tried(replace(action, name="clear_dag_run"), ActionStatus.COMPLETED))
    ended = replace(incident, tried=tried, resolved_at=NOW + timedelta(minutes=4), assigned_to="ada")
    assert [(one.actions, one.success) for one in of_own(ended)] == [
        (("restart_dag_task",), False),
        (("clear_dag_run",), True),
    ]
    [by_hand] = of_own(replace(ended, tried=()))
    assert (by_hand.actions, by_hand.resolution_time) == (("manual",), 240)


def test_the_command_line_prints_a_table_and_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///./kb.db")
    monkeypatch.setenv("ENV_FILE", "")
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text(failed("r1", 0) + "\n")
    (tmp_path / "out.json").write_text(
        json.dumps({"incidents": [told("r1", "restart_dag_task"), told("r2", "pause_dag")]})
    )
    app = typer.Typer()
    app.command()(replay)
    done = CliRunner().invoke(app, ["logs", "--outcomes", "out.json", "--posts"])
    assert done.exit_code == 0, done.output
    for said in (
        "Right first proposals: 1 of 1 (100%)",
        "Not seen in these logs: 1 recorded incident",
        "[Approve restart_dag_task]",
    ):
        assert said in done.stdout
    said = json.loads(CliRunner().invoke(app, ["logs", "--outcomes", "out.json", "--ours", "--json"]).stdout)
    assert (said["right"], said["asked"], said["each"][0]["identifiers"]["dag_run_id"]) == (1, 1, "r1")
    assert said["posts"][0]["text"].startswith("#1 Airflow task")
    assert CliRunner().invoke(app, ["logs", "--outcomes", "none.json"]).exit_code == 1
    assert Experience.model_validate(said["unseen"][0]).id == "r2"
