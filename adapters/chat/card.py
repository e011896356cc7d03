"""What the bot shows, whatever the platform. All text is plain: renderers escape it, so logs can be shown safely."""

from __future__ import annotations

import shlex
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    """A picture that we drew: ``png`` is the whole file. ``alt`` says the same in words, for who does not see it."""

    png: bytes
    alt: str

    @property
    def address(self) -> str:
        """The picture itself as a ``data:`` address: nothing is fetched, so nobody learns who looks at it."""
        return f"data:image/png;base64,{b64encode(self.png).decode()}"


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


class Kind(StrEnum):
    """What a field takes. A platform may help with it; whoever answers the ask checks it."""

    TEXT = "text"
    LONG = "long"
    INTEGER = "integer"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Field:
    """One input of a form. ``choices`` belong to a CHOICE; ``hint`` says in a few words what is meant."""

    name: str
    label: str
    required: bool = True
    default: str = ""
    kind: Kind = Kind.TEXT
    choices: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """Fields behind a label; sending it says one line, see ``said``. ``named``: with each value its field's name."""

    label: str
    ask: str
    fields: tuple[Field, ...]
    named: bool = False

    def said(self, values: Mapping[str, str]) -> str:
        """``reject 17 the disk is full``, or named: ``approve 17 days_old=14 path='/var/log/my app'``."""
        given = [(one.name, values.get(one.name, "").strip()) for one in self.fields]
        if self.named:
            return " ".join([self.ask, *(f"{name}={shlex.quote(value)}" for name, value in given)])
        return " ".join([self.ask, *(value for _, value in given if value)])


Control: TypeAlias = Button | Link | Form
"""What can be pressed."""

Part: TypeAlias = Text | Facts | Code | Image | Divider | Control


@dataclass(frozen=True, slots=True)
class Card:
    """``private``: only the person who asked sees it. ``wrong`` says, by field, why a form's values are refused."""

    title: str
    parts: tuple[Part, ...] = ()
    tone: Tone = Tone.NEUTRAL
    private: bool = False
    wrong: Mapping[str, str] = field(default_factory=dict)
