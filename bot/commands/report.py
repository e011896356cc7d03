"""``report``: a person tells of a failure."""

from __future__ import annotations

from adapters.chat.card import Card
from bot.cards import said
from bot.office import Asked
from bot.standing import REPORT
from engine import group
from engine.errors import Refused
from engine.model import Entry


async def report(asked: Asked) -> Card:
    """tell me of a failure: paste the log lines"""
    text = asked.ask.rest
    if not text:
        raise Refused("Paste the lines after the word: report java.lang.OutOfMemoryError …")
    incident = await group.reported(asked.desk, Entry(text, await _source(asked)))
    again = " It was known already." if incident.count > 1 else ""
    return said(f"That is #{incident.number} {incident.signal.title}.{again}")


async def _source(asked: Asked) -> str:
    """Who says it. Said in a thread, the incident's card goes there: the source is the key by which it is found."""
    ask, conversations = asked.ask, asked.office.conversations
    if not (ask.thread and conversations) or ask.thread.startswith("incident-"):
        return f"{REPORT}{asked.by}"
    source = f"{REPORT}{asked.by}#{ask.platform} {ask.room} {ask.thread}"
    await conversations.put(ask.platform, source, ask.room, ask.thread)
    return source
