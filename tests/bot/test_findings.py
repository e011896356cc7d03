"""What was found out is told once, decided by who may, and stands decided where it was told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Button, Card, Tone
from bot.cards import incident_card, step_card
from bot.commands.kb import kb
from bot.findings import Findings, teaches
from bot.office import Asked, Office
from engine import decide
from engine.errors import Forbidden, Refused, Unreachable
from engine.events import Noted, Reopened, Verified
from engine.knowledge_base import Library
from engine.model import Account, Judgement, Lesson, Role, Verdict
from storage.knowledge_entries import MemoryKnowledgeEntries
from storage.memory import MemoryPeople
from tests.clock import NOW, FakeClock
from tests.engine.desks import Machine, desk, proposed, settle
from tests.engine.test_learn import FIX, OTHER
from tests.engine.test_plans_learned import Remembering, row


@dataclass
class Rooms:
    """What stands in the main rooms, by key, and how often it was said."""

    past: list[Lesson]
    stands: dict[str, Card] = field(default_factory=dict)
    said: int = 0

    def __post_init__(self) -> None:
        clock = FakeClock()
        self.machine = Machine(verdicts=[Judgement.FAILED, Judgement.WORKED])
        self.library = Library(MemoryKnowledgeEntries(clock))
        self.desk = replace(desk(self.machine, clock), incidents=Remembering(self.past), library=self.library)
        self.office = Office(self.desk, MemoryPeople(), tuple, library=self.library)
        self.findings = Findings(self.desk, self.retell)

    async def retell(self, card: Card, key: str) -> None:
        self.said += 1
        self.stands[key] = card

    async def press(self, label: str, role: Role = Role.APPROVER) -> Card:
        [card] = self.stands.values()
        [line] = [part.ask for part in card.parts if isinstance(part, Button) and part.label == label]
        return await self.say(line, role)

    async def say(self, line: str, role: Role = Role.APPROVER) -> Card:
        ask = Ask(line, "web", "bob", "Bob", Room("incidents"))
        card = await kb(Asked(ask, Account("bob", "bob", "Bob", "", role), self.office))
        await self.findings.look()
        return card


@pytest.fixture
def rooms() -> Rooms:
    return Rooms(row("+++"))


async def test_a_row_that_works_is_proposed_once(rooms: Rooms) -> None:
    await rooms.findings.look()
    await rooms.findings.look()
    [card] = rooms.stands.values()
    assert rooms.said == 1
    assert card.tone is Tone.WAITING
    assert f"{FIX}, then {OTHER} worked 3 of 3 times in production" in str(card.parts)
    assert "· proposed" in str((await rooms.say("kb list")).parts)


async def test_what_worked_too_rarely_is_not() -> None:
    rooms = Rooms(row("++"))
    await rooms.findings.look()
    assert rooms.said == 0


async def test_after_a_crash_it_is_told_again_for_a_day(rooms: Rooms) -> None:
    await rooms.findings.look()
    rooms.stands.clear()
    await Findings(rooms.desk, rooms.retell).look()
    assert len(rooms.stands) == 1
    rooms.desk.clock.pass_time(days=2)  # type: ignore[attr-defined] # it is a FakeClock
    await Findings(rooms.desk, rooms.retell).look()
    assert rooms.said == 2


async def test_a_room_that_does_not_answer_is_told_later(rooms: Rooms) -> None:
    async def refuses(_card: Card, _key: str) -> None:
        raise Unreachable("Teams did not answer.")

    findings = Findings(rooms.desk, refuses)
    with pytest.raises(Unreachable):
        await findings.look()
    with pytest.raises(Unreachable):
        await findings.look()
    await rooms.findings.look()
    assert rooms.said == 1


async def test_only_who_may_decide_decides_and_only_once(rooms: Rooms) -> None:
    await rooms.findings.look()
    for label in ("Accept", "Dismiss"):
        with pytest.raises(Forbidden):
            await rooms.press(label, Role.RESPONDER)
    [waiting] = rooms.stands.values()
    [line] = [part.ask for part in waiting.parts if isinstance(part, Button) and part.label == "Accept"]
    assert "is knowledge from now on" in (await rooms.say(line)).title
    [card] = rooms.stands.values()
    assert card.tone is Tone.GOOD
    assert "Accepted by bob on 2026-11-21." in str(card.parts)
    assert not any(isinstance(part, Button) for part in card.parts)
    with pytest.raises(Refused, match="accepted already"):
        await rooms.say(line)


async def test_what_was_dismissed_is_not_proposed_again(rooms: Rooms) -> None:
    await rooms.findings.look()
    assert "not proposed again" in (await rooms.press("Dismiss")).title
    [card] = rooms.stands.values()
    assert not any(isinstance(part, Button) for part in card.parts)
    rooms.past[:0] = row("+", start=5)
    await Findings(rooms.desk, rooms.retell).look()
    assert len(rooms.stands) == 1
    assert "learned/" not in str((await rooms.say("kb list")).parts)
    with pytest.raises(Refused, match="dismissed already"):
        await rooms.say(f"kb dismiss {(await rooms.library.rows())[0].id}")


async def test_the_cards_say_that_it_goes_on(rooms: Rooms) -> None:
    await rooms.findings.look()
    await rooms.press("Accept")
    incident = await proposed(rooms.machine, rooms.desk)
    shown = str(incident_card(incident).parts)
    assert "Then, if that alone does not mend it: does clear_dag_run" in shown
    assert f"then {OTHER} worked 3 of 3 times here" in shown
    await decide.approve(rooms.desk, incident.number, "bob")
    incident = await settle(rooms.desk, incident)
    failed, _ = [one for one in await rooms.desk.incidents.timeline(incident.id) if isinstance(one, Verified)]
    card = step_card(incident, failed)
    assert card
    assert card.title == f"{FIX} alone did not mend it"
    assert f"Next, as it has worked before: {OTHER}." in str(card.parts)
    assert rooms.machine.acts == [FIX, OTHER]


def test_only_outcomes_teach() -> None:
    assert teaches(Verified(NOW, "a", Verdict(Judgement.WORKED, "")))
    assert not teaches(Noted(NOW, "bob", "x"))
    assert teaches(Reopened(NOW, None))  # type: ignore[arg-type] # its signal is not looked at
