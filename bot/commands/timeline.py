"""``timeline``: what happened, in order."""

from __future__ import annotations

from adapters.chat.card import Card, Facts, Part, Text
from bot.office import Asked
from bot.words import happened

MOST = 60


async def timeline(asked: Asked) -> Card:
    """what happened, in order, with UTC times"""
    incident = await asked.desk.incidents.numbered(asked.number)
    events = await asked.desk.incidents.timeline(incident.id)
    rows = tuple((f"{event.at:%H:%M:%S}", happened(event)) for event in events[-MOST:])
    parts: tuple[Part, ...] = (Text(f"{incident.opened_at:%A, %d %B %Y}, times in UTC", quiet=True), Facts(rows))
    if len(events) > MOST:
        parts = (Text(f"{len(events) - MOST} earlier events are left out.", quiet=True), *parts)
    return Card(f"#{incident.number} timeline", parts)
