"""A plan of several actions: approved as a whole, run in order, stopped at the first failure, each told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from adapters.chat.card import Button, Form
from bot.cards import incident_card, step_card
from bot.telling import described
from engine import decide
from engine.desk import Desk
from engine.detect import Detector
from engine.errors import Invalid, Refused
from engine.events import Started, Verified
from engine.identify import load as names
from engine.knowledge import Proposal, load
from engine.model import Action, ActionSpec, ActionStatus, Incident, Judgement, Outcome, Parameter, Risk, Status
from tests.engine.desks import Machine, desk, proposed, settle

THEN = Proposal("airflow", "clear_dag_run", {"dag_id": "{dag_id}", "dag_run_id": "{dag_run_id}"}, 0.7)


def planned(machine: Machine) -> Desk:
    """A desk that knows to clear the run once the task was restarted."""
    known = [
        replace(one, proposals=(replace(one.proposals[0], then=(THEN,)),)) if one.id == "airflow/task-timeout" else one
        for one in load()
    ]
    return replace(desk(machine), detector=Detector(known, names()))


async def approved(machine: Machine) -> tuple[Desk, Incident]:
    office = planned(machine)
    incident = await proposed(machine, office)
    await decide.approve(office, incident.number, "bob")
    return office, await settle(office, incident)


async def test_the_card_says_the_whole_plan() -> None:
    machine = Machine()
    incident = await proposed(machine, planned(machine))
    assert incident.action
    assert [step.name for step in incident.action.then] == ["clear_dag_run"]
    assert "Then, if that worked: does clear_dag_run with orders manual__1." in str(incident_card(incident).parts)


async def test_the_steps_run_in_order_under_one_approval() -> None:
    machine = Machine(verdicts=[Judgement.WORKED])
    office, incident = await approved(machine)
    assert machine.acts == ["restart_dag_task", "clear_dag_run"]
    assert incident.status is Status.RESOLVED
    assert [tried.status for tried in incident.tried] == [ActionStatus.COMPLETED, ActionStatus.COMPLETED]
    assert incident.resolution_method == "clear_dag_run"
    lessons = await office.incidents.lessons(incident.signal.pattern, incident.environment)
    assert {lesson.action for lesson in lessons} == {"restart_dag_task", "clear_dag_run"}


async def test_a_step_that_failed_ends_the_plan_and_it_is_said_what_was_not_done() -> None:
    machine = Machine(verdicts=[Judgement.FAILED])
    office, incident = await approved(machine)
    assert machine.acts == ["restart_dag_task"]
    [failed] = [one for one in await office.incidents.timeline(incident.id) if isinstance(one, Verified)]
    card = step_card(incident, failed)
    assert card
    assert "Not done: clear_dag_run." in str(card.parts)


async def test_a_later_step_begins_from_the_state_that_the_one_before_has_left() -> None:
    class Moving(Machine):
        async def act(self, action: Action) -> Outcome:
            self.state = {"state": "failed", "try_number": str(int(self.state["try_number"]) + 1)}
            return await super().act(action)

    machine = Moving(verdicts=[Judgement.WORKED])
    office, incident = await approved(machine)
    started = [one for one in await office.incidents.timeline(incident.id) if isinstance(one, Started)]
    assert [dict(one.seen) for one in started] == [{}, {"state": "failed", "try_number": "2"}]
    assert incident.status is Status.RESOLVED


async def test_what_is_well_after_the_first_step_needs_no_second() -> None:
    class Healing(Machine):
        async def act(self, action: Action) -> Outcome:
            self.healthy = True
            return await super().act(action)

    machine = Healing(verdicts=[Judgement.WORKED])
    _, incident = await approved(machine)
    assert machine.acts == ["restart_dag_task"]
    assert incident.status is Status.RESOLVED


class Pooled(Machine):
    """The second step needs a pool, too, which no log names; the first could do with a reason."""

    def catalogue(self) -> Mapping[str, ActionSpec]:
        known = super().catalogue()
        task, run = known["restart_dag_task"], known["clear_dag_run"]
        return {
            "restart_dag_task": replace(task, parameters=(*task.parameters, Parameter("note", "Note", required=False))),
            "clear_dag_run": replace(run, parameters=(*run.parameters, Parameter("pool", "Pool"))),
        }


async def test_what_a_later_step_lacks_is_asked_for_in_one_form() -> None:
    machine = Pooled()
    office = planned(machine)
    incident = await proposed(machine, office)
    assert incident.action
    assert incident.diagnosis
    assert (incident.action.plan, incident.action.unnamed) == ("restart_dag_task, then clear_dag_run", ("pool",))
    assert incident.action.seen == machine.state, "what the first step needs is known, so it was looked at"
    assert incident.diagnosis.hand_over == (
        "I would restart_dag_task, then clear_dag_run, but the log does not say which pool: fill it in."
    )
    parts = described(office, incident).parts
    assert not [one for one in parts if isinstance(one, Button) and one.ask.startswith("approve")]
    [form] = [one for one in parts if isinstance(one, Form) and one.label == "Fill in and approve …"]
    assert [(one.name, one.default, one.required) for one in form.fields] == [
        ("dag_id", "orders", True),
        ("dag_run_id", "manual__1", True),
        ("task_id", "transform", True),
        ("note", "", False),
        ("pool", "", True),
    ]
    with pytest.raises(Refused, match=r"restart_dag_task, then clear_dag_run lacks its pool: .* approve 1 pool=…"):
        await decide.approve(office, incident.number, "bob")
    with pytest.raises(Invalid, match="pool: is needed"):
        await decide.approve(office, incident.number, "bob", "", {"note": "x"})
    with pytest.raises(Invalid, match="slots: is no parameter of restart_dag_task, then clear_dag_run"):
        await decide.approve(office, incident.number, "bob", "", {"slots": "1"})


async def test_filled_in_the_whole_plan_runs_and_its_first_step_stays_bound_to_what_was_seen() -> None:
    machine = Pooled(verdicts=[Judgement.WORKED])
    office = planned(machine)
    before = await proposed(machine, office)
    incident = await decide.approve(office, before.number, "bob", "", {"pool": "etl", "note": ""})
    assert incident.action
    assert before.action
    [later] = incident.action.then
    assert dict(later.parameters) == {"dag_id": "orders", "dag_run_id": "manual__1", "pool": "etl"}
    assert (incident.action.seen, incident.action.unnamed) == (before.action.seen, ())
    assert not {one.id for one in (before.action, *before.action.then)} & {incident.action.id, later.id}
    assert (await settle(office, incident)).status is Status.RESOLVED
    assert machine.acts == ["restart_dag_task", "clear_dag_run"]


async def test_a_changed_name_is_changed_in_every_step_that_had_the_same() -> None:
    machine = Machine(verdicts=[Judgement.WORKED])
    office = planned(machine)
    incident = await proposed(machine, office)
    incident = await decide.approve(office, incident.number, "bob", "", {"dag_run_id": "manual__7"})
    assert incident.action
    steps = (incident.action, *incident.action.then)
    assert [one.parameters["dag_run_id"] for one in steps] == ["manual__7", "manual__7"]
    assert steps[1].effect == "Does clear_dag_run with orders manual__7"


async def test_a_step_that_is_meant_for_something_else_stays_so() -> None:
    machine = Machine()
    office = planned(machine)
    other = replace(THEN, parameters={"dag_id": "{dag_id}", "dag_run_id": "manual__0"})
    known = [
        replace(one, proposals=(replace(one.proposals[0], then=(other,)),))
        for one in office.detector.patterns.values()
        if one.id == "airflow/task-timeout"
    ]
    office = replace(office, detector=Detector(known, names()))
    incident = await proposed(machine, office)
    incident = await decide.approve(office, incident.number, "bob", "", {"dag_run_id": "manual__7"})
    assert incident.action
    assert incident.action.then[0].parameters["dag_run_id"] == "manual__0"


async def test_who_fills_in_a_later_step_still_approves_the_first_as_it_was_shown() -> None:
    machine = Pooled()
    office = planned(machine)
    incident = await proposed(machine, office)
    machine.state = {"state": "running", "try_number": "2"}
    await decide.approve(office, incident.number, "bob", "", {"pool": "etl"})
    await settle(office, incident)
    assert machine.acts == []


async def test_a_plan_is_as_risky_as_its_riskiest_step_also_after_a_change() -> None:
    class Risky(Machine):
        def catalogue(self) -> Mapping[str, ActionSpec]:
            known = super().catalogue()
            return {**known, "clear_dag_run": replace(known["clear_dag_run"], risk=Risk.HIGH)}

    machine = Risky()
    office = planned(machine)
    incident = await proposed(machine, office)
    assert incident.action
    assert incident.diagnosis
    assert (incident.action.risk, "high risk" in incident.diagnosis.hand_over) == (Risk.HIGH, True)
    incident = await decide.approve(office, incident.number, "bob", "", {"task_id": "load"})
    assert incident.action
    assert incident.action.risk is Risk.HIGH
