"""``stats``: what I have learned, and how far my confidence can be believed."""

from __future__ import annotations

from dataclasses import replace

from adapters.chat.card import Card
from bot import stats as told
from bot.office import Asked


async def stats(asked: Asked) -> Card:
    """how often each action worked, how long it took, and how far my confidence can be believed"""
    lessons = await told.known(asked.desk)
    rows = await asked.desk.library.rows() if asked.desk.library else ()
    card = told.card(lessons, [one for one in rows if one.proposed and not one.dismissed])
    return replace(card, parts=(*card.parts, *await told.image(lessons)))
