"""What a person said: a typed line, a slash command or a pressed button, all the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NewType

Room = NewType("Room", str)
"""A conversation on one platform. Only that platform can read it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """``text`` without the slash command's own name, such as ``approve 17``; ``identity`` is the platform's user id."""

    text: str
    platform: str
    identity: str
    name: str
    room: Room
    thread: str = ""

    @property
    def verb(self) -> str:
        return self.text.partition(" ")[0].lower()

    @property
    def words(self) -> list[str]:
        return self.text.split()[1:]
