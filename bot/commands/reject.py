"""``reject``: do not run the proposed action."""

from __future__ import annotations

from adapters.chat.card import Card
from bot.cards import said
from bot.office import Asked
from engine import decide
from engine.errors import Refused
from engine.redact import redact


async def reject(asked: Asked) -> Card:
    """do not run it, and say why"""
    number = asked.number
    if not asked.rest:
        raise Refused(f"Say why, so that others can learn from it: reject {number} the upstream is still down")
    incident = await decide.reject(asked.desk, number, asked.by, redact(asked.rest))
    return said(f"Rejected. #{incident.number} stays open and is yours.")
