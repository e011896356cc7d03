"""Fences: the brake, the hour, the number and the neighbour stop an action though a person has approved it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

import pytest

from engine import act, decide, group
from engine.desk import Desk, Policy
from engine.errors import Refused
from engine.model import Action, ActionSpec, ActionStatus, Incident, Judgement, Outcome, Risk
from engine.windows import DAYS, Window
from storage.brake import KeptBrake
from storage.memory import MemoryCursors, MemoryIncidents
from tests.clock import FakeClock
from tests.engine.desks import Machine, desk, entry, proposed, settle

WORK = Window(DAYS[:5], time(9), time(17), "Europe/Berlin")


@dataclass
class Busy(Machine):
    """Its actions say what they are done to, and are of the risk that a test wants."""

    risk: Risk = Risk.LOW

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return {
            name: replace(spec, object=("dag_id", "dag_run_id"), risk=self.risk)
            for name, spec in super().catalogue().items()
        }


class Elsewhere(MemoryIncidents):
    """While it answers, others have their turn, as with a database."""

    async def begun(self, target: str, since: datetime) -> int:
        found = await super().begun(target, since)
        await asyncio.sleep(0)
        return found


def braked(machine: Machine, clock: FakeClock | None = None, policy: Policy | None = None) -> Desk:
    office = desk(machine, clock, policy)
    return replace(office, brake=KeptBrake(MemoryCursors(), office.clock))


async def second(office: Desk, text: str) -> Incident:
    [incident] = await group.hear(office, [entry(text, 99, "/logs/b.log")])
    return await settle(office, incident)


async def test_a_freeze_refuses_approvals_and_says_who_and_why() -> None:
    machine = Machine()
    office = braked(machine)
    incident = await proposed(machine, office)
    await office.brake.pull("ada", "the migration is running")
    with pytest.raises(Refused, match=r"ada pulled the brake at 21 Nov 03:00 UTC: the migration is running\. Nothing"):
        await decide.approve(office, incident.number, "bob")
    await office.brake.release()
    assert (await decide.approve(office, incident.number, "bob")).action_status is ActionStatus.APPROVED


async def test_a_freeze_stops_what_was_approved_and_not_yet_sent() -> None:
    machine = Machine()
    office = braked(machine)
    incident = await proposed(machine, office)
    incident = await decide.approve(office, incident.number, "bob")
    await office.brake.pull("ada", "stop")
    incident = await act.start(office, incident)
    assert machine.acts == []
    assert incident.action_status is ActionStatus.SUPERSEDED
    incident = await settle(office, incident)
    assert incident.action_status is ActionStatus.PENDING  # a fresh proposal, for after the thaw


async def test_a_brake_holds_over_a_restart() -> None:
    cursors = MemoryCursors()
    await KeptBrake(cursors, FakeClock()).pull("ada", "stop.")
    assert await KeptBrake(cursors, FakeClock()).pulled() == "ada pulled the brake at 21 Nov 03:00 UTC: stop."


async def test_outside_of_the_window_only_low_risk_runs() -> None:
    saturday = FakeClock()
    for risk, runs in ((Risk.LOW, True), (Risk.MEDIUM, False), (Risk.HIGH, False)):
        machine = Busy(risk=risk)
        office = braked(machine, saturday, Policy(change_windows=(WORK,)))
        incident = await proposed(machine, office)
        if runs:
            await decide.approve(office, incident.number, "bob")
            continue
        with pytest.raises(Refused, match=f"Outside of mon-fri 09:00-17:00 Europe/Berlin .* of {risk} risk"):
            await decide.approve(office, incident.number, "bob")


@pytest.mark.parametrize(
    ("at", "window", "holds"),
    [
        ("2026-11-23 08:00", WORK, True),  # nine in Berlin
        ("2026-11-23 07:59", WORK, False),
        ("2026-11-23 16:00", WORK, False),
        ("2026-07-20 07:00", WORK, True),  # summer time
        ("2026-11-21 10:00", WORK, False),  # a Saturday
        ("2026-11-23 23:00", Window(("mon",), time(22), time(2), "UTC"), True),
        ("2026-11-24 01:59", Window(("mon",), time(22), time(2), "UTC"), True),
        ("2026-11-24 02:00", Window(("mon",), time(22), time(2), "UTC"), False),
        ("2026-11-23 01:00", Window(("mon",), time(22), time(2), "UTC"), False),
    ],
)
def test_a_window_holds_in_its_own_time_zone(at: str, window: Window, holds: bool) -> None:
    assert window.holds(datetime.fromisoformat(at).replace(tzinfo=UTC)) is holds


def test_a_window_reads_as_it_is_written() -> None:
    assert str(WORK) == "mon-fri 09:00-17:00 Europe/Berlin"
    assert str(Window(("mon", "wed"), time(9), time(12), "UTC")) == "mon+wed 09:00-12:00 UTC"
    assert str(Window(("sun",), time(9), time(12), "UTC")) == "sun 09:00-12:00 UTC"


async def test_of_many_that_begin_at_once_no_more_begin_than_may() -> None:
    machine = Machine()
    office = replace(desk(machine, policy=Policy(max_actions_per_hour=2)), incidents=Elsewhere(("web",)))
    approved = []
    for number in range(5):
        [incident] = await group.hear(office, [entry(entry().text.replace("manual__1", f"run-{number}"), number)])
        incident = await settle(office, incident)
        approved.append(await decide.approve(office, incident.number, "bob"))
    begun = await asyncio.gather(*(act.start(office, incident) for incident in approved))
    assert len(machine.acts) == 2
    assert [one.action_status for one in begun].count(ActionStatus.SUPERSEDED) == 3


async def test_a_target_sees_so_many_actions_within_an_hour() -> None:
    clock, machine = FakeClock(), Machine(verdicts=[Judgement.WORKED])
    office = braked(machine, clock, Policy(max_actions_per_hour=1))
    incident = await proposed(machine, office)
    await settle(office, await decide.approve(office, incident.number, "bob"))
    other = await second(office, entry().text.replace("orders", "billing"))
    with pytest.raises(Refused, match="Airflow has seen 1 actions within an hour, and 1 is the most"):
        await decide.approve(office, other.number, "bob")
    clock.pass_time(hours=1)
    with pytest.raises(Refused, match="looked again"):  # the proposal has grown old meanwhile
        await decide.approve(office, other.number, "bob")
    assert (await decide.approve(office, other.number, "bob")).action_status is ActionStatus.APPROVED


async def test_two_actions_on_one_object_never_run_at_once() -> None:
    machine = Busy(verdicts=[Judgement.NOT_YET])
    office = braked(machine)
    first = await proposed(machine, office)
    other = await second(office, entry().text.replace("transform", "load"))
    assert first.id != other.id
    first = await decide.approve(office, first.number, "bob")
    with pytest.raises(Refused, match=f"under way for #{first.number}"):
        await decide.approve(office, other.number, "bob")
    apart = await second(office, entry().text.replace("manual__1", "manual__2"))
    assert (await decide.approve(office, apart.number, "bob")).action_status is ActionStatus.APPROVED


class Hanging(Machine):
    """It never answers."""

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return {name: replace(spec, timeout=timedelta(seconds=0.05)) for name, spec in super().catalogue().items()}

    async def act(self, action: Action) -> Outcome:
        self.acts.append(action.name)
        await asyncio.sleep(60)
        return await super().act(action)


async def test_a_call_that_takes_too_long_is_given_up_and_never_repeated_blindly() -> None:
    machine = Hanging()
    office = desk(machine)
    incident = await proposed(machine, office)
    incident = await act.start(office, await decide.approve(office, incident.number, "bob"))
    assert machine.acts == ["restart_dag_task"]
    assert incident.action_status is ActionStatus.UNKNOWN
    assert incident.to_investigate


async def test_the_settings_know_the_risk_better_than_the_target() -> None:
    machine = Machine()
    risks = {"restart_dag_task": Risk.HIGH, "restart_dag_task@staging": Risk.LOW}
    incident = await proposed(machine, desk(machine, policy=Policy(risks=risks)))
    assert incident.action
    assert incident.action.risk is Risk.HIGH
    incident = await proposed(machine, desk(machine, policy=Policy(risks=risks, environment="staging")))
    assert incident.action
    assert incident.action.risk is Risk.LOW
