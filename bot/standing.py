"""Where an incident's card stands on one platform: posted once, changed in place, posted afresh where it is gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from adapters.chat.ask import Room
from adapters.chat.card import Card, Link
from adapters.chat.platform import Platform, Ref
from engine.errors import NotFound, Unreachable
from engine.model import Incident

Describe = Callable[[Incident], Card]
"""The card of an incident as it stands."""

Links = Callable[[Incident], Awaitable[tuple[Link, ...]]]
"""Where else a person can see the incident."""

REPORT = "report by "
"""How the source of an incident begins that a person told of; the source is then the key of where it was said."""


class Conversations(Protocol):
    """What stands where on each platform: (room, message) under a key."""

    async def get(self, platform: str, key: str) -> tuple[str, str] | None: ...
    async def about(self, platform: str, room: str, message: str) -> str | None: ...
    async def put(self, platform: str, key: str, room: str, message: str) -> tuple[str, str]: ...
    async def forget(self, platform: str, key: str) -> None: ...


class Standing:
    """``since`` is when this program began: what was opened before may have been posted by one that died."""

    def __init__(
        self, platform: Platform, conversations: Conversations, describe: Describe, links: Links, since: datetime
    ) -> None:
        self._platform = platform
        self._conversations = conversations
        self._describe = describe
        self._links = links
        self._since = since
        self._tried: set[int] = set()

    async def known(self, incident: Incident) -> Ref | None:
        return await self._get(own(incident))

    async def thread(self, incident: Incident, card: Ref) -> Ref:
        """The first message of the incident's thread: its card, or the message by which a person reported it."""
        return await self._reported(incident) or card

    async def show(self, incident: Incident, room: Room, home: Room) -> Ref:
        """Post the card: under the report if a person told of it, else in this room; where that cannot be, at home."""
        thread = await self._reported(incident)
        if thread:  # before the card is there: whoever answers it at once means this incident
            await self._keep(f"{own(incident)}-thread", thread)
        places = [*([(thread.room, thread)] if thread else []), *((one, None) for one in dict.fromkeys((room, home)))]
        for number, (place, under) in enumerate(places, 1):
            key = own(incident) if number == 1 else f"{own(incident)}-place-{number}"
            try:
                ref = await self._post(incident, place, key, under)
            except (NotFound, Unreachable) as error:
                if error.temporary or number == len(places):
                    raise
                continue
            if not under:
                await self._apart(incident)
            return ref
        raise AssertionError("the last place takes it or raises")

    async def change(self, incident: Incident, ref: Ref, home: Room) -> Ref:
        """Let the card show how the incident stands now. Where it can no longer be changed, post it afresh at home."""
        card = await self.card(incident)
        for woken in await self._woken(incident):
            await refused(self._platform.update(woken, card))  # deleted by the one who read it
        if not await refused(self._platform.update(ref, card)):
            return ref
        fresh = await self._platform.post(home, card, key=f"{own(incident)}-{incident.sequence}")
        await self._apart(incident)
        await self._conversations.forget(self._platform.name, own(incident))
        return await self._keep(own(incident), fresh)

    async def woke(self, incident: Incident, ref: Ref) -> None:
        """Remember that the incident stands in this direct message too."""
        known = await self._woken(incident)
        if ref not in known:
            await self._keep(_wake(incident, len(known)), ref)

    async def _post(self, incident: Incident, room: Room, key: str, thread: Ref | None) -> Ref:
        card = await self.card(incident)
        again = incident.number in self._tried or incident.opened_at <= self._since
        self._tried.add(incident.number)
        ref = await self._platform.post(room, card, key=key, thread=thread)
        if again:  # it may have been posted before, as the incident stood then
            await self._platform.update(ref, card)
        self._tried.discard(incident.number)
        return await self._keep(own(incident), ref)

    async def _apart(self, incident: Incident) -> None:
        """From now on its steps stand under its card, not under the report."""
        if incident.signal.source.startswith(REPORT):
            await self._conversations.forget(self._platform.name, incident.signal.source)

    async def _woken(self, incident: Incident) -> list[Ref]:
        """Where this incident stands in messages to single persons: they see it change as the room does."""
        found: list[Ref] = []
        while known := await self._get(_wake(incident, len(found))):
            found.append(known)
        return found

    async def card(self, incident: Incident) -> Card:
        """What it looks like here, with links to where else it stands."""
        card = self._describe(incident)
        return replace(card, parts=(*card.parts, *await self._links(incident)))

    async def _reported(self, incident: Incident) -> Ref | None:
        source = incident.signal.source
        return await self._get(source) if source.startswith(REPORT) else None

    async def _get(self, key: str) -> Ref | None:
        known = await self._conversations.get(self._platform.name, key)
        return Ref(Room(known[0]), known[1]) if known else None

    async def _keep(self, key: str, ref: Ref) -> Ref:
        room, message = await self._conversations.put(self._platform.name, key, ref.room, ref.message)
        return Ref(Room(room), message)


async def refused(saying: Awaitable[object]) -> NotFound | Unreachable | None:
    """Why the platform will not take it however often it is said; None if it has. Raises what may pass."""
    try:
        await saying
    except (NotFound, Unreachable) as error:
        if error.temporary:
            raise
        return error
    return None


def own(incident: Incident) -> str:
    """The key under which an incident's card stands."""
    return f"incident-{incident.number}"


def _wake(incident: Incident, number: int) -> str:
    return f"incident-{incident.number}-wake-{number}"
