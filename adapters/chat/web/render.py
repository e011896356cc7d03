"""A card as HTML. All text is escaped by the templates; what a screen would obey is made visible first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import assert_never
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from adapters.chat import shorten
from adapters.chat.card import Button, Card, Code, Control, Divider, Facts, Form, Image, Link, Part, Text
from adapters.chat.plain import MOODS
from adapters.chat.visible import visible
from adapters.chat.web.limits import LIMITS

WEB_ADDRESS = re.compile(r"https?://[^\s\x00-\x20\x7f\"'<>\\]+", re.IGNORECASE)
"""The only addresses that become links."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a card is shown. ``page`` differs from page to page."""

    room: str
    thread: str = ""
    page: str = ""


def room_path(room: str, thread: str = "") -> str:
    path = f"/chat/{quote(room, safe=':')}"
    return f"{path}/thread/{quote(thread, safe=':')}" if thread else path


def bounded(text: str, at_most: int) -> dict[str, str | int]:
    """Return the ``shown`` text and how many characters were ``left`` out, for a template."""
    return {"shown": visible(text[:at_most]), "left": max(0, len(text) - at_most)}


def one_line(text: str, at_most: int = LIMITS.label) -> str:
    return shorten.one_line(text, at_most)


def initials(name: str) -> str:
    words = visible(name).split() or ["?"]
    return "".join(word[0] for word in (words[0], words[-1])[: len(words)]).upper()


def utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"bounded": bounded, "initials": initials, "one_line": one_line, "utc": utc}
    env.globals |= {"room_path": room_path, "limits": LIMITS}
    return env


ENVIRONMENT = environment()


def template(name: str, **values: object) -> Markup:
    # the template has escaped every value already
    return Markup(ENVIRONMENT.get_template(f"{name}.html").render(values))  # noqa: S704 - see above


def render(card: Card, place: Place) -> Markup:
    """Return the card as an ``<article>`` that can stand in a post."""
    rows = [_row(row, place, index) for index, row in enumerate(_rows(card.parts[: LIMITS.parts]))]
    left = max(0, len(card.parts) - LIMITS.parts)
    return template("card", card=card, rows=rows, mood=MOODS[card.tone], left=left)


def _rows(parts: Sequence[Part]) -> Iterator[tuple[bool, list[Part]]]:
    """Buttons, links and forms that follow each other share a row."""
    for controls, row in groupby(parts, key=lambda part: isinstance(part, Control)):
        yield controls, list(row)


def _row(row: tuple[bool, list[Part]], place: Place, index: int) -> Markup:
    controls, parts = row
    shown = Markup().join(_part(part, place, f"{index}-{column}") for column, part in enumerate(parts))
    return Markup('<div class="controls">{}</div>').format(shown) if controls else shown


def _part(part: Part, place: Place, nth: str) -> Markup:  # noqa: C901, PLR0911 - one closed union, one arm each
    match part:
        case Text():
            return template("parts/text", part=part)
        case Facts():
            left = max(0, len(part.pairs) - LIMITS.facts)
            return template("parts/facts", pairs=part.pairs[: LIMITS.facts], left=left)
        case Code():
            return _code(part)
        case Image():
            return template("parts/image", part=part, fits=len(part.png) <= LIMITS.picture)
        case Button():
            return template("parts/button", part=part, place=place, nth=nth)
        case Link():
            return template("parts/link", part=part, address=_address(part.url))
        case Divider():
            return template("parts/divider")
        case Form():
            return template("parts/form", part=part, place=place, nth=nth)
        case _:
            assert_never(part)


def _code(part: Code) -> Markup:
    lines = visible(part.text[: LIMITS.code]).rstrip("\n").split("\n")
    few = len(lines) <= LIMITS.code_lines_open + 2  # a fold that hides two lines helps nobody
    fold = len(lines) if few else LIMITS.code_lines_open
    return template(
        "parts/code",
        caption=part.caption,
        top="\n".join(lines[:fold]),
        rest="\n".join(lines[fold:]),
        total=len(lines),
        left=max(0, len(part.text) - LIMITS.code),
    )


def _address(url: str) -> str:
    """Return the address if a link may point to it, else nothing."""
    return url if len(url) <= LIMITS.text and WEB_ADDRESS.fullmatch(url) and _host(url) else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
