"""``freeze``: nothing runs any more."""

from __future__ import annotations

from adapters.chat.card import Button, Card, Text, Tone
from bot.office import Asked
from engine.errors import Refused
from engine.redact import redact


async def freeze(asked: Asked) -> Card:
    """stop every action that has not been sent yet, at once"""
    why = redact(asked.ask.rest)
    if not why:
        raise Refused("Say why, so that others know when to thaw: freeze the payment migration is running")
    await asked.desk.brake.pull(asked.by, why)
    card = Card(
        f"{asked.by} froze everything",
        (Text(f"{why}. No action runs until somebody says thaw."), Button("Thaw", "thaw")),
        tone=Tone.BAD,
    )
    await asked.office.announce(card)
    return Card("Frozen. No action runs until somebody says thaw.", (Button("Thaw", "thaw"),), private=True)
