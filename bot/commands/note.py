"""``note``: keep a remark in the timeline."""

from __future__ import annotations

from adapters.chat.card import Card
from bot.cards import said
from bot.office import Asked
from engine import decide
from engine.errors import Refused
from engine.redact import redact


async def note(asked: Asked) -> Card:
    """keep a remark in the timeline"""
    number = asked.number
    if not asked.rest:
        raise Refused(f"What shall I note? note {number} the vendor confirms an outage")
    incident = await decide.note(asked.desk, number, asked.by, redact(asked.rest))
    return said(f"Noted on #{incident.number}.")
