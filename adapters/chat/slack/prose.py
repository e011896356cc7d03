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


Run: TypeAlias = tuple[str, str]
"""A text and its style: ``bold``, ``italic`` or none."""


def prose(parts: Iterable[Part]) -> dict[str, Any]:
    """Return the block; there is nothing in it that Slack would read as markup."""
    pieces = (piece for part in parts for piece in _pieces(part))
    elements: list[dict[str, Any]] = []
    for is_code, some in groupby(pieces, key=lambda piece: piece[0] is Shape.CODE):
        if is_code:
            elements += [{"type": "rich_text_preformatted", "elements": _letters(code)} for _, code in some]
        else:
            elements.append(section(*_letters(_spaced(some))))
    return rich_text(*elements)


def _pieces(part: Part) -> Iterator[tuple[Shape, list[Run]]]:
    match part:
        case Text(text=text):
            yield Shape.PARAGRAPH, [(text, "")]
        case Facts(pairs=pairs):
            for name, value in pairs:
                yield Shape.FACT, [(name, "bold"), ("  ", ""), (value, "")] if name else [(value, "")]
        case Code(text=text, caption=caption):
            if caption:
                yield Shape.CAPTION, [(caption, "italic")]
            yield Shape.CODE, [(text, "")]
        case _:
            raise TypeError(f"{type(part).__name__} is no prose")


def _spaced(pieces: Iterable[tuple[Shape, list[Run]]]) -> Iterator[Run]:
    """Like follows like line by line; between others stands an empty line."""
    before = None
    for shape, runs in pieces:
        if before:
            yield ("\n" if shape is before else "\n\n"), ""
        yield from runs
        before = shape


def _letters(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Runs of one style that follow each other are one element: what Slack counts is the JSON."""
    joined = ((style, "".join(text for text, _ in some)) for style, some in groupby(runs, key=lambda run: run[1]))
    return [letters(text, **({style: True} if style else {})) for style, text in joined]
