"""What mended itself while we acted is resolved, and earns the action nothing."""

from __future__ import annotations

from engine import decide
from engine.learn import record
from engine.model import ActionStatus, Judgement, Status
from tests.engine.desks import Machine, desk, proposed, settle


async def test_a_recovery_ends_the_incident_without_credit() -> None:
    machine = Machine(verdicts=[Judgement.RECOVERED])
    office = desk(machine)
    incident = await proposed(machine, office)
    await decide.approve(office, incident.number, "bob")
    incident = await settle(office, incident)
    assert (incident.status, incident.action_status) == (Status.RESOLVED, ActionStatus.COMPLETED)
    assert incident.resolution_method == "recovered by itself"
    lessons = await office.incidents.lessons(incident.signal.pattern, incident.environment)
    assert record(lessons, "restart_dag_task", 0.75).tried == 0
