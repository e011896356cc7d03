"""``thaw``: actions may run again."""

from __future__ import annotations

from adapters.chat.card import Card, Text, Tone
from bot.cards import said
from bot.office import Asked
from engine.errors import Refused


async def thaw(asked: Asked) -> Card:
    """let approved actions run again after a freeze"""
    why = await asked.desk.brake.pulled()
    if not why:
        raise Refused("Nothing is frozen.")
    await asked.desk.brake.release()
    await asked.office.announce(Card(f"{asked.by} thawed everything", (Text(f"Before that, {why}"),), tone=Tone.GOOD))
    return said("Thawed. What is approved from now on runs; what was approved meanwhile is proposed afresh.")
