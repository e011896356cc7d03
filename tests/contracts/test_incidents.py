"""What every memory of incidents must hold to."""

from __future__ import annotations

import asyncio
from typing import get_args

import pytest

from engine.errors import NotFound, Stale
from engine.events import Closed, Diagnosed, Event, Looked, Noted, Opened, Reopened, Resolved, Verified, apply, begin
from engine.model import Evidence, Incident, IncidentId, Judgement, Status, Verdict, WaitsFor
from engine.ports import Incidents
from tests.contracts.story import action, at, diagnosis, new_id, opened, signal, tell, whole_story
from tests.waiting import PATIENCE


async def test_what_was_opened_can_be_read_back(incidents: Incidents) -> None:
    incident = await incidents.open(new_id(), opened())
    assert incident == begin(new_id(), 1, opened())
    assert await incidents.get(new_id()) == incident
    assert await incidents.numbered(1) == incident
    assert await incidents.latest(incident.fingerprint) == incident
    assert list(await incidents.timeline(new_id())) == [opened()]


async def test_a_whole_story_is_kept_as_it_was_told(incidents: Incidents) -> None:
    after = await tell(incidents, await incidents.open(new_id(), opened()), whole_story())
    timeline = list(await incidents.timeline(new_id()))
    assert timeline == [opened(), *whole_story()]
    assert {type(event) for event in timeline} == set(get_args(Event))
    assert await incidents.get(new_id()) == after
    assert after.sequence == len(timeline)


async def test_what_does_not_exist_is_not_found(incidents: Incidents) -> None:
    for call in (incidents.get(new_id()), incidents.numbered(7), incidents.timeline(new_id())):
        with pytest.raises(NotFound, match="There is no incident"):
            await call
    with pytest.raises(NotFound):
        await incidents.append(apply(begin(new_id(), 1, opened()), Closed(at(1))), Closed(at(1)))
    assert await incidents.latest("unheard of") is None
    assert list(await incidents.list()) == []
    assert list(await incidents.untold("web")) == []
    assert list(await incidents.lessons("unheard of", "production")) == []
    await incidents.told("web", new_id(), 1)


async def test_the_second_of_two_who_decide_is_stale(incidents: Incidents) -> None:
    seen = await incidents.open(new_id(), opened())
    first, second = Noted(at(1), "ann", "mine"), Noted(at(1), "bob", "mine")
    await incidents.append(apply(seen, first), first)
    with pytest.raises(Stale):
        await incidents.append(apply(seen, second), second)
    assert list(await incidents.timeline(new_id())) == [opened(), first]


async def test_an_event_from_the_future_is_stale(incidents: Incidents) -> None:
    seen = await incidents.open(new_id(), opened())
    note = Noted(at(1), "ann", "one too far")
    with pytest.raises(Stale):
        await incidents.append(apply(apply(seen, note), note), note)


async def test_of_many_who_decide_at_once_one_wins(incidents: Incidents) -> None:
    incident = await incidents.open(new_id(), opened())
    for turn in range(50):
        notes = [Noted(at(turn), who, "mine") for who in ("ann", "bob", "eve")]
        tries = (incidents.append(apply(incident, note), note) for note in notes)
        answers = await asyncio.gather(*tries, return_exceptions=True)
        assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "Stale", "Stale"]
        winner = notes[answers.index(None)]
        incident = apply(incident, winner)
        assert await incidents.get(incident.id) == incident
    assert len(await incidents.timeline(incident.id)) == 51


async def test_of_many_openings_of_one_failure_one_wins(incidents: Incidents) -> None:
    tries = (incidents.open(new_id(number), opened()) for number in range(20))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    won = [answer for answer in answers if isinstance(answer, Incident)]
    assert len(won) == 1
    assert sum(isinstance(answer, Stale) for answer in answers) == 19
    assert list(await incidents.list()) == won
    assert won[0].number == 1


async def test_many_openings_of_different_failures_are_numbered_without_a_gap(incidents: Incidents) -> None:
    tries = (incidents.open(new_id(number), opened(f"failure {number}")) for number in range(20))
    numbers = [incident.number for incident in await asyncio.gather(*tries)]
    assert sorted(numbers) == list(range(1, 21))
    assert [one.number for one in await incidents.list(limit=100)] == list(range(20, 0, -1))


async def test_fingerprints_differ_by_case_and_by_their_end(incidents: Incidents) -> None:
    for number, fingerprint in enumerate(("Orders", "orders", "örders", "x" * 400 + "1", "x" * 400 + "2")):
        await incidents.open(new_id(number), opened(fingerprint))
        found = await incidents.latest(fingerprint)
        assert found is not None
        assert found.fingerprint == fingerprint


async def test_a_failure_that_is_over_can_open_again(incidents: Incidents) -> None:
    first = await tell(incidents, await incidents.open(new_id(1), opened()), [Resolved(at(1), "ann", "rain")])
    second = await incidents.open(new_id(2), opened(seconds=2))
    assert second.number == 2
    assert await incidents.latest(second.fingerprint) == second
    with pytest.raises(Stale):  # two active ones of the same failure would both be acted upon
        await tell(incidents, first, [Reopened(at(3), signal())])
    assert await incidents.get(new_id(1)) == first


async def test_the_same_id_twice_is_stale(incidents: Incidents) -> None:
    await incidents.open(new_id(), opened("one"))
    with pytest.raises(Stale):
        await incidents.open(new_id(), opened("two"))
    assert (await incidents.open(new_id(2), opened("two"))).number == 2


async def test_each_waits_for_machine_person_or_nobody(incidents: Incidents) -> None:
    for number in (1, 2, 3, 4):
        await incidents.open(new_id(number), opened(f"failure {number}", seconds=number))
    proposed = Diagnosed(at(10), diagnosis(action()))
    second = await tell(incidents, await incidents.get(new_id(2)), [proposed])
    third = await tell(incidents, await incidents.get(new_id(3)), [Resolved(at(11), "ann", "rain")])
    waiting = await incidents.waiting_for(WaitsFor.MACHINE)
    assert [one.id for one in waiting] == [new_id(1), new_id(4)]
    assert list(await incidents.waiting_for(WaitsFor.PERSON)) == [second]
    assert list(await incidents.waiting_for(WaitsFor.NOBODY)) == [third]


async def test_a_list_is_newest_first_and_by_status(incidents: Incidents) -> None:
    for number in (1, 2, 3):
        await incidents.open(new_id(number), opened(f"failure {number}"))
    await tell(incidents, await incidents.get(new_id(2)), [Resolved(at(1), "ann", "rain")])
    assert [one.number for one in await incidents.list()] == [3, 2, 1]
    assert [one.number for one in await incidents.list(limit=2)] == [3, 2]
    assert [one.number for one in await incidents.list([Status.RESOLVED])] == [2]
    assert [one.number for one in await incidents.list([Status.OPEN, Status.RESOLVED])] == [3, 2, 1]
    assert list(await incidents.list([Status.CLOSED])) == []


async def test_what_was_not_told_is_told_in_order_and_once(incidents: Incidents) -> None:
    first = await incidents.open(new_id(1), opened("one"))
    await incidents.open(new_id(2), opened("two"))
    note = Noted(at(1), "ann", "hm")
    after = await tell(incidents, first, [note, Looked(at(2), Evidence("airflow", "well"))])
    untold = list(await incidents.untold("web"))
    assert [(one.incident.number, one.sequence) for one in untold] == [(1, 1), (2, 1), (1, 2), (1, 3)]
    assert untold[0].incident == untold[3].incident == after  # as it stands now
    assert untold[2].event == note
    assert list(await incidents.untold("web", limit=2)) == untold[:2]
    await incidents.told("web", new_id(1), 2)
    await incidents.told("web", new_id(1), 2)
    assert [(one.incident.number, one.sequence) for one in await incidents.untold("web")] == [(2, 1), (1, 3)]
    assert [one.sequence for one in await incidents.untold("slack")] == [1, 1, 2, 3]
    await incidents.told("web", new_id(1), 3)
    assert [(one.incident.number, one.sequence) for one in await incidents.untold("web")] == [(2, 1)]


async def test_what_one_room_waits_for_keeps_no_other_waiting(incidents: Incidents) -> None:
    for number in range(1, 6):
        await incidents.open(new_id(number), opened(f"failure {number}", service="spark"))
    await incidents.open(new_id(6), opened("another"))

    async def numbers(listener: str, *busy: str) -> list[int]:
        return [one.incident.number for one in await incidents.untold(listener, 2, busy)]

    assert await numbers("web") == [1, 2, 6]
    assert await numbers("web", "spark") == [6]
    assert await numbers("web", "spark", "airflow") == []
    assert await numbers("slack") == [1, 2]
    await incidents.told("web", new_id(1), 1)
    assert await numbers("web") == [2, 3, 6]


async def test_an_incident_that_changes_rooms_is_told_whole(incidents: Incidents) -> None:
    for number in range(1, 5):
        await incidents.open(new_id(number), opened(f"failure {number}"))
    await tell(incidents, await incidents.get(new_id(4)), [Noted(at(1), "ann", "hm"), Resolved(at(2), "ann", "rain")])
    untold = [(one.incident.number, one.sequence) for one in await incidents.untold("web", 2)]
    assert untold == [(1, 1), (2, 1), (4, 1), (4, 2), (4, 3)]
    assert [one.sequence for one in await incidents.untold("web", 2, ("airflow",))] == [1, 2, 3]


async def test_who_does_not_listen_is_told_nothing(incidents: Incidents) -> None:
    incident = await incidents.open(new_id(), opened())
    await incidents.told("nobody", incident.id, 1)
    assert list(await incidents.untold("nobody")) == []
    assert len(await incidents.untold("web")) == 1


async def test_while_many_write_no_event_stays_untold(incidents: Incidents) -> None:
    """A teller that reads along sees each incident's events in their order and misses none."""
    told: list[tuple[IncidentId, int]] = []

    async def write(number: int) -> None:
        incident = await incidents.open(new_id(number), opened(f"failure {number}"))
        await tell(incidents, incident, [Noted(at(turn), "ann", str(turn)) for turn in range(9)])

    async def read() -> None:
        while len(told) < 50:
            for one in await incidents.untold("web", limit=7):
                told.append((one.incident.id, one.sequence))
                await incidents.told("web", one.incident.id, one.sequence)
            await asyncio.sleep(0)

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(read(), *(write(number) for number in range(5)))
    assert all([s for id, s in told if id == new_id(number)] == list(range(1, 11)) for number in range(5))


async def test_begun_actions_are_counted_by_target_and_time(incidents: Incidents) -> None:
    await tell(incidents, await incidents.open(new_id(), opened()), whole_story())
    assert await incidents.begun("airflow", at(0)) == 2
    assert await incidents.begun("airflow", at(10)) == 1
    assert await incidents.begun("airflow", at(13)) == 0
    assert await incidents.begun("spark", at(0)) == 0


async def test_lessons_are_newest_first_and_of_this_pattern_and_environment(incidents: Incidents) -> None:
    judgements = [Judgement.WORKED, Judgement.FAILED, Judgement.UNKNOWN]
    for number, judgement in enumerate(judgements):
        incident = await incidents.open(new_id(number), opened(f"failure {number}"))
        proposed = Diagnosed(at(1), diagnosis(action(f"a{number}")))
        await tell(incidents, incident, [proposed, Verified(at(30 + number), f"a{number}", Verdict(judgement, "so"))])
    await incidents.open(new_id(9), opened("other", pattern="spark.out_of_memory"))
    lessons = await incidents.lessons("airflow.pool_full", "production")
    assert [lesson.judgement for lesson in lessons] == judgements[::-1]
    assert [lesson.incident for lesson in lessons] == [new_id(2), new_id(1), new_id(0)]
    assert lessons[0].at == at(32)
    assert (lessons[0].action, lessons[0].confidence) == ("raise_pool", 0.7142857142857143)
    assert list(await incidents.lessons("airflow.pool_full", "staging")) == []
    assert list(await incidents.lessons("spark.out_of_memory", "production")) == []


async def test_a_lesson_counts_from_approval(incidents: Incidents) -> None:
    await tell(incidents, await incidents.open(new_id(), opened()), whole_story())
    lesson, rejected = await incidents.lessons("airflow.pool_full", "production")
    assert (lesson.seconds, lesson.judgement, lesson.incident) == (30.0, Judgement.WORKED, new_id())
    assert (rejected.judgement, rejected.rejected, lesson.rejected) == (Judgement.UNKNOWN, True, False)


async def test_what_comes_back_within_the_watch_had_not_worked(incidents: Incidents) -> None:
    for number in range(2):
        incident = await incidents.open(new_id(number), opened(f"failure {number}"))
        worked = Verified(at(30), f"a{number}", Verdict(Judgement.WORKED, "so"))
        await tell(incidents, incident, [Diagnosed(at(1), diagnosis(action(f"a{number}"))), worked])
    await tell(incidents, await incidents.get(new_id(0)), [Reopened(at(99), signal())])
    lasted, recurred = await incidents.lessons("airflow.pool_full", "production")
    assert (lasted.recurred, recurred.recurred) == (False, True)
    assert (lasted.judgement, recurred.judgement) == (Judgement.WORKED, Judgement.WORKED)
    await tell(
        incidents, await incidents.get(new_id(0)), [Resolved(at(120), "ann", "by hand"), Reopened(at(130), signal())]
    )
    assert [one.recurred for one in await incidents.lessons("airflow.pool_full", "production")] == [False, True]


async def test_an_action_is_known_from_everywhere(incidents: Incidents) -> None:
    told = [("airflow.pool_full", "raise_pool"), ("airflow.dag_late", "raise_pool"), ("airflow.dag_late", "clear")]
    for number, (pattern, name) in enumerate(told):
        incident = await incidents.open(new_id(number), opened(f"failure {number}", pattern=pattern))
        check = Verified(at(30 + number), f"a{number}", Verdict(Judgement.WORKED, "so"))
        await tell(incidents, incident, [Diagnosed(at(1), diagnosis(action(f"a{number}", name))), check])
    assert [(one.pattern, one.action) for one in await incidents.lessons_of(["raise_pool"])] == told[1::-1]
    assert len(await incidents.lessons_of(["raise_pool"], limit=1)) == 1
    assert [one.action for one in await incidents.lessons_of(())] == ["clear", "raise_pool", "raise_pool"]
    assert list(await incidents.lessons_of(["unheard of"])) == []


async def test_at_most_200_lessons_are_read(incidents: Incidents) -> None:
    incident = await incidents.open(new_id(), opened())
    checks = [Verified(at(turn), "a1", Verdict(Judgement.UNKNOWN, str(turn))) for turn in range(203)]
    await tell(incidents, incident, [Diagnosed(at(0), diagnosis(action())), *checks])
    lessons = await incidents.lessons("airflow.pool_full", "production")
    assert [lesson.at for lesson in lessons] == [at(turn) for turn in range(202, 2, -1)]


async def test_a_very_long_line_is_kept_whole(incidents: Incidents) -> None:
    long = opened(title="t" * 900, service="s" * 300, text="💥" * 100_000, pattern="p" * 300)
    incident = await incidents.open(new_id(), long)
    assert await incidents.get(new_id()) == incident == begin(new_id(), 1, long)


async def test_opened_is_the_first_thing_to_tell(incidents: Incidents) -> None:
    incident = await incidents.open(new_id(), opened())
    (only,) = await incidents.untold("web")
    assert (only.incident, only.sequence) == (incident, 1)
    assert isinstance(only.event, Opened)
