"""What a post says, as it is kept: a card of the agent, or the line that a person typed."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias, get_args

from pydantic import TypeAdapter

from adapters.chat.card import Card, Part, Text, Tone

KINDS: dict[str, TypeAdapter[Part]] = {kind.__name__.lower(): TypeAdapter(kind) for kind in get_args(Part)}
"""The tag each part is kept under."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person typed, and the person's name as it was then."""

    text: str
    name: str


Body: TypeAlias = Card | Said


def to_json(body: Body) -> str:
    match body:
        case Card():
            parts = [{"kind": type(part).__name__.lower(), **asdict(part)} for part in body.parts]
            card = {"title": body.title, "tone": body.tone, "private": body.private, "parts": parts}
            return json.dumps({"card": card}, default=_written)
        case Said():
            return json.dumps({"text": body.text, "name": body.name})


def from_json(kept: str) -> Body:
    """Return what was kept. A part that this version does not know is named in its place, never an error."""
    body: dict[str, Any] = json.loads(kept)
    if "card" not in body:
        return Said(str(body.get("text", "")), str(body.get("name", "")))
    card = body["card"]
    parts = tuple(map(_part, card.get("parts", ())))
    return Card(str(card.get("title", "")), parts, _tone(card.get("tone")), bool(card.get("private")))


def _part(kept: dict[str, Any]) -> Part:
    kind = str(kept.get("kind"))
    try:
        png = {"png": b64decode(kept["png"], validate=True)} if "png" in kept else {}
        return KINDS[kind].validate_python({**kept, **png})
    except (KeyError, TypeError, ValueError):
        return Text(f"(A part of the kind “{kind}” cannot be shown by this version.)", quiet=True)


def _written(picture: bytes) -> str:
    """Bytes, which JSON has not: only a picture holds any."""
    return b64encode(picture).decode()


def _tone(kept: object) -> Tone:
    return next((tone for tone in Tone if tone == kept), Tone.NEUTRAL)
