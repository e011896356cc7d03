"""A newcomer's first minutes: start, open the link, let something break, approve, see how it ended."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.program import running
from tests.servers.chromium import opened

pytestmark = pytest.mark.real

DEMO = ("-m", "bot", "run", "--demo")


async def press(page: Page, name: str) -> None:
    await page.get_by_role("button", name=name).click()


async def test_old_logs_are_really_removed_after_an_approval(tmp_path: Path, pictures: Path) -> None:
    archive = tmp_path / "example" / "archive"
    async with running(tmp_path, {}, DEMO) as program, opened(program.link) as page:
        await page.screenshot(path=pictures / "example-1-welcome.png")
        await press(page, "Old logs fill a folder")
        await expect(page.get_by_role("button", name="Approve cleanup_logs")).to_be_visible()
        assert len(list(archive.iterdir())) == 3
        await page.screenshot(path=pictures / "example-2-proposed.png", full_page=True)
        await press(page, "Approve cleanup_logs")
        await expect(page.get_by_text("Resolved after")).to_be_visible()
        assert list(archive.iterdir()) == []
        await page.goto(f"{program.url}/chat/incidents/thread/incident-1")
        for step in ("bob approved cleanup_logs", "cleanup_logs was sent", "#1 is resolved"):
            await expect(page.get_by_text(step).first).to_be_visible()
        await page.screenshot(path=pictures / "example-3-thread.png", full_page=True)


async def test_without_an_airflow_the_card_shows_the_exact_request_and_sends_nothing(
    tmp_path: Path, pictures: Path
) -> None:
    async with running(tmp_path, {}, DEMO) as program, opened(program.link, width=390, height=844) as page:
        await press(page, "An Airflow task times out")
        await expect(page.get_by_text("POST /api/v2/dags/orders_daily/clearTaskInstances")).to_be_visible()
        await expect(page.get_by_text("#1 Airflow task orders_daily.transform").first).to_be_in_viewport()
        await page.screenshot(path=pictures / "example-4-phone.png", full_page=True)
        await press(page, "Approve restart_dag_task (dry run)")
        await page.goto(f"{program.url}/chat/incidents/thread/incident-1")
        await expect(page.get_by_text("was a dry run: nothing was sent").first).to_be_visible()


async def test_whoever_may_not_approve_is_told_so_and_nothing_happens(tmp_path: Path) -> None:
    archive = tmp_path / "example" / "archive"
    async with running(tmp_path, {}, DEMO) as program, opened(program.link) as page:
        await press(page, "Old logs fill a folder")
        approve = page.get_by_role("button", name="Approve cleanup_logs")
        await expect(approve).to_be_visible()
        await page.get_by_text("Bob, who approves").first.click()
        await page.get_by_role("button", name="Cleo, who looks on").click()
        await expect(approve).to_be_visible()
        await approve.click()
        await expect(page.get_by_text("You may not do that")).to_be_visible()
        assert len(list(archive.iterdir())) == 3
