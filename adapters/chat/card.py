"""What the bot shows, whatever the platform. All text is plain: renderers escape it, so logs can be shown safely."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Tone(StrEnum):
    """How a card feels; a renderer turns it into a colour."""

    NEUTRAL = "neutral"
    WAITING = "waiting"
    WORKING = "working"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Name and value, side by side."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Text of a machine, shown as it is."""

    text: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    url: str
    alt: str


@dataclass(frozen=True, slots=True)
class Button:
    """A button is a typed command: pressing it says ``ask``. With ``confirm`` the person is asked that first."""

    label: str
    ask: str
    primary: bool = False
    danger: bool = False
    confirm: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Divider:
    pass


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a form."""

    name: str
    label: str
    required: bool = True
    default: str = ""
    long: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """Fields behind a label. Sending it says ``ask`` followed by the values, in order, each after a space."""

    label: str
    ask: str
    fields: tuple[Field, ...]


Part: TypeAlias = Text | Facts | Code | Image | Button | Link | Divider | Form


@dataclass(frozen=True, slots=True)
class Card:
    """``private``: only the person who asked sees it."""

    title: str
    parts: tuple[Part, ...] = ()
    tone: Tone = Tone.NEUTRAL
    private: bool = False
