"""A card made to fit: what a platform would refuse becomes something that it takes, and says what was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never
from urllib.parse import urlsplit

from adapters.chat.card import Button, Card, Code, Control, Divider, Facts, Form, Image, Link, Part, Text
from adapters.chat.shorten import beginning, both_ends, left_out, one_line


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a card is shown: characters of a text, a fact, a code; facts, lines of code; parts and controls.

    What shows no ``pictures`` says in words what they show.
    """

    text: int = 0
    fact: int = 0
    facts: int = 0
    code: int = 0
    lines: int = 0
    parts: int = 0
    controls: int = 100
    pictures: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a platform takes at the most, in characters; ``holds`` says whether a button of its can hold the form."""

    title: int
    label: int
    ask: int
    url: int
    holds: Callable[[Form], bool]


def fit(card: Card, share: Share, bounds: Bounds) -> Card:
    """Return the card with so much of it, every part of it fit to be shown. What a person can press goes last."""
    controls = sum(isinstance(part, Control) for part in card.parts)
    others = len(card.parts) - controls
    shown = _tidy(shown for part in _kept(card.parts, share) for shown in _fitting(part, share, bounds))
    left = [*_left(others - share.parts, "part"), *_left(controls - share.controls, "button")]
    return replace(card, title=one_line(card.title, bounds.title), parts=(*shown, *left))


def _kept(parts: Sequence[Part], share: Share) -> Iterator[Part]:
    """The first controls and the first of the other parts, in their order."""
    seen = {True: 0, False: 0}
    for part in parts:
        control = isinstance(part, Control)
        seen[control] += 1
        if seen[control] <= (share.controls if control else share.parts):
            yield part


def _tidy(parts: Iterable[Part]) -> Iterator[Part]:
    """A line stands only between two things."""
    line, before = False, False
    for part in parts:
        if isinstance(part, Divider):
            line = before
            continue
        if line:
            yield Divider()
        yield part
        line, before = False, True


def _left(count: int, what: str) -> Iterator[Part]:
    if count > 0:
        yield Text(left_out(count, what), quiet=True)


def _fitting(part: Part, share: Share, bounds: Bounds) -> Iterator[Part]:  # noqa: C901 - one closed union, one arm each
    match part:
        case Text(text=text, quiet=quiet):
            yield from _text(text, share, quiet=quiet)
        case Facts(pairs=pairs):
            yield from _facts(pairs, share, bounds)
        case Code(text=text, caption=caption):
            yield from _code(text, caption, share, bounds)
        case Image(alt=alt):
            yield from [part] if share.pictures else _text(f"Picture: {alt}", share, quiet=True)
        case Link(label=label, url=url):
            yield from [part] if _address(url, bounds) else _text(f"{label}: {url}", share)
        case Button(ask=ask):
            yield part if len(ask) <= bounds.ask else _too_long(part.label, bounds)
        case Form(fields=()):
            yield from _fitting(Button(part.label, part.ask), share, bounds)
        case Form():
            yield part if bounds.holds(part) else _too_long(part.label, bounds)
        case Divider():
            yield part
        case _:
            assert_never(part)


def _text(text: str, share: Share, *, quiet: bool = False) -> Iterator[Text]:
    if shown := beginning(text, share.text):
        yield Text(shown, quiet)


def _facts(pairs: Sequence[tuple[str, str]], share: Share, bounds: Bounds) -> Iterator[Part]:
    kept = pairs[: share.facts]
    shown = tuple((one_line(name, bounds.label), beginning(value, share.fact) or "—") for name, value in kept)
    yield from [Facts(shown)] if shown else []
    yield from _left(len(pairs) - share.facts, "fact")


def _code(code: str, caption: str, share: Share, bounds: Bounds) -> Iterator[Part]:
    shown = both_ends(code, share.lines, share.code)
    if shown.strip():
        yield Code(shown, one_line(caption, bounds.title))
    else:
        yield from _text(caption, share)


def _too_long(label: str, bounds: Bounds) -> Text:
    return Text(f"“{one_line(label, bounds.label)}” is too long for a button: please type it.", quiet=True)


def _address(url: str, bounds: Bounds) -> bool:
    """Whether a card may lead there."""
    if len(url) > bounds.url or not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\'):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
