"""What a command works with: the desk, the people, and what the program can say about itself."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from adapters.chat.ask import Ask, first_word
from adapters.chat.card import Card
from bot.cards import incident_card
from bot.example import Example
from bot.link_codes import LinkCodes
from bot.log import get_logger
from bot.standing import Conversations
from engine.desk import Desk
from engine.errors import Refused
from engine.knowledge_base import Library
from engine.model import Account, Incident
from engine.ports import People
from engine.similar import Past

_THREAD = re.compile(r"^incident-(\d+)")

log = get_logger("people")


async def nobody_hears(_card: Card) -> None:
    """The default: there is no room to say it in."""


def nobody_cares() -> None:
    """The default: nothing else hangs on it."""


Described = Callable[[str, Incident], Awaitable[Card]]
"""The card of an incident on a platform."""


@dataclass(frozen=True, slots=True)
class Office:
    desk: Desk
    people: People
    facts: Callable[[], tuple[tuple[str, str], ...]]
    """Name and value of what ``status`` shows: sources, targets, the last scan."""
    example: Example | None = None
    conversations: Conversations | None = None
    codes: LinkCodes | None = None
    library: Library | None = None
    past: Past | None = None
    described: Described | None = None
    announce: Callable[[Card], Awaitable[None]] = nobody_hears
    decided: Callable[[], None] = nobody_cares
    """Something that the program had found out was accepted or dismissed."""

    async def card(self, platform: str, incident: Incident) -> Card:
        """The incident as it stands on this platform, with its forms and links."""
        return await self.described(platform, incident) if self.described else incident_card(incident)

    async def placed(self, ask: Ask) -> Ask:
        """The ask with its thread named by what it is about, such as ``incident-17``, wherever that is known."""
        if not (ask.thread and self.conversations):
            return ask
        about = await self.conversations.about(ask.platform, ask.room, ask.thread)
        return replace(ask, thread=about or ask.thread)

    async def recognised(self, ask: Ask) -> Account | None:
        """Who asks: linked before, or by the e-mail address that the platform vouches for."""
        known = await self.people.who(ask.platform, ask.identity)
        if known or not ask.email:
            return known
        same = [one for one in await self.people.all() if one.email and one.email.lower() == ask.email.lower()]
        if len(same) != 1:  # two accounts of one address: nobody is guessed
            return None
        await self.people.link(ask.platform, ask.identity, same[0].id)
        log.info("linked", account=same[0].username, platform=ask.platform, identity=ask.identity, by="e-mail address")
        return same[0]


@dataclass(frozen=True, slots=True)
class Asked:
    """An ask, who asked it, and where it is worked on."""

    ask: Ask
    account: Account | None
    office: Office

    @property
    def desk(self) -> Desk:
        return self.office.desk

    @property
    def by(self) -> str:
        """The account that acts. Only called after ``must``; an unknown person is named by the platform."""
        return self.account.username if self.account else self.ask.name

    @property
    def number(self) -> int:
        """The incident asked about: the first word, or the thread that the ask was said in. Raises Refused."""
        word = self.ask.words[0].lstrip("#") if self.ask.words else ""
        if word.isdecimal() and len(word) <= 9:
            return int(word)
        if thread := _THREAD.match(self.ask.thread):
            return int(thread.group(1))
        raise Refused(f"Which incident? Say its number: {self.ask.verb} 17")

    @property
    def rest(self) -> str:
        """What follows the verb and the number, as it was typed."""
        first, after = first_word(self.ask.rest)
        return after if first.lstrip("#").isdecimal() else self.ask.rest
