"""A card as plain text: for terminals, logs and wherever a platform wants a line to fall back on."""

from __future__ import annotations

import textwrap
from typing import assert_never

from adapters.chat.card import Button, Card, Code, Divider, Facts, Field, Form, Image, Link, Part, Text, Tone
from adapters.chat.shorten import one_line
from adapters.chat.visible import visible

MOODS = {
    Tone.NEUTRAL: "",
    Tone.WAITING: "waiting for you",
    Tone.WORKING: "working on it",
    Tone.GOOD: "all good",
    Tone.BAD: "trouble",
}
"""What a tone says where no colour can."""

SIGNS = {Tone.NEUTRAL: "", Tone.WAITING: "✋", Tone.WORKING: "⏳", Tone.GOOD: "✅", Tone.BAD: "🚨"}
"""The tone for who cannot tell colours apart: they differ in shape."""

UNNAMED = "…"
"""Shown where there is nothing to show: no platform takes an empty text."""


def render(card: Card) -> str:
    """Return the card as lines of text; buttons and forms show the line that a person types instead."""
    notes = [note for note in (MOODS[card.tone], "only you see this" if card.private else "") if note]
    title = f"{card.title} ({', '.join(notes)})" if notes else card.title
    return visible("\n".join([title, *map(_part, card.parts)]))


def summary(card: Card, at_most: int) -> str:
    """What a notification says: the title, how it stands, and the most telling line, of at most so many characters."""
    mood = f" ({MOODS[card.tone]})" if MOODS[card.tone] else ""
    telling = one_line(next(filter(None, map(_line, card.parts)), ""), at_most)
    return f"{card.title or UNNAMED}{mood}" + (f": {telling}" if telling else "")


def _line(part: Part) -> str:
    match part:
        case Text(text=text, quiet=False) | Code(text=text):
            return text
        case Facts(pairs=pairs):
            return " · ".join(f"{name} {value}" for name, value in pairs[:3])
        case _:
            return ""


def _part(part: Part) -> str:  # noqa: C901, PLR0911 - one closed union, one arm each
    match part:
        case Text(text=text):
            return text
        case Facts(pairs=pairs):
            return "\n".join(f"{name}: {value}" for name, value in pairs)
        case Code(text=text, caption=caption):
            code = textwrap.indent(text, "    ", lambda _line: True)
            return f"{caption}:\n{code}" if caption else code
        case Image(alt=alt):
            return f"(Picture: {alt})"
        case Button(label=label, ask=ask):
            return f"[{label}] {ask}"
        case Link(label=label, url=url):
            return f"{label}: {url}"
        case Divider():
            return "---"
        case Form(label=label, ask=ask, fields=fields):
            return " ".join([f"[{label}] {ask}", *map(_field, fields)])
        case _:
            assert_never(part)


def _field(field: Field) -> str:
    return f"<{field.label}>" if field.required else f"[<{field.label}>]"
