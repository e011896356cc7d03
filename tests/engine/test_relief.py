"""What a log itself says has ended well is resolved, earns nothing, and is never taken out of a person's hand."""

from __future__ import annotations

import pytest

from engine import decide, group
from engine.desk import Desk
from engine.events import Noted
from engine.learn import record
from engine.model import ActionStatus, Entry, Incident, Judgement, Status
from engine.relief import RECOVERED, SAYS
from tests.engine.desks import Machine, desk, entry, settle

LOG = "/logs/orders.log"
FAILED = '2026-11-21 03:15:56 ERROR orders: connection to server at "pg-1.lan", port 5432 failed: Connection refused'
WELL = "2026-11-21 03:17:02 INFO orders: reconnected to pg-1.lan:5432"
DONE = '{"timestamp":"2026-11-21T03:20:00Z","level":"info","event":"Marking task as SUCCESS.","dag_id":"orders",'
DONE += '"run_id":"manual__1","task_id":"transform"}'


async def opened(office: Desk) -> Incident:
    [incident] = await group.hear(office, [Entry(FAILED, LOG, 0)])
    return await settle(office, incident)


async def test_good_news_resolves_what_it_names_and_says_so() -> None:
    office = desk(Machine())
    incident = await opened(office)
    await group.hear(office, [Entry(WELL, LOG, 200)])
    incident = await office.incidents.get(incident.id)
    assert incident.status is Status.RESOLVED
    assert incident.resolution_method.startswith(RECOVERED)
    *_, last = await office.incidents.timeline(incident.id)
    assert isinstance(last, Noted)
    assert last.text == f"{SAYS}: {WELL}"
    assert await office.incidents.lessons(incident.signal.pattern, incident.environment) == []


@pytest.mark.parametrize(
    ("text", "source", "position"),
    [
        (WELL.replace("pg-1", "pg-2"), LOG, 200),
        (WELL.replace(" to pg-1.lan:5432", ""), LOG, 200),
        (WELL, "/logs/shop.log", 200),
        (WELL, LOG, -1),
        (WELL.replace("reconnected", "asked"), LOG, 200),
    ],
    ids=["of another", "of nothing", "elsewhere", "of no place", "no news"],
)
async def test_other_news_resolve_nothing(text: str, source: str, position: int) -> None:
    office = desk(Machine())
    incident = await opened(office)
    await group.hear(office, [Entry(text, source, position)])
    assert (await office.incidents.get(incident.id)).active


async def test_news_older_than_the_last_failure_resolve_nothing() -> None:
    office = desk(Machine())
    await group.hear(office, [Entry(FAILED, LOG, 0), Entry(WELL, LOG, 200), Entry(FAILED, LOG, 400)])
    [incident] = await office.incidents.list()
    assert incident.active


async def test_a_failure_after_the_good_news_opens_it_again() -> None:
    office = desk(Machine())
    incident = await opened(office)
    await group.hear(office, [Entry(WELL, LOG, 200)])
    later = FAILED.replace("03:15:56", "03:25:56")
    await group.hear(office, [Entry(later, LOG, 400)])
    assert (await office.incidents.get(incident.id)).active


async def test_a_task_that_succeeded_meanwhile_takes_its_proposal_along_without_credit() -> None:
    office = desk(Machine())
    [incident] = await group.hear(office, [entry()])
    incident = await settle(office, incident)
    assert incident.action_status is ActionStatus.PENDING
    await group.hear(office, [entry(DONE, 900)])
    incident = await office.incidents.get(incident.id)
    assert (incident.status, incident.action_status) == (Status.RESOLVED, ActionStatus.SUPERSEDED)
    lessons = await office.incidents.lessons(incident.signal.pattern, incident.environment)
    assert record(lessons, "restart_dag_task", 0.75).tried == 0


async def test_a_try_that_will_be_repeated_is_no_success() -> None:
    office = desk(Machine())
    [incident] = await group.hear(office, [entry()])
    await group.hear(office, [entry(DONE.replace("SUCCESS", "UP_FOR_RETRY"), 900)])
    assert (await office.incidents.get(incident.id)).active


async def test_an_approved_action_is_never_taken_out_of_hand() -> None:
    machine = Machine()
    office = desk(machine)
    [incident] = await group.hear(office, [entry()])
    incident = await settle(office, incident)
    await decide.approve(office, incident.number, "bob")
    await group.hear(office, [entry(DONE, 900)])
    incident = await office.incidents.get(incident.id)
    assert (incident.active, incident.action_status) == (True, ActionStatus.APPROVED)
    incident = await settle(office, incident)
    assert machine.acts == ["restart_dag_task"]
    assert incident.resolution_method == "restart_dag_task"


async def test_after_an_action_was_run_good_news_prove_nothing_by_themselves() -> None:
    office = desk(Machine(verdicts=[Judgement.FAILED]))
    [incident] = await group.hear(office, [entry()])
    await settle(office, incident)
    await decide.approve(office, incident.number, "bob")
    await settle(office, incident)
    await group.hear(office, [entry(DONE, 900)])
    incident = await office.incidents.get(incident.id)
    assert (incident.active, incident.ran) == (True, 1)
