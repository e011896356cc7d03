"""Every kind of card that the bot shows to people, made by the bot itself from a real failure."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Button, Card, Code, Divider, Facts, Field, Form, Image, Kind, Link, Text, Tone
from bot.answer import answer
from bot.cards import incident_card, step_card, wake_card
from bot.office import Office
from bot.telling import described
from engine import decide, group
from engine.desk import Desk
from engine.events import (
    Acknowledged,
    Acted,
    Approved,
    Diagnosed,
    Escalated,
    Event,
    Noted,
    Rejected,
    Reopened,
    Resolved,
    Verified,
)
from engine.model import Account, Entry, Incident, Judgement, Outcome, Result, Role, Verdict, WaitsFor
from engine.respond import advance
from storage.memory import MemoryPeople
from tests.clock import NOW
from tests.engine.desks import NO_RUN, Machine, desk, entry

LATER = NOW + timedelta(minutes=4)

CURVE = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAADAAAAAYAQMAAACGM+yfAAAABlBMVEX///8JadqIKgPVAAAAUUlEQVR42nXOOw2AQBAE0MceCR1n"
    "gNAjACPIQAHyTgoSTgLFNiSE6WYyP34RAZZkvUAdwAVKAzOBEwypTQj2zN4oSm2wQjje9pqDW9aO/XvmAVJLB/H9adx4AAAAAElF"
    "TkSuQmCC"
)
"""A line that rises, as a PNG."""

EVERY_PART = Card(
    "Every part of a card",
    (
        Text("A text, which may be long enough to fill more than one line of the window that people read it in."),
        Text("A second text follows the first one."),
        Facts((("Name", "value"), ("A longer name", "a longer value, with *stars* and _lines_"), ("Nothing", ""))),
        Code("Traceback (most recent call last):\n  File 'a.py', line 1\nValueError: no", "/var/log/app.log"),
        Divider(),
        Image(CURVE, "A curve that rises"),
        Text("A quiet text.", quiet=True),
        Button("Approve", "approve 17", primary=True, confirm="Clear the task? Risk: high."),
        Button("Kill", "kill 17", danger=True, confirm="Kill it?"),
        Link("Open the page", "https://example.com/incidents/17"),
        Form("Reject …", "reject 17", (Field("why", "Why not?", kind=Kind.LONG),)),
    ),
)

HOSTILE = Card(
    "<!channel> *bold* :fire: \u202egnp.exe",
    (
        Text("<@U123> <https://example.com|click here> https://example.com @here &amp; `code` ~struck~"),
        Facts((("<!here>", "\x1b[31mred\x1b[0m \x00 end"), ("<#C1>", ":tada: \ud800 half"))),
        Code("```\n<!everyone> $(reboot) \x1b]8;;https://example.com\x07link", "<!subteam^S1>"),
        Text("<!channel>", quiet=True),
        Button("<!channel> :fire:", "approve 1", confirm="<@U1>?"),
    ),
    Tone.BAD,
)

CHANGE = Form(
    "Approve with changes …",
    "approve 17 0badc0de",
    (
        Field("days_old", "Delete files older than (days)", default="14", kind=Kind.INTEGER, hint="At least 7."),
        Field("path", "Folder", default="/var/log/app"),
        Field("mode", "How", default="archive", kind=Kind.CHOICE, choices=("archive", "delete")),
        Field("note", "A word to the others", required=False, kind=Kind.LONG),
    ),
    named=True,
)


async def shown_cards() -> dict[str, Card]:
    """By name; the same on every run."""
    made = {f"step-{name}": card async for name, card in _steps()}
    made |= {name: card async for name, card in _standings()}
    made |= {f"answer-{name}": card async for name, card in _answers()}
    long = "\n".join(f"2026-11-21 02:59:{line % 60:02} worker-{line} failed" for line in range(1_254))
    made["long-log"] = Card("A long log", (Code(long, "/var/log/app.log"), Button("Acknowledge", "ack 17")))
    return made | {"every-part": EVERY_PART, "hostile": HOSTILE}


async def _settled(office: Desk, incident: Incident) -> Incident:
    while incident.waits_for is WaitsFor.MACHINE:
        incident = await advance(office, incident)
    return incident


async def _found(office: Desk, text: str = "") -> Incident:
    [incident] = await group.hear(office, [entry(text) if text else entry()])
    return await _settled(office, incident)


async def _standings() -> AsyncIterator[tuple[str, Card]]:
    """One incident from its first line to its end, and one that nobody has an answer to."""
    office = desk(Machine())
    [incident] = await group.hear(office, [entry()])
    yield "incident-working", incident_card(incident)
    incident = await _settled(office, incident)
    yield "incident-waiting", incident_card(incident)
    yield "wake", wake_card(incident_card(incident), incident, "It has waited for 15 min and nobody has answered.")
    await decide.approve(office, 1, "alice")
    incident = await office.incidents.numbered(1)
    yield "incident-acting", incident_card(incident)
    yield "incident-resolved", incident_card(await _settled(office, incident))
    dry = desk(Machine(dry_run=True))
    yield "incident-dry-run", incident_card(await _found(dry))
    nameless = desk(Machine())
    incident = await _found(nameless, NO_RUN)
    yield "incident-lacking", described(nameless, incident)
    strange = desk(Machine())
    incident = await group.reported(strange, Entry("ERROR the moon is gone\nlooked twice", "report by bob"))
    yield "incident-nobody-knows", incident_card(await _settled(strange, incident))


async def _steps() -> AsyncIterator[tuple[str, Card]]:
    """What each event says in the incident's thread."""
    incident = await _found(desk(Machine()))
    assert incident.action
    assert incident.diagnosis
    id = incident.action.id
    none = replace(incident.diagnosis, proposal=None, hand_over="I have no action for this. Please look at the task.")
    events: dict[str, Event] = {
        "reopened": Reopened(LATER, incident.signal),
        "diagnosed": Diagnosed(LATER, none),
        "acknowledged": Acknowledged(LATER, "alice"),
        "approved": Approved(LATER, "alice", id),
        "rejected": Rejected(LATER, "bob", id, "The upstream is down, a new try would fail as well."),
        "sent": Acted(LATER, id, Outcome(Result.DONE, "Airflow has cleared 1 task.")),
        "unknown": Acted(LATER, id, Outcome(Result.UNKNOWN, "Airflow did not answer within 30 s.")),
        "worked": Verified(LATER, id, Verdict(Judgement.WORKED, "The task has succeeded at try 2.")),
        "failed": Verified(LATER, id, Verdict(Judgement.FAILED, "The task has failed again at try 2.")),
        "escalated": Escalated(LATER, "cleo", "Nobody has answered for 15 min."),
        "noted": Noted(LATER, "bob", "The vendor was told."),
        "resolved": Resolved(LATER, "alice", "the upstream is back"),
    }
    for name, event in events.items():
        card = step_card(incident, event)
        assert card, name
        yield name, card


async def _answers() -> AsyncIterator[tuple[str, Card]]:
    """What the commands answer."""
    office = await _office()
    for text in ("list", "status", "help", "why 1", "timeline 1", "aprove 1", "approve 99", "report the disk is full"):
        asked = Ask(text, "slack", "U1", "Alice", Room("C1"))
        yield text.partition(" ")[0], await answer(asked, office)
    yield "stranger", await answer(Ask("approve 1", "slack", "U2", "Mallory", Room("C1")), office)


async def _office() -> Office:
    office, people = desk(Machine()), MemoryPeople()
    await people.save(Account("alice", "alice", "Alice", "alice@example.com", Role.APPROVER))
    await people.link("slack", "U1", "alice")
    await _found(office)
    await decide.note(office, 1, "bob", "the vendor was told")
    await group.reported(office, Entry("FATAL: remaining connection slots are reserved", "report by bob"))
    return Office(office, people, lambda: (("airflow", "connected"), ("Last scan", "3 s ago")))
