"""Who people on Teams are: their name, and the e-mail address if they are our own company's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from adapters.chat.ask import Person, Room
from adapters.chat.teams.calls import Calls, address
from adapters.chat.teams.places import Place, Places, Scope
from adapters.chat.teams.refusals import blocks
from adapters.chat.teams.said import Said
from engine.errors import NotFound, OnCallError, Unreachable
from engine.ports import Clock

REMEMBERED = timedelta(minutes=10)
A_MOMENT = timedelta(seconds=3)
"""Who could not be looked up is asked for again after that."""

PAGE = 500
"""Members at once: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context"""

ADD = "Ask them to add the agent in Teams: Apps, the agent, Add."


class People:
    """``tenant`` is our company; without it nobody's address is believed."""

    def __init__(self, calls: Calls, places: Places, tenant: str, clock: Clock) -> None:
        self._calls = calls
        self._places = places
        self._tenant = tenant
        self._clock = clock
        self._known: dict[str, tuple[datetime, Person]] = {}
        """Until when, and who."""
        self._looking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """A client shows many cards at once, and asks for its person's view of each."""

    async def person(self, said: Said) -> Person:
        """Never raises: who cannot be looked up has no e-mail address here."""
        async with self._looking.setdefault(said.user, asyncio.Lock()):
            until, known = self._known.get(said.user, (None, None))
            if until and known and self._clock.now() < until:
                return known
            found, lasts = await self._looked_up(said)
            self._known[said.user] = (self._clock.now() + lasts, found)
            return found

    async def met(self, said: Said) -> None:
        """They have added the bot for themselves: from now on they can be found by their address, too."""
        if email := (await self.person(said)).email:
            await self._places.called(email, said.room)

    async def _looked_up(self, said: Said) -> tuple[Person, timedelta]:
        """And for how long that is believed. Where the bot is not, their own conversation with it knows them."""
        place = await self._places.get(said.room) or await self._places.personal(said.user)
        try:
            member = await self._member(place, said.member) if place else None
        except OnCallError:
            member = None
        if member is None:
            return Person(said.name), A_MOMENT
        return Person(str(member.get("name") or said.name), vouched(member, self._tenant)), REMEMBERED

    async def direct(self, identity: str) -> Room:
        """The conversation with one person. Raises NotFound with what to do if there can be none."""
        known = await self._places.personal(identity)
        if known:
            return Room(known.conversation)
        for place in await self._places.shared():
            try:
                member = await self._called(place, identity)
            except NotFound:
                continue
            except Unreachable as error:
                if error.temporary:
                    raise
                continue
            return await self._opened(place, member)
        raise NotFound(f"The agent knows nobody in Teams called {identity}. {ADD}")

    async def _opened(self, place: Place, member: Mapping[str, Any]) -> Room:
        """Their own conversation, from now on under their id in the directory."""
        person = str(member.get("aadObjectId") or member["id"])
        known = await self._places.personal(person)
        if known:
            return Room(known.conversation)
        asked = {
            "isGroup": False,
            "bot": {"id": place.bot},
            "members": [{"id": member["id"]}],
            "tenantId": place.tenant,
            "channelData": {"tenant": {"id": place.tenant}},
        }
        url = address(place.service_url, "conversations")
        try:
            made = await self._calls.make("create", person, "POST", url, asked)
        except Unreachable as error:
            if error.temporary or not blocks(error):
                raise
            raise NotFound(f"{member.get('name') or person} cannot be written to in Teams. {error}") from None
        room = str(made["id"])
        await self._places.met(Place(room, Scope.PERSONAL, place.service_url, place.bot, place.tenant, person=person))
        return Room(room)

    async def _called(self, place: Place, name: str) -> Mapping[str, Any]:
        """Also by an e-mail address other than the name by which they sign in. Raises NotFound."""
        try:
            return await self._member(place, name)
        except NotFound:
            if "@" not in name:
                raise
        async for member in self._members(place):
            if vouched(member, self._tenant).casefold() == name.casefold():
                return member
        raise NotFound(f"Nobody there has the address {name}.")

    async def _members(self, place: Place) -> AsyncIterator[Mapping[str, Any]]:
        """Everybody there, page by page."""
        token = ""
        while True:
            path = ("conversations", place.conversation, "pagedmembers")
            url = address(place.service_url, *path, pageSize=str(PAGE), continuationToken=token)
            page = await self._calls.make("members", place.conversation, "GET", url)
            for member in page.get("members") or ():
                yield member
            token = str(page.get("continuationToken") or "")
            if not token:
                return

    async def _member(self, place: Place, name: str) -> Mapping[str, Any]:
        """By either id, or by the name by which they sign in. Raises NotFound."""
        url = address(place.service_url, "conversations", place.conversation, "members", name)
        return await self._calls.make("members", place.conversation, "GET", url)


def vouched(member: Mapping[str, Any], tenant: str) -> str:
    """The e-mail address of one of our own; a guest brings another company's, which is not ours to vouch for."""
    ours = bool(tenant) and member.get("tenantId") == tenant and member.get("userRole") == "user"
    return str(member.get("email") or member.get("userPrincipalName") or "") if ours else ""
