"""A person changes a proposal before approving it: what is approved is exactly what was written, bound to what it names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest

from engine import act, decide, escalate
from engine.errors import Invalid, Refused, Stale, Unreachable
from engine.events import Amended, Approved, Event, Rejected, apply
from engine.model import ActionStatus, Incident
from storage.memory import MemoryIncidents
from tests.engine.desks import Machine, desk, proposed


async def amended(machine: Machine, **changes: str) -> Incident:
    office = desk(machine)
    incident = await proposed(machine, office)
    return await decide.approve(office, incident.number, "bob", "", changes)


async def test_the_changed_action_is_the_one_that_is_approved() -> None:
    machine = Machine()
    incident = await amended(machine, task_id="load")
    assert incident.action
    assert incident.action.parameters["task_id"] == "load"
    assert "load" in incident.action.effect
    assert incident.action_status is ActionStatus.APPROVED
    assert [tried.status for tried in incident.tried] == [ActionStatus.SUPERSEDED]
    assert incident.tried[0].action.id != incident.action.id


async def test_it_is_bound_to_the_state_of_what_it_names_now() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    machine.state = {"state": "failed", "try_number": "7"}
    incident = await decide.approve(office, incident.number, "bob", "", {"task_id": "load"})
    assert incident.action
    assert incident.action.seen == machine.state
    machine.state = {"state": "running", "try_number": "8"}
    incident = await act.start(office, incident)
    assert machine.acts == []


async def test_the_timeline_says_who_changed_what() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    await decide.approve(office, incident.number, "bob", "", {"task_id": "load"})
    changed, approved = (await office.incidents.timeline(incident.id))[-2:]
    assert isinstance(changed, Amended)
    assert isinstance(approved, Approved)
    assert (changed.by, changed.was, changed.action.id) == (
        "bob",
        incident.action and incident.action.id,
        approved.action,
    )


async def test_the_same_values_change_nothing() -> None:
    machine = Machine()
    office = desk(machine)
    before = await proposed(machine, office)
    assert before.action
    after = await decide.approve(office, before.number, "bob", "", {"task_id": before.action.parameters["task_id"]})
    assert after.action == before.action
    assert not any(isinstance(event, Amended) for event in await office.incidents.timeline(before.id))


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"taks_id": "load"}, {"taks_id": "is no parameter of restart_dag_task"}),
        ({"task_id": ""}, {"task_id": "is needed"}),
    ],
)
async def test_wrong_values_are_refused_by_field_and_nothing_is_approved(
    changes: dict[str, str], wrong: dict[str, str]
) -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    with pytest.raises(Invalid) as refused:
        await decide.approve(office, incident.number, "bob", "", changes)
    assert refused.value.fields == wrong
    assert (await office.incidents.numbered(incident.number)).action_status is ActionStatus.PENDING


async def test_what_is_healthy_or_cannot_be_looked_at_is_not_acted_on() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    machine.healthy = True
    with pytest.raises(Refused, match="nothing to mend"):
        await decide.approve(office, incident.number, "bob", "", {"task_id": "load"})
    machine.unreachable = True
    with pytest.raises(Unreachable):
        await decide.approve(office, incident.number, "bob", "", {"task_id": "load"})
    assert (await office.incidents.numbered(incident.number)).action == incident.action


async def test_a_button_of_an_older_card_changes_nothing() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    with pytest.raises(Refused, match="has changed since"):
        await decide.approve(office, incident.number, "bob", "ffffffff", {"task_id": "load"})


@pytest.mark.parametrize("decided", [decide.approve, partial(decide.reject, reason="no")])
async def test_a_word_about_one_proposal_never_decides_another(decided: Callable[..., Awaitable[object]]) -> None:
    """Not even without its id, and in the moment in which the other takes its place."""

    class Swapped(MemoryIncidents):
        swapped = False

        async def append(self, after: Incident, event: Event) -> None:
            if isinstance(event, Approved | Rejected) and not self.swapped:
                self.swapped = True
                before = await self.numbered(after.number)
                assert before.action
                meant = replace(before.action, id="f" * 32)
                amended = Amended(event.at, "eve", before.action.id, meant)
                await super().append(apply(before, amended), amended)
                raise Stale
            await super().append(after, event)

    machine = Machine()
    office = replace(desk(machine), incidents=Swapped())
    incident = await proposed(machine, office)
    with pytest.raises(Refused, match="has changed since"):
        await decided(office, incident.number, "bob")
    now = await office.incidents.numbered(incident.number)
    assert now.action
    assert (now.action.id, now.action_status) == ("f" * 32, ActionStatus.PENDING)


async def test_a_change_that_comes_after_the_decision_changes_nothing() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    approved = await decide.approve(office, incident.number, "bob")
    assert approved.action
    other = replace(approved.action, id="f" * 32)
    late = await office.record_fact(approved.id, Amended(office.clock.now(), "eve", approved.action.id, other))
    assert late.action == approved.action
    assert await escalate.tick(office) == 0
    with pytest.raises((Refused, Stale)):
        await decide.approve(office, incident.number, "bob", "", {"task_id": "load"})
