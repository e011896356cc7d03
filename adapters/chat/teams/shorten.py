"""A card made short enough, saying what was left out. What a person can press goes last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never
from urllib.parse import urlsplit

from adapters.chat.card import Button, Card, Code, Divider, Facts, Form, Image, Link, Part, Text
from adapters.chat.teams.limits import LIMITS
from adapters.chat.teams.words import one_line
from adapters.chat.visible import visible


@dataclass(frozen=True, slots=True)
class Share:
    """How much is shown: characters of a text, a fact and a code; how many facts, code lines, parts and controls."""

    text: int = 0
    fact: int = 0
    facts: int = 0
    code: int = 0
    lines: int = 0
    parts: int = 0
    controls: int = 60


SHARES = (
    Share(text=4_000, fact=1_000, facts=60, code=6_000, lines=30, parts=60),
    Share(text=1_500, fact=300, facts=40, code=2_500, lines=16, parts=40),
    Share(text=500, fact=120, facts=20, code=800, lines=8, parts=20),
    Share(text=150, fact=60, facts=10, code=200, lines=4, parts=8),
    *(Share(controls=controls) for controls in (60, 30, 12, 6, 3, 1, 0)),
)
"""From the whole card to its bare title; the first that Teams takes is shown."""


def shortened(card: Card, share: Share) -> Card:
    """Return so much of the card, every part of it fit to be shown."""
    parts = [one for part in card.parts for one in _fitting(part, share)]
    return replace(card, title=one_line(card.title, LIMITS.title), parts=tuple(_bounded(parts, share)))


def left_out(count: int, what: str) -> str:
    return f"… {count:,} {what}{'' if count == 1 else 's'} left out"


def is_control(part: Part) -> bool:
    return isinstance(part, Button | Link | Form)


def _bounded(parts: Sequence[Part], share: Share) -> Iterator[Part]:
    controls = others = 0
    for part in parts:
        if is_control(part):
            controls += 1
            yield from [part] if controls <= share.controls else []
        else:
            others += 1
            yield from [part] if others <= share.parts else []
    yield from _left(others - share.parts, "part")
    yield from _left(controls - share.controls, "button")


def _left(count: int, what: str) -> Iterator[Part]:
    if count > 0:
        yield Text(left_out(count, what), quiet=True)


def _fitting(part: Part, share: Share) -> Iterator[Part]:
    match part:
        case Text(text=text, quiet=quiet):
            yield from _text(text, share, quiet=quiet)
        case Facts(pairs=pairs):
            shown = tuple(_pair(name, value, share) for name, value in pairs[: share.facts])
            yield from [Facts(shown)] if shown else []
            yield from _left(len(pairs) - share.facts, "fact")
        case Code(text=text, caption=caption):
            yield from _code(visible(text).strip("\n"), caption, share)
        case Image(url=url, alt=alt):
            yield from [part] if address(url, "https") else _text(f"{alt}: {url}", share)
        case Link(label=label, url=url):
            yield from [part] if address(url, "http", "https") else _text(f"{label}: {url}", share)
        case Button() | Form():
            yield part if len(part.ask) <= LIMITS.ask else _too_long(part.label)
        case Divider():
            yield part
        case _:
            assert_never(part)


def _text(text: str, share: Share, *, quiet: bool = False) -> Iterator[Text]:
    if shown := visible(text).strip():
        yield Text(_beginning(shown, share.text), quiet)


def _pair(name: str, value: str, share: Share) -> tuple[str, str]:
    return one_line(name, LIMITS.label), _beginning(visible(value).strip(), share.fact) or "—"


def _code(text: str, caption: str, share: Share) -> Iterator[Part]:
    shown = _both_ends(text, share.lines, share.code) if share.code else ""
    if shown.strip():
        yield Code(shown, one_line(caption, LIMITS.title))
    elif text.strip() or caption.strip():
        yield Text(f"{one_line(caption, LIMITS.title)} {left_out(len(text), 'character')}".strip(), quiet=True)


def _beginning(text: str, at_most: int) -> str:
    return text if len(text) <= at_most else f"{text[:at_most]} {left_out(len(text) - at_most, 'character')}"


def _both_ends(text: str, at_most: int, characters: int) -> str:
    """The first and the last lines: what failed stands at one of the two ends of a log."""
    rows = text.split("\n")
    if len(rows) > at_most:
        half = at_most // 2
        rows = [*rows[:half], left_out(len(rows) - 2 * half, "line"), *rows[-half:]]
    return "\n".join(_middle_out(row, max(characters // len(rows), 20)) for row in rows)


def _middle_out(row: str, at_most: int) -> str:
    if len(row) <= at_most:
        return row
    half = at_most // 2
    return f"{row[:half]} {left_out(len(row) - 2 * half, 'character')} … {row[len(row) - half :]}"


def _too_long(label: str) -> Text:
    return Text(f"“{one_line(label, LIMITS.label)}” is too long for a button: please type it.", quiet=True)


def address(url: str, *schemes: str) -> bool:
    """Whether a card may lead there."""
    if len(url) > LIMITS.url or not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\'):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)
