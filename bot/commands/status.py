"""``status``: how the agent itself is doing."""

from __future__ import annotations

from adapters.chat.card import Card, Facts
from bot.office import Asked
from engine.model import WaitsFor


async def status(asked: Asked) -> Card:
    """how I am doing: sources, targets, what waits for whom"""
    people = await asked.desk.incidents.waiting_for(WaitsFor.PERSON)
    machine = await asked.desk.incidents.waiting_for(WaitsFor.MACHINE)
    facts = (("Waiting for a person", str(len(people))), ("In my hands", str(len(machine))))
    return Card("I am on call", (Facts((*facts, *asked.office.facts())),))
