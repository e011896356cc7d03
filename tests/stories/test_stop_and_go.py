"""The program is told to stop in the middle, or loses its database for a while: nothing is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.engine.desks import TIMEOUT
from tests.program import page, running, say, signed_in
from tests.servers.postgresql import running_postgresql
from tests.servers.small_airflow import SmallAirflow
from tests.stories.test_kill_9 import approve, failed, rows, settings, until
from tests.waiting import PATIENCE


async def test_sigterm_waits_for_the_call_that_was_sent(tmp_path: Path) -> None:
    async with SmallAirflow(answer_after=2).serving() as airflow:
        async with running(tmp_path, settings(tmp_path, airflow)) as program:
            await failed(tmp_path)
            await approve(program, tmp_path)
            await until(tmp_path, "select count(*) from events where kind = 'Started'", [(1,)])
            assert await program.stop() == 0
        assert rows(tmp_path, "select count(*) from events where kind = 'Acted'") == [(1,)]
        async with running(tmp_path, settings(tmp_path, airflow)) as program:
            await until(tmp_path, "select waiting_for, status from incidents", [("nobody", "resolved")])
            await until(tmp_path, "select count(*) from untold", [(0,)])
            assert await program.stop() == 0
        assert airflow.clears == ["manual__1"]


@pytest.mark.real
async def test_a_database_that_is_away_for_a_while_loses_nothing(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running_postgresql(tmp_path_factory) as postgresql:
        async with SmallAirflow().serving() as airflow:
            own = {**settings(tmp_path, airflow), "DATABASE_URL": await postgresql.fresh()}
            async with running(tmp_path, own) as program, signed_in(program) as person:
                await failed(tmp_path)
                await shows(person, "Approve restart_dag_task")
                await asyncio.to_thread(postgresql.kill)
                await ready(person, 503)
                with (tmp_path / "logs" / "task.log").open("a") as log:
                    log.write(TIMEOUT.replace("manual__1", "manual__2").replace("2026", "2099") + "\n")
                await asyncio.sleep(2)
                await asyncio.to_thread(postgresql.start)
                await ready(person, 200)
                await shows(person, "#2 Airflow task")
                await say(person, program, "approve 1")
                await shows(person, "Resolved after")
                assert airflow.clears == ["manual__1"]
                assert postgresql.password not in program.log
                assert await program.stop() == 0


async def shows(person: aiohttp.ClientSession, words: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while words not in await page(person):
            await asyncio.sleep(0.1)


async def ready(person: aiohttp.ClientSession, status: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while (answer := await person.get("/readyz")).status != status:
            await asyncio.sleep(0.1)
    assert "127.0.0.1" not in await answer.text(), "where the database is, is not for everybody"
    assert (await person.get("/healthz")).status == 200
