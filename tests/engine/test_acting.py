"""What is approved is done once, to what was seen; what went wrong, or on its own, is told as it is."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clock import SystemClock
from engine import decide, group
from engine.desk import Policy
from engine.errors import Unreachable
from engine.events import Acted, Started
from engine.model import ActionStatus, Judgement, Result, Status, WaitsFor
from engine.relief import RECOVERED
from engine.respond import AT_ONCE, Responder, advance
from tests.clock import FakeClock
from tests.engine.desks import Machine, desk, entry, proposed, settle
from tests.waiting import PATIENCE


async def test_a_target_that_moved_since_the_proposal_is_not_touched() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    machine.state = {"state": "failed", "try_number": "2"}
    await decide.approve(office, incident.number, "bob")
    incident = await settle(office, incident)
    assert machine.acts == []
    assert incident.action
    assert incident.action.seen == machine.state  # a fresh proposal, bound to the new state
    assert incident.action_status is ActionStatus.PENDING
    acted = next(event for event in await office.incidents.timeline(incident.id) if isinstance(event, Acted))
    assert acted.outcome.result is Result.CHANGED
    assert "try_number was 1, is 2" in acted.outcome.detail


async def test_what_was_approved_long_before_it_could_begin_is_proposed_afresh() -> None:
    machine, clock = Machine(), FakeClock()
    office = desk(machine, clock)
    incident = await proposed(machine, office)
    await decide.approve(office, incident.number, "bob")
    clock.pass_time(seconds=(office.policy.approval_valid + timedelta(seconds=1)).total_seconds())  # it was away
    incident = await settle(office, incident)
    assert machine.acts == []
    assert incident.action_status is ActionStatus.PENDING
    acted = next(event for event in await office.incidents.timeline(incident.id) if isinstance(event, Acted))
    assert acted.outcome.result is Result.CHANGED
    assert "too long ago" in acted.outcome.detail


async def test_what_was_approved_shortly_before_a_crash_is_done() -> None:
    machine, clock = Machine(), FakeClock()
    office = desk(machine, clock)
    incident = await proposed(machine, office)
    await decide.approve(office, incident.number, "bob")
    clock.pass_time(seconds=office.policy.approval_valid.total_seconds())
    await settle(office, incident)
    assert len(machine.acts) == 1


@pytest.mark.parametrize("was", [True, False])
async def test_a_dry_run_that_was_approved_never_becomes_real(was: bool) -> None:
    machine = Machine(dry_run=was)
    office = desk(machine)
    incident = await proposed(machine, office)
    machine.dry_run = not was  # the program was started again with other settings
    await decide.approve(office, incident.number, "bob")
    incident = await settle(office, incident)
    assert machine.acts == []
    assert incident.action
    assert (incident.action.dry_run, incident.action_status) == (not was, ActionStatus.PENDING)


async def test_long_verifications_keep_no_other_incident_waiting() -> None:
    machine = Machine(verdicts=[Judgement.NOT_YET])
    office = replace(desk(machine, policy=Policy(max_actions_per_hour=100)), clock=SystemClock())
    for number in range(AT_ONCE + 1):
        await group.hear(office, [entry(entry().text.replace("manual__1", f"run-{number}"), number)])
        incident = await settle(office, await office.incidents.numbered(number + 1))
        await decide.approve(office, incident.number, "bob")
    responder = Responder(office, lambda _id, error: pytest.fail(str(error)))
    task = asyncio.create_task(responder.rounds.run())
    while len(machine.acts) <= AT_ONCE:
        await asyncio.sleep(0.01)
    [late] = await group.hear(office, [entry(entry().text.replace("manual__1", "late"), 999)])
    responder.rounds.wake()
    async with asyncio.timeout(PATIENCE):
        while (await office.incidents.get(late.id)).diagnosis is None:
            await asyncio.sleep(0.01)
    await responder.stop(1)
    task.cancel()


async def test_what_recovered_by_itself_is_resolved_and_earns_no_credit() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    machine.state, machine.healthy = {"state": "success", "try_number": "2"}, True
    await decide.approve(office, incident.number, "bob")
    incident = await settle(office, incident)
    assert (incident.status, incident.resolution_method) == (Status.RESOLVED, RECOVERED)
    assert machine.acts == []
    assert await office.incidents.lessons("airflow/task-timeout", "production") == []


async def test_a_target_that_does_not_answer_is_not_approved_blindly() -> None:
    machine = Machine(unreachable=True)
    office = desk(machine)
    incident = await proposed(machine, office)
    assert incident.action
    assert incident.action.seen == {}
    machine.unreachable = False
    await decide.approve(office, incident.number, "bob")
    incident = await settle(office, incident)
    assert machine.acts == []
    assert incident.action
    assert incident.action.seen == machine.state


async def test_an_action_that_did_not_help_is_not_proposed_again_but_the_next_one_is() -> None:
    machine = Machine(verdicts=[Judgement.FAILED])
    office = desk(machine)
    incident = await proposed(machine, office)
    await decide.approve(office, incident.number, "bob")
    incident = await settle(office, incident)
    assert incident.action
    assert incident.action.name == "clear_dag_run"
    await decide.approve(office, incident.number, "bob")
    incident = await settle(office, incident)
    assert incident.action is None
    assert incident.diagnosis
    assert "a person decides" in incident.diagnosis.hand_over
    assert machine.acts == ["restart_dag_task", "clear_dag_run"]


async def test_no_more_actions_than_the_policy_allows() -> None:
    machine = Machine(verdicts=[Judgement.FAILED])
    office = desk(machine, policy=Policy(max_actions=1))
    incident = await proposed(machine, office)
    await decide.approve(office, incident.number, "bob")
    incident = await settle(office, incident)
    assert incident.action is None


async def test_an_action_without_an_end_is_unknown_after_its_time() -> None:
    machine = Machine(verdicts=[Judgement.NOT_YET])
    office = desk(machine)
    incident = await proposed(machine, office)
    await decide.approve(office, incident.number, "bob")
    incident = await settle(office, incident)
    assert [tried.status for tried in incident.tried] == [ActionStatus.UNKNOWN]
    assert incident.waits_for is WaitsFor.PERSON


@pytest.mark.parametrize(
    ("judgement", "result"),
    [
        (Judgement.WORKED, Result.DONE),
        (Judgement.NOT_YET, Result.DONE),
        (Judgement.FAILED, Result.DONE),
        (Judgement.UNKNOWN, Result.UNKNOWN),
    ],
)
async def test_an_action_under_way_at_a_crash_is_asked_after_never_repeated(
    judgement: Judgement, result: Result
) -> None:
    machine = Machine(verdicts=[judgement])
    office = desk(machine)
    incident = await proposed(machine, office)
    incident = await decide.approve(office, incident.number, "bob")
    assert incident.action
    incident = await office.record_fact(incident.id, Started(office.clock.now(), incident.action.id))
    incident = await advance(office, incident)  # as the next program finds it
    acted = (await office.incidents.timeline(incident.id))[-1]
    assert isinstance(acted, Acted)
    assert acted.outcome.result is result
    assert machine.acts == []


async def test_a_crash_while_the_target_is_away_is_asked_later() -> None:
    machine = Machine(unreachable=True)
    clock = FakeClock()
    office = desk(machine, clock)
    machine.unreachable = False
    incident = await proposed(machine, office)
    incident = await decide.approve(office, incident.number, "bob")
    assert incident.action
    incident = await office.record_fact(incident.id, Started(office.clock.now(), incident.action.id))
    machine.unreachable = True
    with pytest.raises(Unreachable):
        await advance(office, incident)
    clock.pass_time(minutes=5)
    incident = await advance(office, incident)
    assert incident.tried[-1].status is ActionStatus.UNKNOWN
