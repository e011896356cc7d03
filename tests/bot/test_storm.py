"""A storm of incidents is ten cards and one digest; whatever a person touches gets a card of its own."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from adapters.chat import plain
from adapters.chat.ask import Room
from adapters.chat.card import Card
from adapters.chat.web.body import from_json
from bot.storm import WINDOW
from engine import decide, group
from engine.errors import Unreachable
from engine.events import Escalated
from engine.model import Entry, Severity, WaitsFor
from engine.respond import advance
from tests.bot.test_tell import ROOM, Told
from tests.engine.desks import entry


async def breaks(told: Told, *names: str) -> None:
    """A DAG of each name times out, and is looked at."""
    entries = [Entry(entry().text.replace("orders", name), f"/logs/{name}.log", 0) for name in names]
    await group.hear(told.desk, entries)
    for incident in await told.desk.incidents.waiting_for(WaitsFor.MACHINE):
        while incident.waits_for is WaitsFor.MACHINE:
            incident = await advance(told.desk, incident)  # noqa: PLW2901 - it moves on


def dags(count: int, kind: str = "dag") -> Sequence[str]:
    return [f"{kind}_{number}" for number in range(count)]


async def digest(told: Told, room: Room = ROOM) -> str:
    """The only digest of the room, as text."""
    bodies = [from_json(post.body) for post in await told.posts.room(room)]
    [only] = [plain.render(body) for body in bodies if isinstance(body, Card) and "more incidents" in body.title]
    return only


async def cards(told: Told) -> int:
    return sum(title.startswith("#") for title in await told.titles())


async def test_500_incidents_are_ten_cards_and_a_digest() -> None:
    told = Told()
    await breaks(told, *dags(500))
    await told.tell()
    assert await cards(told) == 10
    text = await digest(told)
    assert "490 more incidents since" in text
    assert "airflow/task-timeout: 490 · high · #11, #12, #13, #14, #15, and 485 more" in text
    assert await told.desk.incidents.untold("web") == []
    assert len(await told.posts.room(ROOM)) == 11


async def test_a_digest_grows_in_place_and_ends_with_the_storm() -> None:
    told = Told()
    await breaks(told, *dags(12))
    await told.tell()
    await breaks(told, *dags(3, "late"))
    await told.tell()
    assert "5 more incidents" in await digest(told)
    told.clock.pass_time(seconds=WINDOW.total_seconds())
    await breaks(told, *dags(2, "next_day"))
    await told.tell()
    assert await cards(told) == 12


async def test_after_a_restart_the_same_digest_goes_on() -> None:
    told = Told()
    await breaks(told, *dags(12))
    await told.tell()
    told.teller = told.new_teller()
    await breaks(told, *dags(11, "late"))
    await told.tell()
    assert "3 more incidents" in await digest(told)  # a new start shows ten more, then the digest goes on


async def test_what_a_person_touches_gets_its_card_and_its_thread() -> None:
    told = Told()
    await breaks(told, *dags(12))
    await told.tell()
    before = await told.titles()
    await decide.acknowledge(told.desk, 12, "bob")
    await told.tell()
    assert [title for title in await told.titles() if title not in before] == [
        "#12 Airflow task dag_11.transform ran into its timeout",
        "bob is on it",
    ]


async def test_the_worst_get_the_cards() -> None:
    told = Told()
    folder = Entry("ERROR log folder /srv/log is over its budget: 9 files older than 7 days", "/logs/x.log", 0)
    [mild] = await group.hear(told.desk, [folder])
    await breaks(told, *dags(10))
    assert mild.severity is Severity.MEDIUM
    await told.tell()
    shown = [title for title in await told.titles() if title.startswith("#")]
    assert [title.split()[0] for title in shown] == [f"#{number}" for number in range(2, 12)]


async def test_whoever_is_woken_in_a_storm_gets_ten_messages_and_a_digest() -> None:
    told = Told()
    await told.knows("ada")
    await breaks(told, *dags(40))
    await told.tell()
    for incident in await told.desk.incidents.waiting_for(WaitsFor.PERSON):
        await told.desk.record_fact(incident.id, Escalated(told.clock.now(), "ada", "Nobody has answered."))
    await told.tell()
    room = await told.platform.direct("ada")
    titles = await told.titles(room)
    assert sum(title.startswith("#") for title in titles) == 10
    assert "30 more incidents" in await digest(told, room)


@pytest.mark.parametrize("failures", [1, 2, 3, 5, 12, 13])
async def test_a_chat_that_fails_in_the_middle_of_a_storm_doubles_and_loses_nothing(failures: int) -> None:
    told = Told(failures=failures)
    await breaks(told, *dags(14))
    for _ in range(failures + 1):
        try:
            await told.tell()
        except Exception:  # noqa: BLE001, S112 - whatever the chat does, the next round comes
            continue
    assert await cards(told) == 10
    assert "4 more incidents" in await digest(told)
    assert await told.desk.incidents.untold("web") == []


async def test_a_storm_in_a_room_that_was_closed_is_told_in_the_main_room() -> None:
    told = Told()
    told.room, told.platform.closed = Room("data"), {"data"}
    await breaks(told, *dags(14))
    await told.tell()
    assert await cards(told) == 10
    assert "4 more incidents" in await digest(told)
    assert await told.desk.incidents.untold("web") == []


async def test_a_storm_is_told_even_if_whoever_is_on_call_cannot_be_spoken_to() -> None:
    told = Told()
    await told.knows("ada")
    told.platform.away = Unreachable("Her account is deactivated.", temporary=False)
    await breaks(told, *dags(14))
    for incident in await told.desk.incidents.waiting_for(WaitsFor.PERSON):
        await told.desk.record_fact(incident.id, Escalated(told.clock.now(), "ada", "Nobody has answered."))
    await told.tell()
    assert "4 more incidents" in await digest(told)
    assert await told.desk.incidents.untold("web") == []
