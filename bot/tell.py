"""Tells chat what happened, from the event log: what is untold is posted, then marked told. A crash loses no card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Protocol

from adapters.chat.ask import Room
from adapters.chat.card import Card
from adapters.chat.platform import Platform, Ref
from bot.cards import incident_card, step_card, wake_card
from engine.errors import OnCallError
from engine.events import Escalated
from engine.model import Incident
from engine.ports import Incidents, Untold


class Conversations(Protocol):
    """Where an incident's card stands on each platform: (room, message) under the card's key."""

    async def get(self, platform: str, key: str) -> tuple[str, str] | None: ...
    async def put(self, platform: str, key: str, room: str, message: str) -> tuple[str, str]: ...


class Teller:
    """Posts an incident's card and its steps to each platform's room, and changes the card as the incident moves."""

    def __init__(
        self,
        incidents: Incidents,
        conversations: Conversations,
        platforms: Mapping[Room, Platform],
    ) -> None:
        self._incidents = incidents
        self._conversations = conversations
        self._platforms = platforms

    async def tell_all(self) -> None:
        """Tell until nothing is untold. Raises what kept it from that, after all else was told."""
        while await self.tell():
            pass

    async def tell(self) -> int:
        """Tell what is untold now, oldest first; returns how many events that were.

        One incident that cannot be told does not keep the others back; a chat that does not answer does.
        """
        untold = await self._incidents.untold()
        failed: Exception | None = None
        for _, group in groupby(sorted(untold, key=lambda one: one.incident.number), key=lambda one: one.incident.id):
            try:
                await self._tell(list(group))
            except OnCallError:
                raise
            except Exception as error:  # noqa: BLE001 - it is raised below
                failed = error
        if failed:
            raise failed
        return len(untold)

    async def _tell(self, untold: Sequence[Untold]) -> None:
        """One incident's news: its card is changed once, each step worth a line follows in its thread."""
        incident = untold[-1].incident
        for room, platform in self._platforms.items():
            ref = await self._stand(platform, room, incident)
            for one in untold:
                if step := step_card(incident, one.event):
                    await platform.post(ref.room, step, key=f"{incident.id}-{one.sequence}", thread=ref)
                if isinstance(one.event, Escalated):
                    await self._wake_person(platform, incident, one.sequence, one.event)
        for one in untold:
            await self._incidents.told(incident.id, one.sequence)

    async def _stand(self, platform: Platform, room: Room, incident: Incident) -> Ref:
        """The incident's card, posted or changed to how it stands now."""
        key, card = f"incident-{incident.number}", incident_card(incident)
        if known := await self._conversations.get(platform.name, key):
            ref = Ref(Room(known[0]), known[1])
            await platform.update(ref, card)
            for woken in await self._woken(platform, incident):
                await platform.update(woken, card)
            return ref
        ref = await platform.post(room, card, key=key)
        await platform.update(ref, card)  # posted before a crash, it shows an older state
        kept = await self._conversations.put(platform.name, key, ref.room, ref.message)
        return Ref(Room(kept[0]), kept[1])

    async def _wake_person(self, platform: Platform, incident: Incident, sequence: int, event: Escalated) -> None:
        room = await platform.direct(event.to)
        ref = await platform.post(room, wake_card(incident, event.reason), key=f"{incident.id}-{sequence}-wake")
        known = await self._woken(platform, incident)
        if ref not in known:
            await self._conversations.put(platform.name, _wake(incident, len(known)), ref.room, ref.message)

    async def _woken(self, platform: Platform, incident: Incident) -> list[Ref]:
        """Where this incident stands in messages to single persons: they see it change as the room does."""
        found: list[Ref] = []
        while known := await self._conversations.get(platform.name, _wake(incident, len(found))):
            found.append(Ref(Room(known[0]), known[1]))
        return found


def _wake(incident: Incident, number: int) -> str:
    return f"incident-{incident.number}-wake-{number}"


async def welcome(platforms: Mapping[Room, Platform], card: Card) -> None:
    """The first thing a new room shows, once."""
    for room, platform in platforms.items():
        await platform.post(room, card, key="welcome")
