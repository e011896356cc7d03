"""A card as a Slack message, or as a person's home tab."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count, groupby
from typing import Any, assert_never

from adapters.chat.card import Button, Card, Code, Divider, Facts, Form, Image, Link, Part, Text, Tone
from adapters.chat.fit import fit
from adapters.chat.plain import SIGNS, UNNAMED, summary
from adapters.chat.slack.controls import control, rows
from adapters.chat.slack.fit import BOUNDS, SHARES
from adapters.chat.slack.limits import LIMITS
from adapters.chat.slack.prose import prose
from adapters.chat.slack.words import escaped, letters, one_line_text, plain_text, rich_text, section

COLOURS = {
    Tone.WAITING: "#cf8a1c",
    Tone.WORKING: "#4a82d8",
    Tone.GOOD: "#349a63",
    Tone.BAD: "#d4483e",
}
"""Only an attachment can have a colour, but a client may fold it away: what needs none is no attachment."""

EMOJI = {
    Tone.NEUTRAL: "",
    Tone.WAITING: "raised_hand",
    Tone.WORKING: "hourglass_flowing_sand",
    Tone.GOOD: "white_check_mark",
    Tone.BAD: "rotating_light",
}
"""Slack's names of the signs."""


class Family(Enum):
    PROSE = auto()
    CONTROLS = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Message:
    """What ``chat.postMessage`` and ``chat.update`` take. ``text`` is what a notification says, and a screen reader."""

    text: str
    blocks: list[dict[str, Any]]
    attachments: list[dict[str, Any]]


def render(card: Card) -> Message:
    """Return the card, shortened as far as Slack wants."""
    return next(message for share in SHARES if _accepted(message := _message(fit(card, share, BOUNDS))))


def home(card: Card) -> dict[str, Any]:
    """Return the card as a view for ``views.publish``."""
    return next(view for share in SHARES if _small(view := _home(fit(card, share, BOUNDS)), LIMITS.view_blocks))


def _message(card: Card) -> Message:
    text = escaped(summary(card, LIMITS.summary))
    title, blocks = _title(card), _blocks(card.parts)
    if card.tone is Tone.NEUTRAL or not blocks:
        return Message(text, [title, *blocks], [])
    return Message(text, [title], [{"color": COLOURS[card.tone], "fallback": text, "blocks": blocks}])


def _home(card: Card) -> dict[str, Any]:
    title = f"{SIGNS[card.tone]} {card.title}".strip()
    header = {"type": "header", "text": one_line_text(title, LIMITS.header)}
    return {"type": "home", "blocks": [header, *_blocks(card.parts)]}


def _accepted(message: Message) -> bool:
    shown = [*message.blocks, *(block for one in message.attachments for block in one["blocks"])]
    return _small({"blocks": shown}, LIMITS.blocks)


def _small(view: dict[str, Any], most: int) -> bool:
    return len(view["blocks"]) <= most and len(escaped(json.dumps(view))) <= LIMITS.total


def _title(card: Card) -> dict[str, Any]:
    sign = EMOJI[card.tone]
    signed = [{"type": "emoji", "name": sign}, letters(" ")] if sign else []
    return rich_text(section(*signed, letters(card.title or UNNAMED, bold=True)))


def _blocks(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Prose shares a block, and so do controls: a client may fold an attachment away that has many of them."""
    numbers = count()
    blocks: list[dict[str, Any]] = []
    for family, run in groupby(parts, key=_family):
        match family:
            case Family.PROSE:
                blocks.append(prose(run))
            case Family.CONTROLS:
                blocks += rows([control(part, next(numbers)) for part in run])
            case Family.OTHER:
                blocks += [_other(part) for part in run]
            case _:
                assert_never(family)
    return blocks


def _family(part: Part) -> Family:
    match part:
        case Text(quiet=False) | Facts() | Code():
            return Family.PROSE
        case Button() | Link() | Form():
            return Family.CONTROLS
        case Text() | Image() | Divider():
            return Family.OTHER
        case _:
            assert_never(part)


def _other(part: Part) -> dict[str, Any]:
    match part:
        case Text(text=text):
            return {"type": "context", "elements": [plain_text(text)]}
        case _:
            return {"type": "divider"}
