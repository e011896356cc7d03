"""``approve``: run the proposed action."""

from __future__ import annotations

import shlex

from adapters.chat.card import Card
from bot.cards import said
from bot.office import Asked
from engine import decide
from engine.errors import Refused


async def approve(asked: Asked) -> Card:
    """run the action that the card proposes; name=value changes a parameter first"""
    action_id, changes = _read(asked.rest)
    incident = await decide.approve(asked.desk, asked.number, asked.by, action_id, changes)
    action = incident.action.name if incident.action else "the action"
    return said(f"Approved. I look at #{incident.number} once more, then run {action}.")


def _read(text: str) -> tuple[str, dict[str, str]]:
    """The proposal's id, if it was said, and the changes: ``3fa85f64 days_old=14 path='/var/log/my app'``."""
    try:
        words = shlex.split(text)
    except ValueError:
        raise Refused("A quotation mark is open: close it, or leave it out.") from None
    changes = {name: value for name, sign, value in (word.partition("=") for word in words) if sign}
    first = words[0] if words and "=" not in words[0] else ""
    return first, changes
