"""``approve``: run the proposed action."""

from __future__ import annotations

from adapters.chat.card import Card
from bot.cards import said
from bot.named import named
from bot.office import Asked
from engine import decide


async def approve(asked: Asked) -> Card:
    """run the action that the card proposes; name=value changes a parameter first"""
    action_id, changes = named(asked.rest)
    incident = await decide.approve(asked.desk, asked.number, asked.by, action_id, changes)
    action = incident.action.name if incident.action else "the action"
    return said(f"Approved. I look at #{incident.number} once more, then run {action}.")
