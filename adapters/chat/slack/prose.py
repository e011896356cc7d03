"""Texts, facts and code as one block of rich text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum, auto
from itertools import groupby
from typing import Any, TypeAlias

from adapters.chat.card import Code, Facts, Part, Text
from adapters.chat.slack.words import letters, rich_text, section


class Shape(Enum):
    PARAGRAPH = auto()
    FACT = auto()
    CAPTION = auto()
    CODE = auto()


Piece: TypeAlias = tuple[Shape, list[dict[str, Any]]]


def prose(parts: Iterable[Part]) -> dict[str, Any]:
    """Return the block; there is nothing in it that Slack would read as markup."""
    pieces = (piece for part in parts for piece in _pieces(part))
    elements: list[dict[str, Any]] = []
    for is_code, run in groupby(pieces, key=lambda piece: piece[0] is Shape.CODE):
        if is_code:
            elements += [{"type": "rich_text_preformatted", "elements": code} for _, code in run]
        else:
            elements.append(section(*_spaced(run)))
    return rich_text(*elements)


def _pieces(part: Part) -> Iterator[Piece]:
    match part:
        case Text(text=text):
            yield Shape.PARAGRAPH, [letters(text)]
        case Facts(pairs=pairs):
            for name, value in pairs:
                yield Shape.FACT, [*([letters(name, bold=True), letters("  ")] if name else []), letters(value)]
        case Code(text=text, caption=caption):
            if caption:
                yield Shape.CAPTION, [letters(caption, italic=True)]
            yield Shape.CODE, [letters(text)]
        case _:
            raise TypeError(f"{type(part).__name__} is no prose")


def _spaced(pieces: Iterable[Piece]) -> Iterator[dict[str, Any]]:
    """Like follows like line by line; between others stands an empty line."""
    before = None
    for shape, elements in pieces:
        if before:
            yield letters("\n" if shape is before else "\n\n")
        yield from elements
        before = shape
