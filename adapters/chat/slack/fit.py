"""A card made to fit: what Slack would refuse becomes something that it takes, and says what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never
from urllib.parse import urlsplit

from adapters.chat.card import Button, Card, Code, Divider, Facts, Form, Image, Link, Part, Text
from adapters.chat.slack.forms import to_value
from adapters.chat.slack.limits import LIMITS
from adapters.chat.slack.shorten import beginning, both_ends, left_out, one_line


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a card is shown: characters of a text, a fact, a code; facts, lines of code; parts and controls."""

    text: int = 0
    fact: int = 0
    facts: int = 0
    code: int = 0
    lines: int = 0
    parts: int = 0
    controls: int = 100


SHARES = (
    Share(text=2_500, fact=500, facts=60, code=2_500, lines=20, parts=60),
    Share(text=1_000, fact=200, facts=40, code=1_200, lines=12, parts=30),
    Share(text=400, fact=120, facts=20, code=500, lines=8, parts=20),
    Share(text=150, fact=60, facts=10, code=200, lines=4, parts=8),
    *(Share(controls=controls) for controls in (100, 75, 50, 25, 12, 6, 3, 1, 0)),
)
"""From the whole card to its bare title; the first that Slack takes is shown. What a person can press goes last."""


def fit(card: Card, share: Share) -> Card:
    """Return the card with so much of it, every part of it fit to be shown."""
    controls = sum(map(_is_control, card.parts))
    others = len(card.parts) - controls
    shown = _tidy(shown for part in _kept(card.parts, share) for shown in _fitting(part, share))
    left = [*_left(others - share.parts, "part"), *_left(controls - share.controls, "button")]
    return replace(card, title=one_line(card.title, LIMITS.header), parts=(*shown, *left))


def _kept(parts: Sequence[Part], share: Share) -> Iterator[Part]:
    """The first controls and the first of the other parts, in their order."""
    seen = {True: 0, False: 0}
    for part in parts:
        control = _is_control(part)
        seen[control] += 1
        if seen[control] <= (share.controls if control else share.parts):
            yield part


def _is_control(part: Part) -> bool:
    return isinstance(part, Button | Link | Form)


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


def _fitting(part: Part, share: Share) -> Iterator[Part]:  # noqa: C901 - one closed union, one arm each
    match part:
        case Text(text=text, quiet=quiet):
            yield from _text(text, share, quiet=quiet)
        case Facts(pairs=pairs):
            yield from _facts(pairs, share)
        case Code(text=text, caption=caption):
            yield from _code(text, caption, share)
        case Image(url=url, alt=alt):
            yield from [part] if _address(url, "https") else _text(f"{alt}: {url}", share)
        case Link(label=label, url=url):
            yield from [part] if _address(url, "http", "https") else _text(f"{label}: {url}", share)
        case Button(label=label, ask=ask):
            yield part if len(ask) <= LIMITS.value else _too_long(label)
        case Form():
            yield _form(part)
        case Divider():
            yield part
        case _:
            assert_never(part)


def _text(text: str, share: Share, *, quiet: bool = False) -> Iterator[Text]:
    if shown := beginning(text, share.text):
        yield Text(shown, quiet)


def _facts(pairs: Sequence[tuple[str, str]], share: Share) -> Iterator[Part]:
    shown = [_pair(name, value, share) for name, value in pairs[: share.facts]]
    if shown:
        yield Facts(tuple(shown))
    yield from _left(len(pairs) - share.facts, "fact")


def _pair(name: str, value: str, share: Share) -> tuple[str, str]:
    return one_line(name, LIMITS.label), beginning(value, share.fact) or "—"


def _code(code: str, caption: str, share: Share) -> Iterator[Part]:
    shown = both_ends(code, share.lines, share.code)
    if shown.strip():
        yield Code(shown, one_line(caption, LIMITS.header))
    else:
        yield from _text(caption, share)


def _form(form: Form) -> Part:
    """A form with nothing to fill in is a button; one that no button can hold is named."""
    if not form.fields:
        return Button(form.label, form.ask) if len(form.ask) <= LIMITS.value else _too_long(form.label)
    try:
        to_value(form)
    except ValueError:
        return _too_long(form.label)
    return form


def _too_long(label: str) -> Text:
    return Text(f"“{one_line(label, LIMITS.label)}” is too long for a button of Slack's: please type it.", quiet=True)


def _address(url: str, *schemes: str) -> bool:
    """Whether Slack takes this address."""
    if len(url) > LIMITS.url or not url.isascii() or not url.isprintable() or set(url) & set(' "<>\\'):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)
