"""A plan of several actions: approved as a whole, run in order, stopped at the first failure, each told."""

from __future__ import annotations

from dataclasses import replace

from bot.cards import incident_card, step_card
from engine import decide
from engine.desk import Desk
from engine.detect import Detector
from engine.events import Started, Verified
from engine.identify import load as names
from engine.knowledge import Proposal, load
from engine.model import Action, ActionStatus, Incident, Judgement, Outcome, Status
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
