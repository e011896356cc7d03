"""``home``: what waits for the one who asks."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.chat.card import Button, Card, Divider, Part, Text
from bot.office import Asked
from bot.words import ago, standing
from engine.model import ActionStatus, Incident, Risk, WaitsFor

MOST = 10


async def home(asked: Asked) -> Card:
    """what waits for you"""
    waiting = await asked.desk.incidents.waiting_for(WaitsFor.PERSON)
    mine = [one for one in waiting if asked.account and one.assigned_to == asked.by]
    free = [one for one in waiting if not one.assigned_to]
    shown = [*mine, *reversed(free)]
    parts = [part for one in shown[:MOST] for part in _one(asked, one)][:-1]
    if len(shown) > MOST:
        parts += [Divider(), Text(f"{len(shown) - MOST} more wait.", quiet=True), Button("All that is open", "list")]
    title = f"{len(mine)} with you, {len(free)} with nobody yet" if shown else "Nothing waits for you"
    return Card(title, tuple(parts) or (Text("All quiet."),), private=True)


def _one(asked: Asked, incident: Incident) -> Iterator[Part]:
    number, action = incident.number, incident.action
    since = ago(asked.desk.clock.now() - incident.opened_at)
    yield Text(f"#{number} {incident.signal.title}")
    yield Text(f"{incident.severity} · {standing(incident)} · {since}", quiet=True)
    if action and not action.unnamed and incident.action_status is ActionStatus.PENDING:
        sure = f"{action.effect}? Risk: {action.risk}." if action.risk is Risk.HIGH else ""
        yield Button(f"Approve {action.name}", f"approve {number} {action.id[:8]}", primary=True, confirm=sure)
    if not incident.assigned_to:
        yield Button("Acknowledge", f"ack {number}")
    yield Button("Show", f"show {number}")
    yield Divider()
