"""``show``: one incident as it stands."""

from __future__ import annotations

from adapters.chat.card import Card
from bot.cards import incident_card
from bot.office import Asked


async def show(asked: Asked) -> Card:
    """one incident as it stands now"""
    return incident_card(await asked.desk.incidents.numbered(asked.number))
