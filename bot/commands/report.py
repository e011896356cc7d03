"""``report``: a person tells of a failure."""

from __future__ import annotations

from adapters.chat.card import Card
from bot.cards import said
from bot.office import Asked
from engine import group
from engine.errors import Refused
from engine.model import Entry


async def report(asked: Asked) -> Card:
    """tell me of a failure: paste the log lines"""
    text = asked.ask.text.partition(" ")[2].strip()
    if not text:
        raise Refused("Paste the lines after the word: report java.lang.OutOfMemoryError …")
    incident = await group.reported(asked.desk, Entry(text, f"report by {asked.by}"))
    again = " It was known already." if incident.count > 1 else ""
    return said(f"That is #{incident.number} {incident.signal.title}.{again}")
