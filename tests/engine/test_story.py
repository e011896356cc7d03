"""An incident's life in the engine: heard, looked at, decided, verified, learned from, handed on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from engine import decide, escalate, group
from engine.desk import Desk, Policy
from engine.errors import Refused, Stale
from engine.events import Diagnosed, Escalated, Event, Looked, Noted, Opened, Reopened, SeenAgain
from engine.model import ActionStatus, Evidence, Incident, Judgement, Status, WaitsFor
from engine.respond import Responder
from storage.memory import MemoryIncidents
from tests.clock import NOW, FakeClock
from tests.engine.desks import Machine, desk, entry, proposed, settle


async def kinds(office: Desk, incident: Incident) -> list[str]:
    return [type(event).__name__ for event in await office.incidents.timeline(incident.id)]


async def test_a_line_becomes_an_incident_with_exact_names_and_one_proposal() -> None:
    machine = Machine()
    incident = await proposed(machine, desk(machine))
    assert incident.signal.title == "Airflow task orders.transform ran into its timeout"
    assert incident.identifiers["dag_run_id"] == "manual__1"
    assert incident.action
    assert incident.action.name == "restart_dag_task"
    assert dict(incident.action.parameters) == {"dag_id": "orders", "dag_run_id": "manual__1", "task_id": "transform"}
    assert incident.action.seen == machine.state
    assert incident.waits_for is WaitsFor.PERSON
    assert machine.acts == []


async def test_a_target_that_has_not_noticed_yet_is_looked_at_until_it_has() -> None:
    clock = FakeClock()

    class Slow(Machine):
        async def look(self, identifiers: Mapping[str, str]) -> Evidence:
            if clock.now() - NOW >= timedelta(seconds=4):
                self.state, self.healthy = {"state": "failed", "try_number": "1"}, False
            return await super().look(identifiers)

    machine = Slow(state={"state": "running", "try_number": "1"}, healthy=None)
    incident = await proposed(machine, desk(machine, clock))
    assert incident.action
    assert incident.action.seen == {"state": "failed", "try_number": "1"}


async def test_a_target_that_never_decides_is_proposed_for_as_it_is() -> None:
    clock, machine = FakeClock(), Machine(healthy=None)
    incident = await proposed(machine, desk(machine, clock))
    assert incident.action
    assert clock.now() - NOW == timedelta(seconds=15)


async def test_approved_it_is_done_once_verified_resolved_and_learned() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    await decide.approve(office, incident.number, "bob")
    incident = await settle(office, incident)
    assert machine.acts == ["restart_dag_task"]
    assert (incident.status, incident.action_status) == (Status.RESOLVED, ActionStatus.COMPLETED)
    assert incident.resolved_at
    assert await kinds(office, incident) == [
        "Opened",
        "Looked",
        "Diagnosed",
        "Approved",
        "Looked",
        "Started",
        "Acted",
        "Verified",
    ]
    assert incident.lessons_learned == "restart_dag_task mended it. looked"
    [lesson] = await office.incidents.lessons("airflow/task-timeout", "production")
    assert (lesson.action, lesson.judgement, lesson.incident) == ("restart_dag_task", Judgement.WORKED, incident.id)
    assert lesson.seconds > 0


async def test_what_was_learned_is_said_of_the_next_one() -> None:
    machine = Machine()
    office = desk(machine)
    first = await proposed(machine, office)
    await decide.approve(office, first.number, "bob")
    await settle(office, first)
    [other] = await group.hear(office, [entry(entry().text.replace("manual__1", "manual__2"))])
    second = await settle(office, other)
    assert first.diagnosis
    assert second.diagnosis
    assert second.diagnosis.confidence > first.diagnosis.confidence
    assert "restart_dag_task worked 1 of 1 time here." in second.diagnosis.because
    assert second.diagnosis.predicted_seconds is not None


async def test_the_same_failure_is_one_incident_and_counts_up() -> None:
    office = desk(Machine())
    await group.hear(office, [entry(position=position) for position in (0, 10)])
    [incident] = await group.hear(office, [entry(position=position) for position in (0, 10, 20)])
    assert (incident.number, incident.count) == (1, 3)  # the first two were read again after an interruption


async def test_a_storm_is_one_event_and_keeps_no_other_failure_waiting() -> None:
    office = desk(Machine())
    storm = [entry(position=position) for position in range(500)]
    other = entry(entry().text.replace("manual__1", "manual__2"), 999)
    first, second = await group.hear(office, [*storm, other])
    assert (first.count, second.count) == (500, 1)
    assert await kinds(office, first) == ["Opened", "SeenAgain"]
    assert await kinds(office, second) == ["Opened"]


async def test_a_consequence_joins_its_cause() -> None:
    office = desk(Machine())
    path = "/logs/dag_id=orders/run_id=manual__1/task_id=transform/attempt=1.log"
    killed = '{"timestamp":"2026-11-21T02:59:05Z","level":"error","event":"Task killed!","logger":"task"}'
    heard = await group.hear(
        office, [entry(entry().text.replace(',"map_index":-1', ""), 0, path), entry(killed, 99, path)]
    )
    assert [incident.number for incident in heard] == [1, 1]


async def test_a_resolved_one_that_comes_back_soon_is_reopened_and_later_is_a_new_one() -> None:
    clock, machine = FakeClock(), Machine()
    office = desk(machine, clock)
    incident = await proposed(machine, office)
    await decide.resolve(office, incident.number, "ada", "restarted by hand")
    later = entry().text.replace("02:59", "03:10")
    clock.pass_time(minutes=10)
    [back] = await group.hear(office, [entry(later, 50)])
    assert (back.number, back.status, back.count) == (1, Status.OPEN, 2)
    assert isinstance((await office.incidents.timeline(back.id))[-1], Reopened)
    await settle(office, back)
    await decide.resolve(office, back.number, "ada", "again")
    clock.pass_time(hours=2)
    assert await escalate.tick(office) == 1
    [new] = await group.hear(office, [entry(entry().text.replace("02:59", "05:20"), 90)])
    assert new.number == 2


async def test_after_the_quiet_time_it_is_a_new_one_even_before_the_clock_has_closed_the_old() -> None:
    clock, machine = FakeClock(), Machine()
    office = desk(machine, clock)
    await proposed(machine, office)
    await decide.resolve(office, 1, "ada", "by hand")
    clock.pass_time(hours=2)
    [new] = await group.hear(office, [entry(entry().text.replace("02:59", "04:59"), 90)])
    assert (new.number, new.count) == (2, 1)


async def test_one_that_comes_back_is_nobodys_and_wakes_people_again() -> None:
    clock, machine = FakeClock(), Machine()
    office = desk(machine, clock, Policy(on_call=("ada", "bob"), escalate_after=timedelta(minutes=15)))
    incident = await proposed(machine, office)
    clock.pass_time(minutes=15)
    await escalate.tick(office)
    await decide.acknowledge(office, incident.number, "bob")
    await decide.resolve(office, incident.number, "bob", "restarted by hand")
    clock.pass_time(minutes=10)
    [back] = await group.hear(office, [entry(entry().text.replace("02:59", "03:30"), 50)])
    back = await settle(office, back)
    assert (back.status, back.assigned_to, back.woken) == (Status.OPEN, "", ())
    clock.pass_time(minutes=15)
    assert await escalate.tick(office) == 1
    assert (await office.incidents.numbered(1)).woken == ("ada",)


async def test_a_fact_is_never_lost_to_a_race() -> None:
    class Contested(MemoryIncidents):
        rivals = 3

        async def append(self, after: Incident, event: Event) -> None:
            if isinstance(event, Noted) and self.rivals:
                self.rivals -= 1
                raise Stale
            await super().append(after, event)

    machine = Machine()
    office = replace(desk(machine), incidents=Contested())
    await proposed(machine, office)
    await decide.note(office, 1, "ada", "not lost")
    assert (await kinds(office, await office.incidents.numbered(1)))[-1] == "Noted"


async def test_a_late_line_of_a_resolved_failure_does_not_reopen_it() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    await decide.resolve(office, incident.number, "ada", "done")
    [late] = await group.hear(office, [entry(position=70)])
    assert late.status is Status.RESOLVED
    assert isinstance((await office.incidents.timeline(late.id))[-1], SeenAgain)


async def test_three_at_once_one_wins() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    answers = await asyncio.gather(
        *(decide.approve(office, incident.number, by) for by in ("ada", "bob", "cleo")), return_exceptions=True
    )
    assert sum(isinstance(answer, Refused) for answer in answers) == 2
    assert "ada has approved already" in str(next(a for a in answers if isinstance(a, Refused)))


async def test_a_button_of_an_older_proposal_approves_nothing() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    with pytest.raises(Refused, match="has changed since"):
        await decide.approve(office, incident.number, "bob", "ffffffff")


async def test_an_old_proposal_is_looked_at_anew() -> None:
    clock, machine = FakeClock(), Machine()
    office = desk(machine, clock)
    incident = await proposed(machine, office)
    clock.pass_time(minutes=31)
    with pytest.raises(Refused, match="grown old"):
        await decide.approve(office, incident.number, "bob")
    fresh = await office.incidents.get(incident.id)
    assert fresh.action
    assert incident.action
    assert fresh.action.id != incident.action.id
    await decide.approve(office, incident.number, "bob")


async def test_a_late_diagnosis_does_not_exchange_what_was_approved() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    approved = await decide.approve(office, incident.number, "bob")
    assert incident.diagnosis
    after = await office.record_fact(incident.id, Diagnosed(office.clock.now(), incident.diagnosis))
    assert (after.action, after.action_status) == (approved.action, ActionStatus.APPROVED)


async def test_a_rejected_action_is_with_a_person() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    incident = await decide.reject(office, incident.number, "bob", "upstream is down")
    assert (incident.waits_for, incident.assigned_to) == (WaitsFor.PERSON, "bob")
    with pytest.raises(Refused, match="rejected"):
        await decide.approve(office, incident.number, "ada")


async def test_nobody_answers_so_the_next_is_woken_each_once() -> None:
    clock, machine = FakeClock(), Machine()
    office = desk(machine, clock, Policy(on_call=("ada", "bob"), escalate_after=timedelta(minutes=15)))
    incident = await proposed(machine, office)
    for _ in range(6):
        clock.pass_time(minutes=10)
        await escalate.tick(office)
    timeline = await office.incidents.timeline(incident.id)
    assert [event.to for event in timeline if isinstance(event, Escalated)] == ["ada", "bob"]


async def test_what_is_handed_over_wakes_the_first_at_once_and_the_next_after_a_while() -> None:
    clock, machine = FakeClock(), Machine()
    office = desk(machine, clock, Policy(on_call=("ada", "bob"), confidence_threshold=0.9))
    incident = await proposed(machine, office)
    assert await escalate.tick(office) == 1
    assert await escalate.tick(office) == 0
    clock.pass_time(minutes=15)
    assert await escalate.tick(office) == 1
    first, second = (e for e in await office.incidents.timeline(incident.id) if isinstance(e, Escalated))
    assert (first.to, first.reason) == ("ada", "Low confidence: 0.75 is under the threshold of 0.90.")
    assert (second.to, second.reason) == ("bob", "Nobody has answered for 15 minutes.")


async def test_whoever_took_it_is_not_escalated() -> None:
    clock, machine = FakeClock(), Machine()
    office = desk(machine, clock, Policy(on_call=("ada",)))
    incident = await proposed(machine, office)
    await decide.acknowledge(office, incident.number, "cleo")
    clock.pass_time(hours=1)
    assert await escalate.tick(office) == 0


async def test_a_report_of_something_unknown_is_an_incident_for_a_person() -> None:
    office = desk(Machine())
    incident = await settle(
        office, await group.reported(office, entry("the invoices look odd\nsince noon", -1, "report by ada"))
    )
    assert incident.signal.title == "the invoices look odd"
    assert incident.diagnosis
    assert incident.diagnosis.category == "unknown"
    assert incident.waits_for is WaitsFor.PERSON


async def test_a_report_of_something_known_joins_it() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await proposed(machine, office)
    told = await group.reported(office, entry(position=-1, source="report by ada"))
    assert (told.number, told.count) == (incident.number, 2)


async def test_an_incident_that_nobody_looked_at_before_a_crash_is_taken_up() -> None:
    machine = Machine()
    office = desk(machine)
    await group.hear(office, [entry()])
    responder = Responder(office, lambda _id, error: pytest.fail(str(error)))
    task = asyncio.create_task(responder.rounds.run())
    while (await office.incidents.numbered(1)).diagnosis is None:
        await asyncio.sleep(0.01)
    await responder.stop(1)
    task.cancel()
    assert [type(event) for event in await office.incidents.timeline((await office.incidents.numbered(1)).id)] == [
        Opened,
        Looked,
        Diagnosed,
    ]
