"""kill -9 at every step between approval and outcome: nothing runs twice, nothing is forgotten, every card is told."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest

from tests.engine.desks import TIMEOUT
from tests.program import Running, running, say, signed_in
from tests.servers.small_airflow import SmallAirflow
from tests.waiting import PATIENCE

STEPS = ("Approved", "Looked", "Started", "Acted", "Verified")
MOMENTS = [f"{step}:{moment}" for step in STEPS for moment in ("before", "after")]
MOMENTS += [f"{step}:told" for step in ("Opened", "Approved", "Acted", "Verified")]
ASKS_AGAIN = {"Started:after"}
"""Written down that it begins, dead before the call: the target shows that nothing arrived, so a person is asked."""


def settings(folder: Path, airflow: SmallAirflow) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite:///{folder}/incidents.db",
        "LOG_PATHS": str(folder / "logs"),
        "MONITORING_INTERVAL": "1",
        "ADMINS": "ada",
        **airflow.settings,
        "ESCALATE_MINUTES": "600",
    }


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(f"file:{folder}/incidents.db?mode=ro", PATIENCE, uri=True) as database:
        return database.execute(query).fetchall()


async def until(folder: Path, query: str, wanted: object) -> None:
    async with asyncio.timeout(PATIENCE):
        while rows(folder, query) != wanted:
            await asyncio.sleep(0.05)


async def failed(folder: Path) -> None:
    log = folder / "logs" / "task.log"
    log.parent.mkdir()
    log.write_text(TIMEOUT.replace("2026-11-21T02:59:00Z", "2099-01-01T00:00:00Z") + "\n")


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_kill_loses_and_repeats_nothing(moment: str, tmp_path: Path) -> None:
    async with SmallAirflow().serving() as airflow:
        mortal = ("-m", "tests.stories.mortal", moment)
        async with running(tmp_path, settings(tmp_path, airflow), mortal) as first:
            await failed(tmp_path)
            with suppress(aiohttp.ClientError):  # it dies before it can answer
                await approve(first, tmp_path)
            assert await first.died() == -9
        async with running(tmp_path, settings(tmp_path, airflow)) as second:
            if not rows(tmp_path, "select 1 from events where kind = 'Approved'"):  # nobody was told that it counted
                await approve(second, tmp_path)
            ending = [("person", "pending")] if moment in ASKS_AGAIN else [("nobody", "completed")]
            query = "select i.waiting_for, a.status from incidents i join actions a on a.incident_id = i.id"
            await until(tmp_path, f"{query} order by a.created_at desc limit 1", ending)
            await until(tmp_path, "select count(*) from untold", [(0,)])
            assert await second.stop() == 0
        assert len(airflow.clears) == (0 if moment in ASKS_AGAIN else 1)
        told(tmp_path, asked_again=moment in ASKS_AGAIN)


async def approve(program: Running, folder: Path) -> None:
    """As soon as it asks for it, if it lives so long."""
    async with asyncio.timeout(PATIENCE):
        while rows(folder, "select waiting_for from incidents") != [("person",)]:
            if program.process and program.process.returncode is not None:
                return
            await asyncio.sleep(0.05)
    async with signed_in(program) as person:
        await say(person, program, "approve 1")


def told(folder: Path, *, asked_again: bool) -> None:
    """Each card stands there once, and the incident's own shows how it ended."""
    titles = [
        json.loads(str(body))["card"]["title"] for (body,) in rows(folder, "select body from posts where author = ''")
    ]
    thread = [title for title in titles if not title.startswith("#1 Airflow")]
    assert len(thread) == len(set(thread))
    wanted = "may or may not have happened" if asked_again else "#1 is resolved"
    assert any(wanted in title for title in thread)
    assert any(re.fullmatch(r"ada approved restart_dag_task", title) for title in thread)
    [card] = rows(folder, "select body from posts where key = 'incident-1'")
    assert ("Approve restart_dag_task" in str(card)) is asked_again
    assert ("Resolved after" in str(card)) is not asked_again
