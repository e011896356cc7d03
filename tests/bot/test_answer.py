"""What people say and what they are answered: every command, every role, every wrong word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.chat import plain
from adapters.chat.ask import Ask, Room
from adapters.chat.card import Button, Card, Facts, Form
from bot.access import Permission, may
from bot.answer import answer
from bot.commands import COMMANDS, offered, usage
from bot.office import Office
from engine import group
from engine.desk import Desk
from engine.model import Account, Role, WaitsFor
from engine.respond import advance
from storage.brake import KeptBrake
from storage.memory import MemoryCursors, MemoryPeople
from tests.engine.desks import TIMEOUT, Machine, desk, entry


class Talk:
    """One room and its people, one of each role."""

    def __init__(self) -> None:
        self.machine = Machine()
        self.desk: Desk = desk(self.machine)
        self.people = MemoryPeople()
        self.office = Office(self.desk, self.people, lambda: (("airflow", "connected"),))

    async def say(self, who: str, text: str, thread: str = "") -> str:
        return plain.render(await self.card(who, text, thread))

    async def card(self, who: str, text: str, thread: str = "") -> Card:
        return await answer(Ask(text, "web", who, who.title(), Room("incidents"), thread), self.office)

    async def settle(self) -> None:
        for incident in await self.desk.incidents.waiting_for(WaitsFor.MACHINE):
            while incident.waits_for is WaitsFor.MACHINE:
                incident = await advance(self.desk, incident)  # noqa: PLW2901 - it moves on


@pytest.fixture
async def talk() -> Talk:
    talk = Talk()
    for role in Role:
        await talk.people.save(Account(str(role), str(role), str(role), "", role))
        await talk.people.link("web", str(role), str(role))
    await talk.people.save(Account("gone", "gone", "gone", "", Role.ADMIN, is_active=False))
    await talk.people.link("web", "gone", "gone")
    await group.hear(talk.desk, [entry()])
    await talk.settle()
    return talk


async def test_a_whole_incident_in_words(talk: Talk) -> None:
    assert "#1 high" in await talk.say("viewer", "list")
    assert "Airflow task orders.transform ran into its timeout" in await talk.say("viewer", "show 1")
    assert "is yours" in await talk.say("responder", "ack 1")
    assert "Noted" in await talk.say("responder", "note 1 the vendor was told")
    assert "Approved" in await talk.say("approver", "approve 1")
    await talk.settle()
    timeline = await talk.say("viewer", "timeline 1")
    for line in ("approver approved", "responder noted: the vendor was told", "Verified: worked"):
        assert line in timeline
    assert "All quiet" in await talk.say("viewer", "list")
    assert "is resolved already" in await talk.say("approver", "approve 1")


async def test_a_button_of_an_older_card_is_refused(talk: Talk) -> None:
    assert "has changed since" in await talk.say("approver", "approve 1 0badc0de")
    incident = await talk.desk.incidents.numbered(1)
    assert incident.action
    assert "Approved" in await talk.say("approver", f"approve 1 {incident.action.id[:8]}")


async def test_reject_and_resolve_want_a_reason(talk: Talk) -> None:
    assert "Say why" in await talk.say("approver", "reject 1")
    assert "Rejected" in await talk.say("approver", "reject 1 the upstream is down")
    assert "Say how" in await talk.say("responder", "resolve 1")
    assert "is resolved" in await talk.say("responder", "resolve 1 upstream is back")


async def test_inside_a_thread_the_number_may_be_left_out(talk: Talk) -> None:
    assert "Airflow task orders.transform" in await talk.say("viewer", "show", thread="incident-1")
    assert "Noted on #1" in await talk.say("responder", "note looks fine to me", thread="incident-1")
    assert "Which incident?" in await talk.say("viewer", "show")


async def test_why_names_the_line_the_rule_and_the_record(talk: Talk) -> None:
    why = await talk.say("viewer", "why 1")
    for part in ("/logs/a.log", "airflow/task-timeout", "not tried here yet", "75%"):
        assert part in why


async def test_report_opens_an_incident_or_joins_one(talk: Talk) -> None:
    assert "It was known already" in await talk.say("responder", f"report {TIMEOUT}")
    assert "#2" in await talk.say("responder", "report the moon is gone")
    assert "Paste the lines" in await talk.say("responder", "report")


async def test_status_says_how_the_agent_is_doing(talk: Talk) -> None:
    status = await talk.say("viewer", "status")
    assert "Waiting for a person: 1" in status
    assert "airflow: connected" in status


async def test_what_follows_may_stand_on_the_next_line(talk: Talk) -> None:
    await talk.say("responder", "report\nthe moon is gone\n  and the tide")
    assert "the moon is gone\n  and the tide" in (await talk.desk.incidents.numbered(2)).signal.text
    await talk.say("responder", "note 1\nseen")
    assert "responder noted: seen" in await talk.say("viewer", "timeline\n1")


async def test_a_log_line_is_no_wrong_command(talk: Talk) -> None:
    said = await talk.say("approver", "Traceback (most recent call last): File x.py, ValueError: bad")
    assert "say report and paste it behind that" in said


async def test_what_is_neither_a_proposal_nor_a_value_is_not_taken_for_an_old_one(talk: Talk) -> None:
    assert "I do not understand “please”" in await talk.say("approver", "approve 1 please")


@pytest.mark.parametrize(("wrong", "right"), [("aprove 1", "approve 1"), ("lst", "list"), ("timelin 1", "timeline 1")])
async def test_a_wrong_word_is_answered_with_the_nearest_right_one(talk: Talk, wrong: str, right: str) -> None:
    card = await talk.card("viewer", wrong)
    assert right in str(card.parts)


async def test_a_strange_word_is_answered_with_all_of_them(talk: Talk) -> None:
    told = await talk.say("viewer", "xyzzy")
    assert all(usage(name) in told for name in offered(in_example=False))
    assert "example" not in told


@pytest.mark.parametrize("word", ["show 999", "show x", "approve", "approve -1", "show 99999999999999999999", "note 1"])
async def test_bad_input_is_a_plain_sentence_to_the_person_alone(talk: Talk, word: str) -> None:
    card = await talk.card("admin", word)
    assert card.private
    assert card.title == "Not done"


ALLOWED = {
    "stranger": {Permission.READ},
    "gone": set(),
    "viewer": {Permission.READ},
    "responder": {Permission.READ, Permission.RESPOND},
    "approver": {Permission.READ, Permission.RESPOND, Permission.DECIDE},
    "admin": set(Permission),
}


@pytest.mark.parametrize("who", ALLOWED)
@pytest.mark.parametrize("name", COMMANDS)
async def test_a_command_is_for_those_who_may(talk: Talk, who: str, name: str) -> None:
    card = await talk.card(who, f"{name} 1 because")
    refused = card.title == "You may not do that"
    assert refused is (COMMANDS[name].needs not in ALLOWED[who])
    if refused:
        assert talk.machine.acts == []
        assert card.private


def test_nobody_may_what_nobody_was_given() -> None:
    admin = Account("a", "a", "a", "", Role.ADMIN)
    assert all(may(admin, permission) for permission in Permission)
    assert not may(None, Permission.RESPOND)
    assert not may(Account("b", "b", "b", "", Role.ADMIN, is_active=False), Permission.READ)


@pytest.mark.parametrize(
    ("who", "buttons"),
    [
        ("stranger", {"why"}),
        ("viewer", {"why"}),
        ("responder", {"why", "ack", "resolve"}),
        ("approver", {"why", "ack", "resolve", "approve", "reject"}),
    ],
)
async def test_a_card_that_was_asked_for_has_the_buttons_that_this_person_may_press(
    talk: Talk, who: str, buttons: set[str]
) -> None:
    card = await talk.card(who, "show 1")
    assert {part.ask.split()[0] for part in card.parts if isinstance(part, Button | Form)} == buttons


async def test_who_resolves_may_say_the_root_cause(talk: Talk) -> None:
    assert "quotation mark" in await talk.say("responder", "resolve 1 how='half")
    assert "Say how" in await talk.say("responder", "resolve 1 how='' cause=x")
    assert "is resolved" in await talk.say("responder", "resolve 1 how='more slots' cause='it grew'")
    assert "responder resolved it: more slots. Root cause: it grew" in await talk.say("viewer", "timeline 1")
    assert (await talk.desk.incidents.numbered(1)).root_cause == "it grew"


async def test_everything_can_be_frozen_and_thawed(talk: Talk) -> None:
    talk.desk = replace(talk.desk, brake=KeptBrake(MemoryCursors(), talk.desk.clock))
    talk.office = replace(talk.office, desk=talk.desk)
    assert "Say why" in await talk.say("responder", "freeze")
    assert "takes at least responder" in await talk.say("viewer", "freeze now")
    assert "Frozen" in await talk.say("responder", "freeze the migration is running")
    assert "responder pulled the brake" in await talk.say("approver", "approve 1")
    assert "takes at least approver" in await talk.say("responder", "thaw")
    assert "Thawed" in await talk.say("approver", "thaw")
    assert "Nothing is frozen" in await talk.say("approver", "thaw")
    assert "Approved" in await talk.say("approver", "approve 1")


@pytest.mark.parametrize(("platform", "first"), [("web", "/oncall list"), ("slack", "/oncall list"), ("teams", "list")])
async def test_help_says_what_is_typed_there(platform: str, first: str, talk: Talk) -> None:
    card = await answer(Ask("help", platform, "a", "A", Room("r")), talk.office)
    [facts] = [part for part in card.parts if isinstance(part, Facts)]
    assert facts.pairs[0][0] == first
    assert ("mention me first" in plain.render(card)) == (platform == "teams")
