"""``approve``: run the proposed action."""

from __future__ import annotations

import re

from adapters.chat.card import Card
from bot.cards import said
from bot.named import named
from bot.office import Asked
from engine import decide
from engine.errors import Refused

_ID = re.compile(r"[0-9a-f-]*")
"""The beginning of an action's id, as a button says it; a person leaves it out."""


async def approve(asked: Asked) -> Card:
    """run the action that the card proposes; name=value changes a parameter first"""
    action_id, changes = named(asked.rest)
    if _ID.fullmatch(action_id) is None:
        raise Refused(f"I do not understand “{action_id[:40]}”: say approve {asked.number}, or name=value behind it.")
    incident = await decide.approve(asked.desk, asked.number, asked.by, action_id, changes)
    action = incident.action.name if incident.action else "the action"
    return said(f"Approved. I look at #{incident.number} once more, then run {action}.")
