"""What was like it before, and what mended that."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from adapters.chat.card import Button, Facts
from bot.alike import parts
from engine import decide, group
from engine.desk import Desk
from engine.knowledge_base import KnowledgeEntry, Library
from engine.model import Incident
from engine.similar import Past
from storage.knowledge_entries import MemoryKnowledgeEntries
from tests.clock import FakeClock
from tests.engine.desks import TIMEOUT, Machine, desk, entry, settle

POOL = (
    "2026-11-21T03:00:00Z ERROR orders-api: PostgreSQL connection pool exhausted: 20/20 connections in use on db1:5432"
)


async def heard(office: Desk, text: str, position: int) -> Incident:
    [incident] = await group.hear(office, [entry(text, position, f"/logs/{position}.log")])
    return await settle(office, incident)


async def test_an_incident_is_like_those_of_its_kind_that_have_ended() -> None:
    clock = FakeClock()
    office = desk(Machine(), clock)
    past = Past(office.incidents)
    first = await heard(office, TIMEOUT, 1)
    other = await heard(office, POOL, 2)
    again = await heard(office, TIMEOUT.replace("manual__1", "manual__2"), 3)
    assert await past.similar(again) == []
    clock.pass_time(minutes=4)
    for incident, how in ((first, "ran it again"), (other, "raised the pool")):
        await decide.resolve(office, incident.number, "ada", how)
    like, *rest = await past.similar(again)
    assert (like.name, like.how, like.took) == ("show 1", "ran it again", timedelta(minutes=4))
    assert like.score > 0.5
    assert all(one.score < like.score for one in rest)
    assert [one.name for one in await past.similar(first)] == []


async def test_what_people_keep_is_like_it_too_and_its_own_pattern_is_not_told_again() -> None:
    office = desk(Machine())
    library = Library(MemoryKnowledgeEntries(FakeClock()), tuple(office.detector.patterns.values()))
    await library.keep(
        [KnowledgeEntry("airflow/slow", "Airflow task ran into its timeout", automated_actions=("clear_dag_run",))]
    )
    incident = await heard(office, TIMEOUT, 1)
    found = await Past(office.incidents, library).similar(incident)
    assert found[0].name == "kb show airflow/slow"
    assert f"kb show {incident.signal.pattern}" not in [one.name for one in found]
    assert len(found) <= 3


async def test_a_card_tells_what_mended_it() -> None:
    office = desk(Machine(), clock := FakeClock())
    first = await heard(office, TIMEOUT, 1)
    clock.pass_time(minutes=4)
    await decide.resolve(office, first.number, "ada", "restart_dag_task")
    again = await heard(office, TIMEOUT.replace("manual__1", "manual__2"), 3)
    found = await Past(office.incidents).similar(again)
    facts, button = parts(found)
    assert isinstance(facts, Facts)
    assert isinstance(button, Button)
    assert facts.pairs[0][0].startswith("Like it, ")
    assert "mended by restart_dag_task in 4 min" in facts.pairs[0][1]
    assert (button.label, button.ask) == ("Show #1", "show 1")
    assert "it is not known what mended it" in parts([replace(found[0], how="")])[0].pairs[0][1]  # type: ignore[union-attr] # facts come first
    assert parts([]) == ()


async def test_a_card_tells_what_to_do_where_no_action_mends_it() -> None:
    office = desk(Machine())
    others = tuple(one for one in office.detector.patterns.values() if one.category != "timeout")
    library = Library(MemoryKnowledgeEntries(FakeClock()), others)
    await library.keep(
        [KnowledgeEntry("airflow/slow", "Airflow task ran into its timeout", solution_steps=("Widen the limit.",))]
    )
    found = await Past(office.incidents, library).similar(await heard(office, TIMEOUT, 1))
    facts, _ = parts(found)
    assert isinstance(facts, Facts)
    assert "Airflow task ran into its timeout · what to do: Widen the limit." in facts.pairs[0][1]
