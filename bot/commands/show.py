"""``show``: one incident as it stands."""

from __future__ import annotations

from adapters.chat.card import Card
from bot.office import Asked


async def show(asked: Asked) -> Card:
    """one incident as it stands now"""
    incident = await asked.desk.incidents.numbered(asked.number)
    return await asked.office.card(asked.ask.platform, incident)
