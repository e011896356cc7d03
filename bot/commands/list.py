"""``list``: what is open."""

from __future__ import annotations

from adapters.chat.card import Button, Card, Facts, Part, Text
from bot.office import Asked
from bot.words import ago, standing
from engine.model import Status

MOST = 20


async def list(asked: Asked) -> Card:
    """what is open, newest first"""
    incidents = await asked.desk.incidents.list((Status.OPEN, Status.INVESTIGATING), limit=MOST + 1)
    if not incidents:
        return Card("Nothing is open", (Text("All quiet."),))
    now = asked.desk.clock.now()
    rows = tuple(
        (f"#{one.number} {one.severity}", f"{one.signal.title} · {standing(one)} · {ago(now - one.opened_at)}")
        for one in incidents[:MOST]
    )
    parts: tuple[Part, ...] = (Facts(rows), Button(f"Show #{incidents[0].number}", f"show {incidents[0].number}"))
    if len(incidents) > MOST:
        parts = (*parts, Text(f"The newest {MOST} are shown; there are more.", quiet=True))
    return Card(f"{min(len(incidents), MOST)} open", parts)
