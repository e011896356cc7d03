"""``example``: let something break, on purpose."""

from __future__ import annotations

from adapters.chat.card import Card
from bot.cards import said
from bot.office import Asked
from engine.errors import Refused


async def example(asked: Asked) -> Card:
    """let something break, to see what I do (cleanup, airflow, pool, spark)"""
    stage = asked.office.example
    if stage is None:
        raise Refused("There is no example here. Start the program with: oncall run --demo")
    name = asked.ask.words[0].lower() if asked.ask.words else "cleanup"
    try:
        expect = stage.play(name, asked.desk.clock.now())
    except KeyError:
        raise Refused(f"I know no example “{name[:40]}”: say cleanup, airflow, pool or spark.") from None
    return said(f"{expect} Watch this room.")
