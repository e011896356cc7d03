"""What a person said: a typed line, a slash command or a pressed button, all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

Room = NewType("Room", str)
"""A conversation on one platform. Only that platform can read it."""


def first_word(text: str) -> tuple[str, str]:
    """The first word, and what stands behind it: on the same line, or on the next, as people paste."""
    word, rest = (*text.strip().split(maxsplit=1), "", "")[:2]
    return word, rest


@dataclass(frozen=True, slots=True)
class Person:
    """Who talks to us. ``email`` is empty unless the platform vouches that it is theirs, and that they are ours."""

    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """``text`` without the slash command's own name, such as ``approve 17``; ``identity`` is the platform's user id.

    ``thread`` is the message that began the thread, as the platform names it. ``email`` is set only where the
    platform vouches that it is this person's, and that the person belongs to the same company.
    """

    text: str
    platform: str
    identity: str
    name: str
    room: Room
    thread: str = ""
    email: str = ""

    @property
    def verb(self) -> str:
        return first_word(self.text)[0].lower()

    @property
    def rest(self) -> str:
        """What follows the verb, as it was typed."""
        return first_word(self.text)[1]

    @property
    def words(self) -> list[str]:
        return self.text.split()[1:]
