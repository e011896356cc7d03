"""What a button carries: a platform gives it back when the button is pressed, so no form is kept here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from adapters.chat.card import Field, Kind

UNSENDABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and halves of characters: JSON can hold them, what reads it may not."""


def sendable(text: str) -> str:
    """What comes back to us as it was sent; nobody looks at it."""
    return UNSENDABLE.sub("", text)


def packed(field: Field) -> dict[str, Any]:
    """Return the field as JSON, short: what it has not is not there."""
    said = {
        "name": sendable(field.name),
        "label": sendable(field.label),
        "optional": int(not field.required),
        "kind": "" if field.kind is Kind.TEXT else str(field.kind),
        "default": sendable(field.default),
        "choices": [sendable(choice) for choice in field.choices],
        "hint": sendable(field.hint),
    }
    return {key: value for key, value in said.items() if value}


def unpacked(said: object) -> Field:
    """Return the field that was packed. Raises ValueError if it is none."""
    if not isinstance(said, dict):
        raise ValueError("a field is not right")
    return Field(
        of(said, "name", str, ""),
        of(said, "label", str, ""),
        required=not said.get("optional"),
        default=of(said, "default", str, ""),
        kind=Kind(of(said, "kind", str, Kind.TEXT)),
        choices=tuple(str(choice) for choice in of(said, "choices", list, [])),
        hint=of(said, "hint", str, ""),
    )


def of(said: Mapping[str, Any], key: str, kind: type[Any], default: object = None) -> Any:
    """Return the value under ``key``. Raises ValueError if it is not of this kind."""
    value = said.get(key, default)
    if not isinstance(value, kind):
        raise ValueError(f"{key} is not right")
    return value
