"""A row of actions that works is found, proposed to people, and once accepted proposed as a plan, while it works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from engine import decide
from engine.desk import Desk
from engine.errors import Refused
from engine.events import Verified
from engine.knowledge import Pattern
from engine.knowledge_base import KnowledgeEntry, Library
from engine.learn.plans import ACCEPTED, entry_of, found, outcomes, taught
from engine.model import ActionStatus, Incident, Judgement, Lesson, Status
from storage.knowledge_entries import MemoryKnowledgeEntries
from storage.memory import MemoryIncidents
from tests.clock import NOW, FakeClock
from tests.engine.desks import DETECTOR, Machine, desk, proposed, settle
from tests.engine.test_learn import FIX, OTHER, lesson

TIMEOUT = DETECTOR.patterns["airflow/task-timeout"]
ROW = (FIX, OTHER)


def row(outcomes: str, *, start: int = 0, actions: Sequence[str] = ROW) -> list[Lesson]:
    """An incident for each letter, oldest first: the first action fails, the last one works or not. Newest first."""
    told = []
    for number, one in enumerate(outcomes, start):
        for turn, action in enumerate(actions):
            good = one == "+" and action == actions[-1]
            told.append(lesson(good, 10 * number + turn, action=action, pattern=TIMEOUT.id, incident=f"i{number}"))
    return told[::-1]


@dataclass
class Remembering(MemoryIncidents):
    """A memory that begins with outcomes of the past."""

    past: list[Lesson] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(("web",))

    async def lessons(self, pattern: str, environment: str) -> Sequence[Lesson]:
        here = [one for one in self.past if (one.pattern, one.environment) == (pattern, environment)]
        return [*await super().lessons(pattern, environment), *here]

    async def lessons_of(self, actions: Sequence[str], limit: int = 400) -> Sequence[Lesson]:
        return [*await super().lessons_of(actions, limit), *self.past][:limit]


def entry(outcomes: str = "+++") -> KnowledgeEntry:
    [one] = found(TIMEOUT, row(outcomes))
    return entry_of(one, TIMEOUT, NOW)


def taught_desk(machine: Machine, past: Sequence[Lesson] = ()) -> Desk:
    clock = FakeClock()
    library = Library(MemoryKnowledgeEntries(clock))
    return replace(desk(machine, clock), incidents=Remembering([*past]), library=library)


async def accepted(office: Desk) -> KnowledgeEntry:
    assert office.library
    await office.library.keep([entry()])
    return await office.library.decide(entry().id, "bob", NOW, accept=True)


def steps(incident: Incident) -> list[str]:
    assert incident.action
    return [one.name for one in (incident.action, *incident.action.then)]


def test_a_row_is_found_once_it_worked_several_times() -> None:
    assert found(TIMEOUT, row("++")) == []
    [one] = found(TIMEOUT, row("+++"))
    assert (one.actions, one.worked) == (ROW, 3)
    assert found(TIMEOUT, row("+++", actions=(FIX,))) == [], "that is what the knowledge file begins with"
    assert found(TIMEOUT, row("+++", actions=(FIX, "reboot_moon"))) == [], "nobody knows what that needs"


def test_the_entry_says_what_was_seen_and_is_always_the_same() -> None:
    one, other = entry(), entry("++++")
    assert one.id == other.id
    assert one.learned
    assert one.proposed
    assert one.title == f"Airflow task ran into its timeout: {FIX}, then {OTHER}"
    assert one.description == f"{FIX}, then {OTHER} worked 3 of 3 times in production, in 1 min on average."
    assert (one.automated_actions, one.success_rate) == (ROW, 0.8)
    assert not replace(one, created_by="mallory").learned


def test_an_accepted_row_comes_before_what_ships_with_all_its_parameters() -> None:
    first, *_, plan = taught(TIMEOUT, [entry()]).proposals
    assert (plan.name, [step.name for step in plan.then], plan.prior) == (FIX, [OTHER], ACCEPTED)
    assert (plan.parameters, plan.then[0].parameters) == (first.parameters, TIMEOUT.proposals[1].parameters)
    assert taught(TIMEOUT, [replace(entry(), automated_actions=("reboot_moon",))]) == TIMEOUT


def test_a_row_is_counted_as_a_whole() -> None:
    def judged(lessons: Sequence[Lesson]) -> list[Judgement]:
        return [one.judgement for one in outcomes(lessons, ROW)]

    assert judged(row("+-")) == [Judgement.FAILED, Judgement.WORKED]
    assert judged(row("-", actions=(FIX,))) == [Judgement.FAILED], "given up halfway"
    assert judged(row("+", actions=(FIX,))) == [Judgement.WORKED], "the first action was enough"
    assert judged(row("+", actions=(OTHER,))) == [], "something else was done"


async def test_once_accepted_it_is_proposed_as_a_plan_that_goes_on_where_the_first_step_fails() -> None:
    machine = Machine(verdicts=[Judgement.FAILED, Judgement.WORKED])
    office = taught_desk(machine, row("+++"))
    assert office.library
    await office.library.keep([entry()])
    assert steps(await proposed(machine, office)) != [*ROW], "nobody has accepted it"
    office = taught_desk(machine, row("+++"))
    known = await accepted(office)
    incident = await proposed(machine, office)
    assert steps(incident) == [*ROW]
    assert incident.diagnosis
    assert f"{FIX}, then {OTHER} worked 3 of 3 times here." in incident.diagnosis.because
    assert (await office.library.get(known.id)).last_used is not None if office.library else False
    await decide.approve(office, incident.number, "bob")
    incident = await settle(office, incident)
    assert machine.acts == [*ROW]
    assert incident.status is Status.RESOLVED
    assert [one.status for one in incident.tried] == [ActionStatus.FAILED, ActionStatus.COMPLETED]
    verdicts = [one for one in await office.incidents.timeline(incident.id) if isinstance(one, Verified)]
    assert [one.verdict.judgement for one in verdicts] == [Judgement.FAILED, Judgement.WORKED]
    lessons = await office.incidents.lessons(TIMEOUT.id, "production")
    assert [one.judgement for one in outcomes(lessons, ROW)] == [Judgement.WORKED] * 4


async def test_a_plan_that_ends_badly_is_over() -> None:
    machine = Machine(verdicts=[Judgement.FAILED])
    office = taught_desk(machine)
    await accepted(office)
    incident = await proposed(machine, office)
    await decide.approve(office, incident.number, "bob")
    incident = await settle(office, incident)
    assert machine.acts == [*ROW]
    assert incident.status is not Status.RESOLVED
    assert incident.action is None


async def test_a_first_step_whose_end_nobody_knows_stops_the_plan() -> None:
    machine = Machine(verdicts=[Judgement.UNKNOWN])
    office = taught_desk(machine)
    await accepted(office)
    incident = await proposed(machine, office)
    await decide.approve(office, incident.number, "bob")
    await settle(office, incident)
    assert machine.acts == [FIX]


async def test_a_plan_that_stops_working_gives_way_to_what_works() -> None:
    alone = row("+++", actions=(OTHER,), start=9)
    office = taught_desk(Machine(), [*alone, *row("++++")])
    await accepted(office)
    assert steps(await proposed(Machine(), office)) == [*ROW], "what a person accepted comes first while it works"
    office = taught_desk(Machine(), [*alone, *row("--", start=4), *row("++++")])
    await accepted(office)
    assert steps(await proposed(Machine(), office)) == [OTHER]


async def test_it_is_decided_once() -> None:
    library = Library(MemoryKnowledgeEntries(FakeClock()))
    await library.keep([entry()])
    assert await library.learned(TIMEOUT.id, "production") == []
    await library.decide(entry().id, "bob", NOW, accept=False)
    with pytest.raises(Refused, match="dismissed already"):
        await library.decide(entry().id, "bob", NOW, accept=False)
    assert entry().id not in [one.id for one in await library.all()]
    assert await library.search(entry().title) == []
    told = await library.decide(entry().id, "cleo", NOW, accept=True)
    assert told.description.endswith("Dismissed by bob on 2026-11-21.\nAccepted by cleo on 2026-11-21.")
    with pytest.raises(Refused, match="accepted already"):
        await library.decide(entry().id, "bob", NOW, accept=True)
    assert [one.id for one in await library.learned(TIMEOUT.id, "production")] == [entry().id]
    assert await library.learned(TIMEOUT.id, "staging") == []


def test_a_file_that_begins_with_the_same_plan_knows_it_already() -> None:
    known: Pattern = replace(TIMEOUT, proposals=(replace(TIMEOUT.proposals[0], then=TIMEOUT.proposals[1:]),))
    assert found(known, row("+++")) == []


async def test_what_a_person_accepted_here_is_not_doubted_for_what_its_first_action_did_elsewhere() -> None:
    elsewhere = [replace(one, environment="staging") for one in row("-" * 8, actions=(FIX,))]
    office = taught_desk(Machine(), [*elsewhere, *row("++++", actions=ROW)])
    await accepted(office)
    sure = await proposed(Machine(), office)
    alone = taught_desk(Machine(), row("++++", actions=ROW))
    await accepted(alone)
    same = await proposed(Machine(), alone)
    assert steps(sure) == [*ROW]
    assert sure.diagnosis
    assert same.diagnosis
    assert sure.diagnosis.confidence == same.diagnosis.confidence
