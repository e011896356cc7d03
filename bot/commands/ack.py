"""``ack``: I am on it."""

from __future__ import annotations

from adapters.chat.card import Card
from bot.cards import said
from bot.office import Asked
from engine import decide


async def ack(asked: Asked) -> Card:
    """I am on it: nobody else is woken"""
    incident = await decide.acknowledge(asked.desk, asked.number, asked.by)
    return said(f"#{incident.number} is yours.")
