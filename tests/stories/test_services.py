"""A failure of a service that the catalogue knows: its owner is woken first, people see what hangs on it, its hours hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from adapters.chat import plain
from adapters.chat.ask import Ask, Room
from bot.answer import answer
from bot.cards import incident_card
from bot.office import Office
from bot.people import owned, wakeable
from bot.service_catalogue import read
from bot.settings import load
from engine import decide, escalate, group
from engine.desk import Desk, Policy
from engine.errors import Refused
from engine.events import Escalated
from engine.model import Account, ActionSpec, ActionStatus, Incident, Risk, Role
from engine.windows import DAYS
from storage.memory import MemoryPeople
from tests.clock import FakeClock
from tests.engine.desks import TIMEOUT, Machine, desk, entry, settle

CATALOGUE = """
[service.orders-etl]
owners = ["cleo@example.com"]
environment = "staging"
change_windows = ["mon-fri 09:00-17:00 Europe/Berlin"]
holds = [{ dag_id = "orders*" }]

[service.checkout]
criticality = "critical"
depends_on = ["billing"]

[service.billing]
holds = [{ dag_id = "billing" }]

[service.reporting]
depends_on = ["orders-etl"]
"""

PEOPLE = (
    Account("1", "ada", "Ada", "ada@example.com", Role.APPROVER),
    Account("2", "cleo", "Cleo", "cleo@example.com", Role.APPROVER),
)


@dataclass
class Risky(Machine):
    """Its actions are of the risk that a test wants."""

    risk: Risk = Risk.MEDIUM

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return {name: replace(spec, risk=self.risk) for name, spec in super().catalogue().items()}


async def office(machine: Machine, clock: FakeClock | None = None, **settings: object) -> Office:
    people = MemoryPeople()
    for one in PEOPLE:
        await people.save(one)
        await people.link("web", one.username, one.id)
    policy = Policy(on_call=("ada",), services=owned(read(CATALOGUE, "services.toml"), wakeable(PEOPLE)))
    known = replace(policy, **settings)  # type: ignore[arg-type] # a test says which settings
    return Office(desk(machine, clock, known), people, lambda: ())


async def broken(at: Desk, dag: str = "orders") -> Incident:
    [incident] = await group.hear(at, [entry(TIMEOUT.replace("orders", dag))])
    return await settle(at, incident)


async def said(room: Office, text: str) -> str:
    return plain.render(await answer(Ask(text, "web", "ada", "Ada", Room("incidents")), room))


async def test_the_owner_is_woken_before_those_on_call_for_everything() -> None:
    clock = FakeClock()
    at = (await office(Risky(), clock)).desk
    incident = await broken(at)
    for _ in range(3):
        clock.pass_time(minutes=16)
        await escalate.tick(at)
    woken = [event.to for event in await at.incidents.timeline(incident.id) if isinstance(event, Escalated)]
    assert woken == ["cleo", "ada"]


async def test_the_card_and_why_say_what_is_affected() -> None:
    room = await office(Risky())
    incident = await broken(room.desk)
    assert "Affects: orders-etl, reporting" in plain.render(incident_card(incident))
    why = await said(room, "why 1")
    assert "It belongs to the service orders-etl, which is of medium criticality." in why
    assert "On orders-etl depend: reporting (medium)." in why
    assert "orders-etl is owned by cleo." in why


async def test_outside_of_the_services_hours_a_medium_risk_is_refused_with_the_reason() -> None:
    clock, machine = FakeClock(), Risky()
    room = await office(machine, clock)
    incident = await broken(room.desk)
    refused = await said(room, "approve 1")
    assert "Outside of mon-fri 09:00-17:00 Europe/Berlin only actions of low risk run on orders-etl" in refused
    assert "this one is of medium risk" in refused
    assert (await room.desk.incidents.get(incident.id)).action_status is ActionStatus.PENDING
    clock.pass_time(days=2, hours=6)  # Monday, ten in Berlin
    with pytest.raises(Refused, match="grown old"):
        await decide.approve(room.desk, 1, "ada")
    assert (await decide.approve(room.desk, 1, "ada")).action_status is ActionStatus.APPROVED


async def test_the_services_hours_win_over_those_of_everything() -> None:
    always = load({"CHANGE_WINDOWS": "mon-sun 00:00-23:59 UTC"}).change_windows
    room = await office(Risky(), change_windows=always)
    await broken(room.desk)
    assert "Outside of mon-fri" in await said(room, "approve 1")
    never = tuple(replace(one, days=DAYS[:1], end=one.start) for one in always)
    room = await office(Risky(), change_windows=never)
    await broken(room.desk, "billing")
    assert "Outside of mon 00:00-00:00 UTC" in await said(room, "approve 1")


async def test_what_a_critical_service_needs_is_touched_with_more_care() -> None:
    room = await office(Risky(risk=Risk.LOW))
    incident = await broken(room.desk, "billing")
    assert incident.action
    assert incident.action.risk is Risk.MEDIUM
    shown = plain.render(incident_card(incident))
    assert "Affects: billing, checkout (critical)" in shown
    why = await said(room, "why 1")
    assert "Something critical hangs on billing: restart_dag_task counts as one step riskier than elsewhere." in why
    room = await office(Risky(risk=Risk.LOW), assess_risk=False)
    incident = await broken(room.desk, "billing")
    assert incident.action
    assert incident.action.risk is Risk.LOW
    assert "riskier" not in await said(room, "why 1")


async def test_a_changed_parameter_is_judged_by_the_service_that_it_names() -> None:
    """Nobody gets around a service's hours by naming its things in place of others."""
    machine = Risky(risk=Risk.LOW)
    room = await office(machine)
    await broken(room.desk, "unheard_of")
    incident = await decide.approve(room.desk, 1, "ada", "", {"dag_id": "billing"})
    assert incident.action
    assert incident.action.risk is Risk.MEDIUM
    machine = Risky()
    room = await office(machine)
    await broken(room.desk, "unheard_of")
    await settle(room.desk, await decide.approve(room.desk, 1, "ada", "", {"dag_id": "orders"}))
    assert machine.acts == []


async def test_the_environment_of_the_service_is_what_is_learned_under() -> None:
    machine = Machine()
    room = await office(machine)
    incident = await broken(room.desk)
    assert incident.environment == "staging"
    await settle(room.desk, await decide.approve(room.desk, 1, "cleo"))
    assert len(await room.desk.incidents.lessons(incident.signal.pattern, "staging")) == 1
    assert not await room.desk.incidents.lessons(incident.signal.pattern, "production")


async def test_the_risk_of_an_action_may_be_set_for_the_environment_of_the_service() -> None:
    risks = {"restart_dag_task@staging": Risk.HIGH}
    for dag, risk in (("orders", Risk.HIGH), ("unheard_of", Risk.LOW)):
        incident = await broken((await office(Machine(), risks=risks)).desk, dag)
        assert incident.action
        assert incident.action.risk is risk


async def test_what_no_service_holds_is_handled_as_ever() -> None:
    clock = FakeClock()
    at = (await office(Risky(), clock)).desk
    incident = await broken(at, "unheard_of")
    assert incident.environment == "production"
    assert incident.diagnosis
    assert incident.diagnosis.impact is None
    assert "Affects" not in plain.render(incident_card(incident))
    clock.pass_time(minutes=16)
    await escalate.tick(at)
    woken = [event.to for event in await at.incidents.timeline(incident.id) if isinstance(event, Escalated)]
    assert woken == ["ada"]
    assert clock.now() - incident.opened_at >= timedelta(minutes=16)
