"""How asking systemd or Docker can fail: before anything was sent, by a refusal, or with the answer lost."""

from __future__ import annotations

from engine.errors import Refused, Unreachable

LONGEST = 300
"""Characters of a server's own words that are repeated to a person."""


class NotSent(Unreachable):
    """It could not be asked, so nothing was sent."""


class Lost(Unreachable):
    """The request was sent, and what became of it is not known."""


class Denied(Refused):
    """The right to do that is missing."""


def plain(words: object) -> str:
    """A server's words on one line, bounded, and without what moves a terminal's cursor."""
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in str(words)).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
