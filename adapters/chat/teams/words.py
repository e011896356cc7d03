"""Text in the elements that Teams knows. What a stranger wrote formats, links and mentions nothing.

A TextBlock obeys markdown, a TextRun does not: https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features.
Both turn ``{{DATE(…)}}`` into a date, so that is taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from adapters.chat import shorten
from adapters.chat.plain import UNNAMED

Element: TypeAlias = dict[str, Any]

HARD_SPACE = "\u00a0"

_HARMLESS = re.compile(r"#?\d* ?[A-Z][A-Za-z0-9 ,;()'…-]*(?<!-)")
"""A title in which no renderer of markdown finds anything to obey."""

_MACRO = re.compile(r"\{(?=\{\s*(?:DATE|TIME))", re.IGNORECASE)

_INDENT = re.compile(r"^ +| {2,}|\t", re.MULTILINE)


def one_line(text: str, at_most: int) -> str:
    """Return what a screen shows of the text, on one line, ending in … if something was left out."""
    return plain(shorten.one_line(text, at_most))


def plain(text: str) -> str:
    return _MACRO.sub("{ ", text)


def heading(text: str) -> Element:
    """A title; one for screen readers too, if there is nothing in it that could be markup."""
    title = text or UNNAMED
    if _HARMLESS.fullmatch(title):
        return {
            "type": "TextBlock",
            "text": title,
            "style": "heading",
            "size": "Large",
            "weight": "Bolder",
            "wrap": True,
        }
    return rich(title, size="Large", weight="Bolder")


def rich(text: str, **style: Any) -> Element:
    """One line of text, shown as it is."""
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": plain(text) or HARD_SPACE, **style}]}


def lines(text: str, **style: Any) -> Iterator[Element]:
    """Text of several lines: a renderer may run them together, so each is an element."""
    for number, line in enumerate(text.split("\n")):
        yield {**rich(line, **style), **({"spacing": "None"} if number else {})}


def code(text: str) -> Iterator[Element]:
    """Text of a machine: its columns stay where they are."""
    yield from lines(_INDENT.sub(_hard, text), fontType="Monospace", size="Small")


def _hard(found: re.Match[str]) -> str:
    return HARD_SPACE * (4 if found[0] == "\t" else len(found[0]))
