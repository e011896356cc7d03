"""Where the bot is in the company's Teams: every conversation it was added to or heard from, and how to reach it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

from engine.ports import Cursors


class Scope(StrEnum):
    PERSONAL = "personal"
    GROUP = "groupChat"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Place:
    """``conversation`` is without a thread. ``team`` and ``group`` are the team's ids in Teams and in the directory;
    ``person`` is whose personal conversation it is.
    """

    conversation: str
    scope: Scope
    service_url: str
    bot: str = ""
    tenant: str = ""
    team: str = ""
    group: str = ""
    person: str = ""


def in_channel(conversation: str) -> bool:
    """Whether this id is a channel's."""
    return "@thread.tacv2" in conversation or "@thread.skype" in conversation


class Places:
    """Kept under names that begin with ``teams:``. Every activity tells the newest service URL: it wins."""

    def __init__(self, cursors: Cursors) -> None:
        self._cursors = cursors
        self._known: dict[str, Place] = {}
        self._writing = asyncio.Lock()

    async def met(self, place: Place) -> None:
        """We have heard from there."""
        async with self._writing:
            await self._met(place)

    async def left(self, place: Place) -> None:
        """The bot was removed: whoever asks for this place next is told so."""
        async with self._writing:
            await self._left(place)

    async def called(self, person: str, conversation: str) -> None:
        """The one with whom this is our conversation has this name, too."""
        async with self._writing:
            await self._cursors.put(_person(person), json.dumps(conversation))

    async def _met(self, place: Place) -> None:
        before = await self.get(place.conversation)
        if before and not place.group:  # only some activities tell the directory's id
            place = replace(place, group=before.group)
        if before == place:
            return
        self._known[place.conversation] = place
        await self._cursors.put(_ref(place.conversation), json.dumps(asdict(place)))
        if place.scope is Scope.PERSONAL and place.person:
            await self._cursors.put(_person(place.person), json.dumps(place.conversation))
        elif shared := place.team or place.conversation:
            await self._share(shared, place)

    async def _left(self, place: Place) -> None:
        names = [name for name in (place.conversation, place.team) if name]
        for name in names:
            self._known.pop(name, None)
            await self._cursors.put(_ref(name), "null")
        if place.scope is Scope.PERSONAL:
            await self._cursors.put(_person(place.person), "null")
            return
        await self._cursors.put(SHARED, json.dumps([one for one in await self._shared() if one not in names]))

    async def get(self, conversation: str) -> Place | None:
        if conversation not in self._known:
            value = json.loads(await self._cursors.get(_ref(conversation)) or "null")
            if value is None:
                return None
            self._known[conversation] = Place(**{**value, "scope": Scope(value["scope"])})
        return self._known[conversation]

    async def personal(self, person: str) -> Place | None:
        """The conversation with this one person, if they have added the bot."""
        conversation = json.loads(await self._cursors.get(_person(person)) or "null")
        return await self.get(conversation) if conversation else None

    async def shared(self) -> list[Place]:
        """Teams and group chats that the bot is in, the last met first."""
        found = [await self.get(one) for one in await self._shared()]
        return [place for place in reversed(found) if place]

    async def _share(self, name: str, place: Place) -> None:
        if place.team and place.conversation != name:
            team = replace(place, conversation=name)
            self._known[name] = team
            await self._cursors.put(_ref(name), json.dumps(asdict(team)))
        known = await self._shared()
        if name not in known:
            await self._cursors.put(SHARED, json.dumps([*known, name]))

    async def _shared(self) -> list[str]:
        found: list[str] = json.loads(await self._cursors.get(SHARED) or "[]")
        return found


SHARED = "teams:shared"


def _ref(conversation: str) -> str:
    return f"teams:ref:{conversation}"


def _person(person: str) -> str:
    return f"teams:person:{person.lower()}"
