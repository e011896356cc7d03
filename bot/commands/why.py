"""``why``: what the diagnosis stands on."""

from __future__ import annotations

from adapters.chat.card import Card, Code, Facts, Part, Text
from bot import alike
from bot.office import Asked
from bot.words import excerpt, percent
from engine.knowledge import Pattern
from engine.model import Diagnosis, place


async def why(asked: Asked) -> Card:
    """which line, which rule and which outcomes my diagnosis stands on"""
    incident = await asked.desk.incidents.numbered(asked.number)
    diagnosis = incident.diagnosis
    if diagnosis is None:
        return Card(f"Why #{incident.number}?", (Text("I am still looking at it."),))
    parts: list[Part] = [Text(reason) for reason in diagnosis.because]
    parts.append(Code(excerpt(incident.signal.text), caption=place(incident.signal.source)))
    pattern = asked.desk.detector.patterns.get(incident.failure)
    parts.append(Facts((("Category", diagnosis.category), *_sure(diagnosis, pattern))))
    if pattern:
        parts.append(Text(pattern.advice))
    if asked.office.past:
        parts += alike.parts(await asked.office.past.similar(incident))
    return Card(f"Why #{incident.number} {incident.signal.title}", tuple(parts))


def _sure(diagnosis: Diagnosis, pattern: Pattern | None) -> tuple[tuple[str, str], ...]:
    """Of an action how likely it helps; where none is proposed, how sure it is that a person must decide."""
    if diagnosis.proposal:
        return (("Confidence", percent(diagnosis.confidence)),)
    return (("That a person must decide", percent(pattern.prior)),) if pattern and not pattern.proposals else ()
