"""``resolve``: a person has mended it."""

from __future__ import annotations

from adapters.chat.card import Card
from bot.cards import said
from bot.named import named
from bot.office import Asked
from engine import decide
from engine.errors import Refused
from engine.redact import redact


async def resolve(asked: Asked) -> Card:
    """it is mended, and this is how"""
    number = asked.number
    _, given = named(asked.rest) if asked.rest.startswith("how=") else ("", {"how": asked.rest})
    how, cause = redact(given.get("how", "")), redact(given.get("cause", ""))
    if not how:
        raise Refused(f"Say how it was mended: resolve {number} enlarged the pool")
    incident = await decide.resolve(asked.desk, number, asked.by, how, cause)
    return said(f"#{incident.number} is resolved.")
