"""Who people on Teams are: their name, and the e-mail address if they are our own company's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from adapters.chat.ask import Person, Room
from adapters.chat.teams.calls import Calls, address
from adapters.chat.teams.places import Place, Places, Scope
from adapters.chat.teams.refusals import blocks
from adapters.chat.teams.said import Said
from engine.errors import NotFound, OnCallError, Unreachable
from engine.ports import Clock

REMEMBERED = timedelta(minutes=10)

ADD = "Ask them to add the agent in Teams: Apps, the agent, Add."


class People:
    """``tenant`` is our company; without it nobody's address is believed."""

    def __init__(self, calls: Calls, places: Places, tenant: str, clock: Clock) -> None:
        self._calls = calls
        self._places = places
        self._tenant = tenant
        self._clock = clock
        self._known: dict[str, tuple[datetime, Person]] = {}

    async def person(self, said: Said) -> Person:
        """Never raises: who cannot be looked up has no e-mail address here."""
        at, known = self._known.get(said.user, (None, None))
        if at and known and self._clock.now() - at < REMEMBERED:
            return known
        place = await self._places.get(said.room)
        if place is None:
            return Person(said.name)
        try:
            member = await self._member(place, said.member)
        except OnCallError:
            return Person(said.name)
        found = Person(str(member.get("name") or said.name), vouched(member, self._tenant))
        self._known[said.user] = (self._clock.now(), found)
        return found

    async def direct(self, identity: str) -> Room:
        """The conversation with one person. Raises NotFound with what to do if there can be none."""
        known = await self._places.personal(identity)
        if known:
            return Room(known.conversation)
        for place in await self._places.shared():
            try:
                member = await self._member(place, identity)
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

    async def _member(self, place: Place, name: str) -> Mapping[str, Any]:
        """By either id, or by e-mail address. Raises NotFound."""
        url = address(place.service_url, "conversations", place.conversation, "members", name)
        return await self._calls.make("members", place.conversation, "GET", url)


def vouched(member: Mapping[str, Any], tenant: str) -> str:
    """The e-mail address of one of our own; a guest brings another company's, which is not ours to vouch for."""
    ours = bool(tenant) and member.get("tenantId") == tenant and member.get("userRole") == "user"
    return str(member.get("email") or member.get("userPrincipalName") or "") if ours else ""
