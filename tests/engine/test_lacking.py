"""A log that does not name all that an action needs: the target is asked, then a person; nothing is guessed or sent."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from engine import act, decide, group
from engine.desk import Desk
from engine.errors import Invalid, Refused
from engine.events import Approved, Looked
from engine.model import ActionSpec, ActionStatus, Evidence, Incident, Judgement, Status
from tests.clock import FakeClock
from tests.engine.desks import NO_RUN, TIMEOUT, Machine, desk, entry, settle

NO_TASK = TIMEOUT.replace('"task_id":"transform",', "")
OOM = "kubernetes/container-oom-killed"


@dataclass
class Telling(Machine):
    """A machine that says more than it was asked; ``looked`` is what it was asked for."""

    says: Mapping[str, str] = field(default_factory=dict)
    cause: str = ""
    shows: str = "its worker was killed"
    looked: list[Mapping[str, str]] = field(default_factory=list)

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        self.looked.append(identifiers)
        seen = await super().look(identifiers)
        return replace(seen, names=self.says, cause=self.cause, shows=self.shows if self.cause else "")


class Cluster(Telling):
    def catalogue(self) -> Mapping[str, ActionSpec]:
        name = "increase_memory_limit"
        return {name: replace(super().catalogue()["restart_dag_task"], name=name)}


async def found(office: Desk, text: str = NO_RUN) -> Incident:
    [incident] = await group.hear(office, [entry(text)])
    return await settle(office, incident)


async def test_what_lacks_a_name_is_proposed_and_says_so() -> None:
    incident = await found(desk(Machine()))
    assert incident.action
    assert incident.diagnosis
    assert (incident.action.name, incident.action.lacking) == ("restart_dag_task", ("dag_run_id",))
    assert incident.action_status is ActionStatus.PENDING
    assert incident.action.effect == "Does restart_dag_task with orders (which?) transform"
    assert incident.action.seen == {}, "nobody knows what would have to be looked at"
    assert incident.diagnosis.hand_over == (
        "I would restart_dag_task, but the log does not say which dag run id: fill it in."
    )
    assert incident.diagnosis.confidence == pytest.approx(0.75, abs=0.1)


async def test_what_lacks_nothing_comes_first_though_it_is_less_likely_to_help() -> None:
    incident = await found(desk(Machine()), NO_TASK)
    assert incident.action
    assert (incident.action.name, incident.action.lacking) == ("clear_dag_run", ())


async def test_it_cannot_be_approved_as_it_is() -> None:
    office = desk(Machine())
    incident = await found(office)
    with pytest.raises(Refused, match=r"lacks its dag run id: use the form, or say approve 1 dag_run_id=…"):
        await decide.approve(office, incident.number, "bob")
    with pytest.raises(Invalid, match="dag_run_id: is needed"):
        await decide.approve(office, incident.number, "bob", "", {"task_id": "load"})
    with pytest.raises(Invalid, match="dag_run_id: is needed"):
        await decide.approve(office, incident.number, "bob", "", {"dag_run_id": ""})
    assert (await office.incidents.numbered(1)).action_status is ActionStatus.PENDING


async def test_filled_in_it_is_bound_to_what_it_names_now() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await found(office)
    machine.state = {"state": "failed", "try_number": "3"}
    incident = await decide.approve(office, incident.number, "bob", "", {"dag_run_id": "manual__7"})
    assert incident.action
    assert incident.action_status is ActionStatus.APPROVED
    assert (incident.action.lacking, incident.action.seen) == ((), machine.state)
    assert incident.action.effect == "Does restart_dag_task with orders manual__7 transform"
    assert (await settle(office, incident)).status is Status.RESOLVED
    assert machine.acts == ["restart_dag_task"]


async def test_a_form_may_be_filled_in_an_hour_later() -> None:
    """Nothing was seen that could have grown old."""
    clock = FakeClock()
    office = desk(Machine(), clock)
    incident = await found(office)
    clock.pass_time(hours=1)
    incident = await decide.approve(office, incident.number, "bob", "", {"dag_run_id": "manual__7"})
    assert incident.action_status is ActionStatus.APPROVED


async def test_what_is_well_by_then_is_not_acted_on() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await found(office)
    machine.healthy = True
    with pytest.raises(Refused, match="nothing to mend"):
        await decide.approve(office, incident.number, "bob", "", {"dag_run_id": "manual__7"})


async def test_it_is_never_sent_whatever_happens() -> None:
    machine = Machine()
    office = desk(machine)
    incident = await found(office)
    assert incident.action
    forced = await office.record(incident, Approved(office.clock.now(), "eve", incident.action.id))
    ended = await act.start(office, forced)
    assert machine.acts == []
    assert [tried.status for tried in ended.tried] == [ActionStatus.FAILED]


async def test_a_target_that_looks_well_proves_nothing_about_what_was_not_named() -> None:
    incident = await found(desk(Machine(healthy=True)))
    assert incident.status is Status.OPEN
    assert incident.action


async def test_the_target_names_what_the_log_does_not() -> None:
    machine = Telling(says={"dag_run_id": "manual__9"})
    incident = await found(desk(machine))
    assert incident.action
    assert (incident.action.lacking, incident.action.seen) == ((), machine.state)
    assert incident.action.parameters["dag_run_id"] == "manual__9"
    assert machine.looked[0]["dag_id"] == "orders", "whatever is known helps it to look"
    assert machine.looked[1] == incident.action.parameters, "it is bound to the state of exactly that"
    assert incident.identifiers.get("dag_run_id") is None, "an incident's names stand in its log"


async def test_the_target_knows_better_than_the_log() -> None:
    """A task that was not run since another had failed: what is mended is the other."""
    machine = Telling(says={"task_id": "extract"})
    incident = await found(desk(machine), TIMEOUT)
    assert incident.action
    assert incident.action.parameters["task_id"] == "extract"
    assert [one["task_id"] for one in machine.looked] == ["transform", "extract"]


@pytest.mark.parametrize("hostile", ["", "x" * 251, "a\nb", "\x1b[2J", "\u202egol", "a\x00"])
async def test_a_name_that_cannot_be_one_is_not_taken(hostile: str) -> None:
    incident = await found(desk(Telling(says={"dag_run_id": hostile})))
    assert incident.action
    assert incident.action.lacking == ("dag_run_id",)


async def test_whatever_a_target_says_is_data() -> None:
    """Random text in every place where a target may say something: nothing is raised, and nothing of it is obeyed."""
    chance = random.Random(6)
    alphabet = "ab-_./ {}[]<@!>*`\n\r\t\x00\x1b\u202e\u2028☃💥'\";$()%"
    for _ in range(200):
        name, shows = ("".join(chance.choices(alphabet, k=chance.randrange(300))) for _ in range(2))
        incident = await found(
            desk(Telling(says={"dag_run_id": name, name: name}, cause="airflow/run-failed", shows=shows))
        )
        assert incident.diagnosis
        assert incident.action
        assert incident.action.lacking or incident.action.parameters["dag_run_id"] == name
        assert not {"\x1b", "\x00", "\u202e"} & set(incident.diagnosis.root_cause)
        assert len(incident.diagnosis.root_cause) < 1000


async def test_a_name_with_a_template_in_it_stays_what_it_is() -> None:
    incident = await found(desk(Telling(says={"dag_run_id": "{task_id}[x]"})))
    assert incident.action
    assert incident.action.effect == "Does restart_dag_task with orders {task_id}[x] transform"


async def test_a_better_cause_is_said_and_its_own_action_proposed() -> None:
    office = desk(Telling(cause="airflow/run-failed"))
    incident = await found(office, TIMEOUT)
    assert incident.action
    assert incident.diagnosis
    assert incident.action.name == "clear_dag_run"
    assert incident.diagnosis.root_cause.startswith(
        f"The log says: {incident.signal.title}. Airflow says that its worker was killed. "
    )
    assert incident.diagnosis.category == office.detector.patterns["airflow/run-failed"].category


async def test_what_mended_a_better_cause_teaches_about_that_cause() -> None:
    machine = Telling(cause="airflow/run-failed", verdicts=[Judgement.FAILED])
    office = desk(machine)
    first = await found(office, TIMEOUT)
    await decide.approve(office, first.number, "bob")
    await settle(office, first)
    assert await office.incidents.lessons("airflow/task-timeout", "production") == []
    [learned] = await office.incidents.lessons("airflow/run-failed", "production")
    assert (learned.action, learned.judgement) == ("clear_dag_run", Judgement.FAILED)
    [second] = await group.hear(office, [entry(TIMEOUT.replace("orders", "invoices"), source="/logs/b.log")])
    second = await settle(office, second)
    assert first.diagnosis
    assert second.diagnosis
    assert second.failure == "airflow/run-failed"
    assert "clear_dag_run worked 0 of 1 time here." in second.diagnosis.because
    assert second.diagnosis.confidence < first.diagnosis.confidence


async def test_an_action_that_lacks_nothing_stays_before_one_of_the_cause_that_does() -> None:
    """The cause is said all the same."""
    cluster = Cluster(name="kubernetes", cause=OOM)
    cluster.named_by = ("dag_id",)
    office = desk(Machine())
    incident = await found(replace(office, targets={**office.targets, "kubernetes": cluster}), TIMEOUT)
    assert incident.action
    assert incident.diagnosis
    assert (incident.action.name, incident.action.lacking) == ("restart_dag_task", ())
    assert "Kubernetes says that its worker was killed" in incident.diagnosis.root_cause


async def test_a_cause_that_nobody_knows_changes_nothing() -> None:
    incident = await found(desk(Telling(cause="no/such-failure")), TIMEOUT)
    assert incident.diagnosis
    assert "log says" not in incident.diagnosis.root_cause
    assert incident.action
    assert incident.action.name == "restart_dag_task"


async def test_another_target_is_asked_where_the_log_names_a_thing_of_it() -> None:
    cluster = Telling(name="kubernetes", cause=OOM)
    cluster.named_by = ("namespace", "pod_name")
    office = desk(Machine())
    office = replace(office, targets={**office.targets, "kubernetes": cluster})
    named = '{"level":"error","message":"Connection refused","namespace":"shop","pod_name":"web-7d9f-x2x"}'
    incident = await found(office, named)
    assert [one["pod_name"] for one in cluster.looked] == ["web-7d9f-x2x"]
    assert incident.diagnosis
    assert incident.diagnosis.category == "out_of_memory"
    assert sum(isinstance(event, Looked) for event in await office.incidents.timeline(incident.id)) == 1
    assert "went over" not in incident.diagnosis.summary, "the incident keeps its name"


async def test_a_target_of_which_nothing_is_named_is_left_alone() -> None:
    cluster = Telling(name="kubernetes", cause=OOM)
    cluster.named_by = ("namespace", "pod_name")
    office = desk(Machine())
    await found(replace(office, targets={**office.targets, "kubernetes": cluster}), TIMEOUT)
    assert cluster.looked == []
