"""An Airflow that is down, slow, answers a proxy's page, or has changed: a plain sentence each, and nothing is lost."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from aiohttp import web

from adapters.chat import plain
from adapters.targets.airflow import Airflow, AirflowSettings
from bot.cards import incident_card, step_card
from engine import decide, group
from engine.desk import Desk
from engine.model import ActionStatus, Incident, WaitsFor
from engine.respond import advance
from storage.memory import MemoryIncidents
from tests.clock import FakeClock
from tests.engine.desks import DETECTOR, entry
from tests.servers import free_port
from tests.servers.small_airflow import SmallAirflow
from tests.waiting import PATIENCE


@asynccontextmanager
async def desk(url: str, patience: float = PATIENCE) -> AsyncIterator[Desk]:
    target = Airflow(AirflowSettings(url, "admin", "admin", timeout_seconds=patience, dags=("*",)))
    ids = (uuid.UUID(int=number).hex[::-1] for number in itertools.count(1))
    yield Desk(MemoryIncidents(), DETECTOR, {"airflow": target}, FakeClock(), lambda: next(ids))
    await target.close()


async def settle(desk: Desk) -> Incident:
    incident = await desk.incidents.numbered(1)
    while incident.waits_for is WaitsFor.MACHINE:
        incident = await advance(desk, incident)
    return incident


async def story(desk: Desk) -> str:
    """All that the room and the thread are told, in plain words."""
    incident = await desk.incidents.numbered(1)
    steps = [step_card(incident, event) for event in await desk.incidents.timeline(incident.id)]
    return "\n".join(plain.render(card) for card in (incident_card(incident), *steps) if card)


async def test_down_at_first_it_is_looked_at_again_before_anything_is_sent() -> None:
    airflow = SmallAirflow()
    async with desk(f"http://127.0.0.1:{free_port()}") as office:
        await group.hear(office, [entry()])
        await settle(office)
        assert "Now: " in await story(office)
        await decide.approve(office, 1, "bob")
        incident = await settle(office)
        assert "Nothing was sent" in await story(office)
        assert incident.waits_for is WaitsFor.PERSON
        assert airflow.clears == []


async def test_down_between_approval_and_action_nothing_is_sent_and_a_person_is_asked() -> None:
    airflow = SmallAirflow()
    async with AsyncExitStack() as up:
        await up.enter_async_context(airflow.serving())
        async with desk(airflow.url) as office:
            await group.hear(office, [entry()])
            await settle(office)
            await decide.approve(office, 1, "bob")
            await up.aclose()
            incident = await settle(office)
            assert "Nothing was sent" in await story(office)
            assert (incident.waits_for, incident.tried[-1].status) == (WaitsFor.PERSON, ActionStatus.FAILED)
    assert airflow.clears == []


async def test_changed_since_the_proposal_it_is_proposed_afresh() -> None:
    async with SmallAirflow().serving() as airflow, desk(airflow.url) as office:
        await group.hear(office, [entry()])
        await settle(office)
        airflow.clears.append("manual__1")  # somebody else has cleared it meanwhile
        await decide.approve(office, 1, "bob")
        incident = await settle(office)
        assert airflow.clears == ["manual__1"]
        assert incident.resolution_method == "recovered before we acted"
        assert "recovered before we acted" in await story(office)


async def test_an_answer_that_never_came_is_looked_after_not_repeated() -> None:
    async with SmallAirflow(lose_answer=True).serving() as airflow, desk(airflow.url) as office:
        await group.hear(office, [entry()])
        await settle(office)
        await decide.approve(office, 1, "bob")
        incident = await settle(office)
        assert airflow.clears == ["manual__1"]
        assert incident.tried[-1].status is ActionStatus.UNKNOWN
        assert "may or may not have happened" in await story(office)


Page = Callable[[web.Request], Awaitable[web.Response]]


async def html(_request: web.Request) -> web.Response:
    return web.Response(
        text="<html><body><script>alert(1)</script>Please sign in</body></html>", content_type="text/html"
    )


async def broken(_request: web.Request) -> web.Response:
    return web.Response(status=502, text="Bad Gateway")


async def slow(_request: web.Request) -> web.Response:
    await asyncio.sleep(5)
    return web.Response()


@pytest.mark.parametrize("page", [html, broken, slow])
async def test_what_is_no_airflow_is_a_plain_sentence(page: Page) -> None:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", page)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with desk(f"http://127.0.0.1:{port}", patience=0.5) as office:
        await group.hear(office, [entry()])
        incident = await settle(office)
        assert incident.evidence
        assert incident.evidence.state == {}
        assert "<script>" not in await story(office)
        assert "Traceback" not in await story(office)
        assert incident.action_status is ActionStatus.PENDING
        await decide.approve(office, 1, "bob")
        incident = await settle(office)
        assert "Nothing was sent" in await story(office)
    await runner.cleanup()
