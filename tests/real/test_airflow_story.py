"""The main job, all real: an Airflow task times out, its log is watched, a person approves, it is cleared, it succeeds."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.program import running
from tests.servers.airflow import AirflowServer
from tests.servers.chromium import opened

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]  # the first run on a machine installs what it needs

DAG, RUN, TASK = "oncall_timeout", "story-1", "transform"


def settings(airflow: AirflowServer, folder: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite:///{folder}/incidents.db",
        "LOG_PATHS": str(airflow.logs),
        "MONITORING_INTERVAL": "1",
        "ADMINS": "ada",
        **airflow.settings,
    }


async def test_a_task_that_timed_out_is_cleared_by_an_approval(
    airflow: AirflowServer, tmp_path: Path, pictures: Path
) -> None:
    async with running(tmp_path, settings(airflow, tmp_path)) as program, opened(program.link) as page:
        await airflow.trigger(DAG, RUN)
        await airflow.task_is(DAG, RUN, TASK, "failed")
        await names_what_broke(page)
        await page.screenshot(path=pictures / "airflow-1-proposed.png", full_page=True)
        airflow.mend(RUN)
        await page.get_by_role("button", name="Approve restart_dag_task").click()
        await expect(page.get_by_text("Resolved after")).to_be_visible(timeout=90_000)
        await page.screenshot(path=pictures / "airflow-2-resolved.png", full_page=True)
        await thread_tells(page, program.url, pictures)
        task = await airflow.task(DAG, RUN, TASK)
        assert (task["state"], task["try_number"]) == ("success", 2)
        assert (await airflow.run_ends(DAG, RUN))["state"] == "success"
        assert await program.stop() == 0
    remembered(tmp_path)


async def names_what_broke(page: Page) -> None:
    """The card names DAG, run, task and try, and proposes the one action."""
    title = page.get_by_text(f"#1 Airflow task {DAG}.{TASK} ran into its timeout").first
    await expect(title).to_be_visible(timeout=60_000)
    await expect(page.get_by_role("button", name="Approve restart_dag_task")).to_be_visible(timeout=30_000)
    card = await page.locator("article", has_text="#1 Airflow task").first.inner_text()
    for name, value in (("DAG", DAG), ("Run", RUN), ("Task", TASK), ("Try", "1")):
        assert f"{name}\n{value}\n" in card.replace("\t", "\n")
    assert "failed, try 1" in card
    assert "not tried here yet" in card


async def thread_tells(page: Page, url: str, pictures: Path) -> None:
    await page.goto(f"{url}/chat/incidents/thread/incident-1")
    for step in ("ada approved restart_dag_task", "restart_dag_task was sent", "#1 is resolved"):
        await expect(page.get_by_text(step).first).to_be_visible()
    await page.screenshot(path=pictures / "airflow-3-thread.png", full_page=True)


def remembered(folder: Path) -> None:
    """In plain SQL: the incident with its time, the action with its end, the outcome that is learned from."""
    with sqlite3.connect(folder / "incidents.db") as database:
        [incident] = database.execute(
            "select status, service, resolution_method, resolved_at > created_at, ai_confidence from incidents"
        )
        [action] = database.execute("select action_type, status, approved_by, execution_time_ms >= 0 from actions")
        [outcome] = database.execute("select pattern, action, environment, judgement, seconds > 0 from outcomes")
    assert incident == ("resolved", "airflow", "restart_dag_task", 1, 0.75)
    assert action == ("restart_dag_task", "completed", "ada", 1)
    assert outcome == ("airflow/task-timeout", "restart_dag_task", "production", "worked", 1)
