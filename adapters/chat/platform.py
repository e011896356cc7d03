"""A place where people talk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from aiohttp import web

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Card

Handle: TypeAlias = Callable[[Ask], Awaitable[Card]]
"""From an ask to the card that answers it. Never raises: errors are cards too."""


@dataclass(frozen=True, slots=True)
class Ref:
    """Where a posted card stands, so that it can be updated and answered in its thread."""

    room: Room
    message: str


class Platform(Protocol):
    """Raises Unreachable where the vendor does not answer; ``temporary`` says whether to try again."""

    name: str

    async def post(self, room: Room, card: Card, *, key: str, thread: Ref | None = None) -> Ref:
        """Show a card, in the thread of another if one is given. The same ``key`` twice shows it once."""

    async def update(self, ref: Ref, card: Card) -> None:
        """Show another card in the place of the one that stands there."""

    async def direct(self, identity: str) -> Room:
        """The room in which this one person is spoken to, by identity or by e-mail address. Raises NotFound."""

    def link(self, ref: Ref) -> str:
        """The address under which a person opens what stands there; empty if there is none."""

    def mount(self, app: web.Application, handle: Handle) -> None:
        """Add this platform's routes and resources to the program; every ask goes to ``handle``."""
