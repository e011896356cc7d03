"""A log that does not say which run it was: the card asks for it in a form, and what is filled in is looked at and mended."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from tests.engine.desks import NO_RUN
from tests.program import Running, page, running, say, signed_in
from tests.servers.small_airflow import SmallAirflow
from tests.waiting import PATIENCE

LINE = NO_RUN.replace("2026-11-21T02:59:00Z", "2099-01-01T00:00:00Z")
FORM = "Fill in and approve …"


@asynccontextmanager
async def broken(folder: Path) -> AsyncIterator[tuple[Running, SmallAirflow, aiohttp.ClientSession]]:
    """The program in the web chat, with a task that failed in a run that its log does not name."""
    (folder / "logs").mkdir()
    async with AsyncExitStack() as stack:
        airflow = await stack.enter_async_context(SmallAirflow().serving())
        settings = {
            "DATABASE_URL": f"sqlite:///{folder}/incidents.db",
            "LOG_PATHS": str(folder / "logs"),
            "MONITORING_INTERVAL": "1",
            "ADMINS": "ada",
            **airflow.settings,
        }
        program = await stack.enter_async_context(running(folder, settings))
        web = await stack.enter_async_context(signed_in(program))
        (folder / "logs" / "task.log").write_text(LINE + "\n")
        yield program, airflow, web


async def reads(web: aiohttp.ClientSession, text: str, path: str = "/chat/incidents") -> str:
    """The page, once this stands on it."""

    async with asyncio.timeout(PATIENCE):
        while True:
            seen = await page(web, path)
            if text in html.unescape(re.sub(r"<[^>]+>", " ", seen)):
                return seen
            await asyncio.sleep(0.1)


async def send(web: aiohttp.ClientSession, program: Running, **values: str) -> None:
    """Fill in the form as a browser does: what is not typed stays as the card has it."""
    shown = await page(web)
    form = next(one for one in re.findall(r"<details class=.form.*?</details>", shown, re.DOTALL) if FORM in one)
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    given = {f"named:{name}": value for name, value in values.items()}
    assert given.keys() <= fields.keys()
    async with web.post("/chat/incidents", data={**fields, **given}, headers={"Origin": program.url}) as answer:
        assert answer.status < 400, await answer.text()


async def test_the_card_asks_and_what_is_filled_in_is_mended(tmp_path: Path) -> None:
    async with broken(tmp_path) as (program, airflow, web):
        shown = await reads(web, FORM)
        assert "Approve restart_dag_task" not in shown
        assert "I would restart_dag_task, but the log does not say which dag run id" in shown
        assert re.search(r'name="named:dag_id"[^>]*value="orders"', shown)
        assert re.search(r'name="named:dag_run_id"[^>]*value=""[^>]*required', shown)

        await say(web, program, "approve 1")
        await reads(web, "restart_dag_task lacks its dag run id: use the form, or say approve 1 dag_run_id=…")
        assert airflow.clears == []

        await send(web, program, dag_run_id="../../dags")
        await reads(web, "has characters that are not allowed there")
        await send(web, program, dag_run_id="manual__7")
        await reads(web, "#1 is resolved", "/chat/incidents/thread/incident-1")
        assert airflow.clears == ["manual__7"]


async def test_a_typed_line_does_the_same(tmp_path: Path) -> None:
    async with broken(tmp_path) as (program, airflow, web):
        await reads(web, "In words: approve 1 dag_run_id=…")
        await say(web, program, "approve 1 dag_run_id=manual__9")
        await reads(web, "#1 is resolved", "/chat/incidents/thread/incident-1")
        assert airflow.clears == ["manual__9"]
