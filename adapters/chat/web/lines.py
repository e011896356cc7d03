"""What a page's form brings: what was typed, a pressed button or a filled form, all one text in the end."""

from __future__ import annotations

import re
import secrets
import shlex
from dataclasses import dataclass
from typing import TypeAlias

from aiohttp.web_request import FileField
from multidict import MultiDictProxy

from adapters.chat.web.limits import LIMITS
from engine.errors import Refused

Fields: TypeAlias = MultiDictProxy[str | bytes | bytearray | FileField]

REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
SLASH = re.compile(r"^/(?:oncall(?:\s+|$))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Completion:
    """A command that is offered while somebody types. ``usage`` is like ``approve <number>``."""

    usage: str
    help: str

    @property
    def start(self) -> str:
        """The words of the command itself, up to the first that stands for something."""
        words = self.usage.split()
        values = (index for index, word in enumerate(words) if not word.isalpha() or not word.islower())
        return " ".join(words[: next(values, len(words))])

    @property
    def line(self) -> str:
        """What stands in the input once this is chosen: with a space after it if something must follow."""
        return f"/oncall {self.start}" + (" " if self.start != self.usage else "")


@dataclass(frozen=True, slots=True)
class Line:
    """``confirm`` is a question that must still be answered. The same ``request_id`` is the same wish."""

    text: str
    thread: str
    request_id: str
    pressed: bool
    confirm: str
    label: str


def read(fields: Fields) -> Line:
    """Return what was said; empty text if nothing was. Raises Refused if it is too long."""
    values = [_value(name, value) for name, value in fields.items() if isinstance(value, str)]
    typed = _field(fields, "text").replace("\r\n", "\n").strip()
    text = " ".join(filter(None, [typed, *values]))
    if len(text) > LIMITS.said:
        raise Refused(f"That is too long: more than {LIMITS.said} characters.")
    request_id = _field(fields, "request_id")
    return Line(
        text=text,
        thread=_field(fields, "thread"),
        request_id=request_id if REQUEST_ID.fullmatch(request_id) else secrets.token_hex(16),
        pressed=bool(_field(fields, "pressed")),
        confirm="" if _field(fields, "confirmed") else _field(fields, "confirm"),
        label=_field(fields, "label"),
    )


def meant(text: str) -> str:
    """Return the ask in a typed line: ``/oncall approve 17``, ``/approve 17`` and ``approve 17`` all mean the same."""
    return SLASH.sub("", text) or "help"


def number(text: str) -> int:
    """A number as a browser sends it, 0 if it is none or longer than a database can count."""
    return int(text) if text.isdecimal() and len(text) < 18 else 0


def _value(name: str, value: str) -> str:
    """What an input of a form adds to the line: nothing if it is no such input."""
    kind, _, of = name.partition(":")
    if kind == "named" and of.isidentifier():
        return f"{of}={shlex.quote(_one_line(value))}"
    return _one_line(value) if name == "value" else ""


def _field(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


def _one_line(text: str) -> str:
    return " ".join(filter(None, map(str.strip, text.split("\n"))))
