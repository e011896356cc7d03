"""What outcomes teach: how sure we are, how soon a change is noticed, and what earns no credit."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from engine import decide, group
from engine.events import Reopened
from engine.learn import Elsewhere, Record, record, relapse
from engine.learn.belief import Beta, Seen, believe
from engine.learn.factors import factors
from engine.learn.feedback import learning_record
from engine.learn.sequences import proposed, sequences
from engine.learn.trust import HIGHEST, Bound, threshold, trusted
from engine.model import IncidentId, Judgement, Lesson
from tests.clock import NOW
from tests.engine.desks import Machine, desk, entry, settle
from tests.engine.desks import proposed as shown

FIX, OTHER = "restart_dag_task", "clear_dag_run"
PRIOR = Beta(3.0, 1.0)


def lesson(
    worked: bool | Judgement = True, number: int = 0, *, action: str = FIX, pattern: str = "a/b", **changes: object
) -> Lesson:
    judgement = worked if isinstance(worked, Judgement) else (Judgement.WORKED if worked else Judgement.FAILED)
    given: dict[str, object] = {"environment": "production", "confidence": 0.75, "seconds": 60.0, **changes}
    at = NOW + timedelta(minutes=number)
    return Lesson(at, IncidentId(str(given.pop("incident", number))), pattern, action, judgement=judgement, **given)  # type: ignore[arg-type] # a table of changes


def history(outcomes: str, **changes: object) -> list[Lesson]:
    """``+`` worked, ``-`` failed, oldest first; given back newest first."""
    told = [lesson(one == "+", number, **changes) for number, one in enumerate(outcomes)]  # type: ignore[arg-type] # as above
    return told[::-1]


def confidence(outcomes: str) -> float:
    return record(history(outcomes), FIX, 0.75).confidence


@pytest.mark.parametrize(("good", "bad"), [(1, 1), (2, 5), (30, 3), (200, 90)])
@pytest.mark.parametrize("bound", [0.01, 0.3, 0.75, 0.95])
def test_the_tail_of_a_beta_is_the_sum_of_a_binomial(good: int, bad: int, bound: float) -> None:
    n = good + bad - 1
    below = sum(math.comb(n, k) * bound**k * (1 - bound) ** (n - k) for k in range(good, n + 1))
    assert Beta(good, bad).above(bound) == pytest.approx(1 - below, abs=1e-9)


def test_what_was_not_tried_is_as_likely_as_the_knowledge_file_says() -> None:
    assert confidence("") == 0.75
    assert str(record([], FIX, 0.75)) == "not tried here yet"


@pytest.mark.parametrize("given", [0.0, 1.0])
def test_always_and_never_can_be_contradicted(given: float) -> None:
    told = [record(history(outcomes), FIX, given) for outcomes in ("", "+" * 64, "-" * 64, "+-" * 32)]
    assert all(0.0 < one.confidence < 1.0 and 0.0 <= one.belief.above(0.75) <= 1.0 for one in told)
    assert told[1].confidence > 0.9
    assert told[2].confidence < 0.1


def test_outcomes_move_it_and_recent_ones_most() -> None:
    assert confidence("+") > 0.75 > confidence("-")
    assert confidence("+++---") < confidence("---+++") - 0.05
    assert str(record(history("++-"), FIX, 0.75)) == "worked 2 of 3 times here"


def test_the_confidence_says_what_it_is_made_of() -> None:
    def told(known: Record, threshold: float = 0.7, *, accepted: bool = False) -> list[str]:
        return list(factors(known, threshold, 0.7, accepted=accepted))

    assert told(record([], FIX, 0.75)) == [
        "Before any outcome: 75%, says the knowledge file.",
        "Under 70% I would warn you: so say the settings.",
    ]
    elsewhere = Elsewhere("a/b", "production", [*history("-" * 9, environment="staging"), *history("++")])
    others = [lesson(Judgement.RECOVERED), lesson(Judgement.UNKNOWN, rejected=True)]
    known = record([*others, *history("-" + "+" * 9)], FIX, 0.75, elsewhere)
    here = f"{', '.join(['worked'] * 8)}, …; rejected 1 time, each half a failure"
    assert told(known, 0.64)[1:] == [
        f"Elsewhere (other failures, other environments) it worked 0 of 9: {known.before:.0%}.",
        f"Here, newest first: {here}. The newest count most: {known.confidence:.0%}.",
        "1 more count for nothing: it recovered by itself, or nobody knows what became of it.",
        "Under 64% I would warn you: 70% in the settings, moved by the outcomes here.",
    ]
    assert told(record([], FIX, 0.75), accepted=True)[0] == "Before any outcome: 75%, because a person has accepted it."


def test_a_change_is_noticed_within_a_handful_of_outcomes() -> None:
    always = "+" * 30
    assert confidence(always) > 0.9
    assert confidence(always + "-") > 0.7
    assert confidence(always + "---") < 0.5


def test_one_that_fails_now_and_then_is_not_believed_broken() -> None:
    assert confidence("+++++-" * 6) > 0.7


def test_a_belief_is_sharper_the_more_it_stands_on() -> None:
    few, many = (believe(Beta(1, 1), [Seen(1.0)] * n) for n in (3, 30))
    assert many.above(0.75) > few.above(0.75)
    assert sum(share for share, _ in many.stories) == pytest.approx(1)


@pytest.mark.parametrize("said", [Judgement.UNKNOWN, Judgement.RECOVERED, Judgement.NOT_YET])
def test_what_nobody_knows_or_mended_itself_says_nothing(said: Judgement) -> None:
    only = record([lesson(said)], FIX, 0.75)
    assert (only.confidence, only.tried, only.seconds) == (0.75, 0, None)


def test_what_came_back_counts_as_failed_and_a_rejection_as_half_a_failure() -> None:
    failed = record([lesson(worked=False)], FIX, 0.75)
    recurred = record([lesson(recurred=True)], FIX, 0.75)
    rejected = record([lesson(Judgement.UNKNOWN, rejected=True)], FIX, 0.75)
    assert recurred.confidence == failed.confidence < rejected.confidence < 0.75
    assert (recurred.worked, recurred.tried, rejected.tried) == (0, 1, 0)


def test_elsewhere_counts_less_than_here_and_another_failure_least() -> None:
    def after(**there: object) -> float:
        return record([], FIX, 0.75, Elsewhere("a/b", "production", history("-" * 6, **there))).confidence

    here = record(history("-" * 6), FIX, 0.75).confidence
    assert here < after(environment="staging") < after(pattern="c/d") < 0.75
    assert after(action=OTHER) == 0.75


def test_any_number_of_outcomes_elsewhere_is_worth_only_so_many() -> None:
    def given(n: int) -> float:
        return record([], FIX, 0.3, Elsewhere("a/b", "production", history("+" * n, pattern="c/d"))).confidence

    assert 0.3 < given(5) < given(200) < 0.9


def test_what_is_not_tried_for_long_is_believed_what_it_was_at_first() -> None:
    broken = history("-----")
    long_after = [lesson(number=100 + n, action=OTHER) for n in range(60)][::-1] + broken
    assert record(broken, FIX, 0.75).confidence < record(long_after, FIX, 0.75).confidence < 0.75


def test_trust_needs_enough_outcomes_and_good_ones() -> None:
    bound = Bound(wrong=0.25, sure=0.9)
    trusts = {seen: trusted(record(history(seen), FIX, 0.75).belief, bound) for seen in ("", "+", "+" * 20, "+-" * 10)}
    assert trusts == {"": False, "+": False, "+" * 20: True, "+-" * 10: False}
    assert not trusted(record(history("+" * 20 + "--"), FIX, 0.75).belief, bound)


def test_a_threshold_rises_with_failures_and_stands_still_where_as_many_fail_as_may() -> None:
    assert threshold([], FIX, 0.7, 0.25) == 0.7
    assert threshold(history("--"), FIX, 0.7, 0.25) == pytest.approx(0.775)
    assert threshold(history("+++-"), FIX, 0.7, 0.25) == pytest.approx(0.7)
    assert threshold(history("+" * 99), FIX, 0.7, 0.25) == 0.5
    assert threshold(history("-" * 99), FIX, 0.7, 0.25) == HIGHEST
    assert threshold(history("-", action=OTHER), FIX, 0.7, 0.25) == 0.7


def test_the_record_of_the_users_document() -> None:
    told = learning_record(lesson(seconds=90.0, confidence=0.85), [])
    assert told == {
        "success": True,
        "resolution_time": 90,
        "confidence_score": 0.85,
        "learning_feedback": {
            "resolution_effectiveness": 0.975,
            "pattern_match_strength": 1.0,
            "action_sequence_effectiveness": 1.0,
            "new_patterns_learned": ["fast_resolution_pattern"],
            "performance_metrics": {"resolution_faster_than_average": False},
        },
    }
    slower = history("+", seconds=450.0)
    again = learning_record(lesson(seconds=90.0), slower)["learning_feedback"]
    assert again["performance_metrics"] == {"resolution_faster_than_average": True}
    failed = learning_record(lesson(worked=False), slower)
    assert (failed["success"], failed["learning_feedback"]["resolution_effectiveness"]) == (False, 0.0)
    assert learning_record(lesson(Judgement.UNKNOWN), slower)["success"] is None


def test_a_row_of_actions_that_works_several_times_is_proposed() -> None:
    told: list[Lesson] = []
    for number in range(3):
        told.insert(0, lesson(worked=False, number=2 * number, incident=f"i{number}"))
        told.insert(0, lesson(number=2 * number + 1, action=OTHER, incident=f"i{number}"))
        assert len(sequences(told)) == (number == 2)
    (row,) = proposed(told, [FIX])
    assert (row.actions, row.worked, row.tried) == ((FIX, OTHER), 3, 3)
    assert row.sentence == f"{FIX}, then {OTHER} worked 3 of 3 times"
    news = learning_record(told[0], told[1:])["learning_feedback"]["new_patterns_learned"]
    assert f"sequence:{FIX}+{OTHER}" in news


def test_what_the_knowledge_file_begins_with_is_nothing_new() -> None:
    assert len(sequences(history("+++"))) == 1
    assert proposed(history("+++"), [FIX]) == []
    assert proposed(history("+++", action=OTHER), [FIX])[0].actions == (OTHER,)
    assert proposed(history("+++----", action=OTHER), [FIX]) == []


async def test_an_incident_that_comes_back_takes_the_credit_with_it() -> None:
    office = desk(Machine())
    incident = await shown(Machine(), office)
    await decide.approve(office, incident.number, "bob")
    incident = await settle(office, incident)
    [credit] = await office.incidents.lessons(incident.signal.pattern, incident.environment)
    await office.clock.sleep(60)
    await group.hear(office, [entry(entry().text.replace("02:59:00", "03:10:00"), 999)])
    [none] = await office.incidents.lessons(incident.signal.pattern, incident.environment)
    assert (credit.recurred, none.recurred) == (False, True)


async def test_what_was_only_shown_takes_no_credit_away_when_it_comes_back() -> None:
    office = desk(Machine())
    incident = await shown(Machine(), office)
    await decide.approve(office, incident.number, "bob")
    cured = await settle(office, incident)
    back = Reopened(NOW, cured.signal)
    assert relapse(cured, back) == FIX
    last = cured.tried[-1]
    shown_only = replace(last, action=replace(last.action, dry_run=True))
    assert relapse(replace(cured, tried=(*cured.tried[:-1], shown_only)), back) is None


async def test_a_rejection_teaches() -> None:
    office = desk(Machine())
    incident = await shown(Machine(), office)
    await decide.reject(office, incident.number, "bob", "not at night")
    [told] = await office.incidents.lessons(incident.signal.pattern, incident.environment)
    assert (told.rejected, told.action, told.judgement) == (True, FIX, Judgement.UNKNOWN)
