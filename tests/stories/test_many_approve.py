"""Three people press Approve at the same moment: one action runs, the two others are told."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest

from adapters.chat.ask import Ask, Room
from adapters.targets.airflow import Airflow, AirflowSettings
from bot.answer import answer
from bot.clock import SystemClock
from bot.office import Office
from bot.people import PLATFORM
from engine import group
from engine.desk import Desk, Policy
from engine.events import Approved, Started
from engine.model import Account, Entry, Role, Status, WaitsFor
from engine.respond import Responder
from storage.database import connect
from storage.incidents import SqlIncidents
from storage.people import SqlPeople
from storage.upgrade import upgrade
from tests.engine.desks import DETECTOR, TIMEOUT
from tests.servers import Server
from tests.servers.small_airflow import SmallAirflow
from tests.waiting import PATIENCE

ROUNDS = 50
PEOPLE = ("ada", "bob", "cleo")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/incidents.db"
        return
    server: Server = request.getfixturevalue("postgresql")
    yield await server.fresh()


async def test_of_three_approvals_at_once_one_acts_and_two_are_told(url: str) -> None:
    async with AsyncExitStack() as stack:
        airflow = await stack.enter_async_context(SmallAirflow().serving())
        database = await stack.enter_async_context(connect(url))
        await upgrade(database)
        accounts = SqlPeople(database, SystemClock())
        for name in PEOPLE:
            await accounts.save(Account(name, name, name, "", Role.APPROVER))
            await accounts.link(PLATFORM, name, name)
        target = Airflow(AirflowSettings(airflow.url, "admin", "admin", dags=("*",)))
        stack.push_async_callback(target.close)
        policy = Policy(max_actions_per_hour=ROUNDS)
        desk = Desk(
            SqlIncidents(database), DETECTOR, {"airflow": target}, SystemClock(), lambda: uuid.uuid4().hex, policy
        )
        responder = Responder(desk, lambda _id, error: pytest.fail(repr(error)))
        work = asyncio.create_task(responder.rounds.run())
        say = partial(answer, office=Office(desk, accounts, lambda: ()))
        for number in range(1, ROUNDS + 1):
            await group.hear(desk, [Entry(TIMEOUT.replace("manual__1", f"run-{number}"), f"/logs/{number}.log", 0)])
            responder.rounds.wake()
            await _until(desk, number, WaitsFor.PERSON)
            asks = [Ask(f"approve {number}", PLATFORM, name, name, Room("incidents")) for name in PEOPLE]
            cards = await asyncio.gather(*(say(ask) for ask in asks))
            responder.rounds.wake()
            assert sorted(card.title.split(".")[0] for card in cards) == ["Approved", "Not done", "Not done"]
            told = [str(card.parts) for card in cards if card.title == "Not done"]
            assert all("has approved already" in text or "is resolved already" in text for text in told)
            await _until(desk, number, WaitsFor.NOBODY)
        await responder.stop(5)
        work.cancel()
        assert sorted(airflow.clears) == sorted(f"run-{number}" for number in range(1, ROUNDS + 1))
        for incident in await desk.incidents.list(limit=ROUNDS):
            kinds = [type(event) for event in await desk.incidents.timeline(incident.id)]
            assert incident.status is Status.RESOLVED
            assert (kinds.count(Approved), kinds.count(Started)) == (1, 1)
        assert len(await desk.incidents.lessons("airflow/task-timeout", "production")) == ROUNDS


async def _until(desk: Desk, number: int, whom: WaitsFor) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await desk.incidents.numbered(number)).waits_for is not whom:
            await asyncio.sleep(0.01)
