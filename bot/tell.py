"""Tells one platform what happened, from the event log: what is untold is posted, then marked told.

A crash loses no card. Each room has a lane of its own: within it everything is told in order, and a room that must
wait keeps no other back.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from adapters.chat.ask import Room
from adapters.chat.platform import Platform, Ref
from bot.cards import back_card, step_card, unreached_card, wake_card
from bot.standing import Standing, refused
from bot.storm import Storms, digest_card, worst_first
from engine.errors import NotFound, OnCallError, Unreachable
from engine.events import Acknowledged, Approved, Escalated, Event, Noted, Rejected, Reopened, Resolved
from engine.model import Incident, IncidentId
from engine.ports import Incidents, People

AT_ONCE = 1000
"""Untold events of one room that are taken up together."""

BREATH = 0.2
"""Seconds between two looks for news while a room is being told: a storm is not looked at once per event."""

PERSONAL = (Acknowledged, Approved, Rejected, Noted, Resolved)
"""What people do to an incident: whoever cares for it gets its card, storm or not."""


@dataclass(frozen=True, slots=True)
class News:
    """What one incident is still to be told of, in order: sequence number and event."""

    incident: Incident
    events: tuple[tuple[int, Event], ...]

    @property
    def personal(self) -> bool:
        return any(isinstance(event, PERSONAL) for _, event in self.events)


@dataclass(frozen=True, slots=True)
class Where:
    """A platform, and how rooms are chosen on it. ``home`` takes what another room cannot."""

    platform: Platform
    room: Callable[[Incident], Room]
    home: Room


class Teller:
    def __init__(self, incidents: Incidents, people: People, where: Where, standing: Standing, storms: Storms) -> None:
        self._incidents = incidents
        self._people = people
        self._where = where
        self._platform = where.platform
        self._standing = standing
        self._storms = storms
        self._lanes: dict[Room, asyncio.Task[None]] = {}
        self._at_work: dict[Room, frozenset[IncidentId]] = {}
        self._stale: set[int] = set()
        self._woken: set[tuple[IncidentId, int]] = set()
        """Who was woken by which event, as long as that event waits to be told."""
        self.ended: Callable[[BaseException | None], None] = lambda _failure: None
        self.showed: Callable[[int], None] = lambda _number: None

    async def tell_all(self) -> None:
        """Tell until nothing is untold. Raises what kept it from that, after all else was told."""
        while lanes := await self.begin():
            for failure in await asyncio.gather(*lanes, return_exceptions=True):
                if failure:
                    raise failure

    async def begin(self) -> Sequence[asyncio.Task[None]]:
        """Start a lane for each room that has news and is not being told; returns all lanes at work."""
        if self._lanes:
            await asyncio.sleep(BREATH)
        await self._refresh()
        for room, news in (await self._news()).items():
            if room not in self._lanes:
                self._at_work[room] = frozenset(one.incident.id for one in news)
                lane = asyncio.create_task(self._tell_room(room, news), name=f"tell {self._platform.name} {room}")
                self._lanes[room] = lane
                lane.add_done_callback(lambda done, room=room: self._done(room, done))  # type: ignore[misc] # mypy cannot infer it
        return list(self._lanes.values())

    def refresh(self, number: int) -> None:
        """Something beside the incident has changed, such as a link: show its card anew at the next round."""
        self._stale.add(number)

    async def stop(self) -> None:
        """What is not told now is told at the next start."""
        for lane in self._lanes.values():
            lane.cancel()
        await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    def _done(self, room: Room, lane: asyncio.Task[None]) -> None:
        self._lanes.pop(room, None)
        self._at_work.pop(room, None)
        self.ended(None if lane.cancelled() else lane.exception())

    async def _news(self) -> Mapping[Room, list[News]]:
        """By room, and in it by number. What a lane is telling of is its own: a card may have changed rooms since."""
        taken = frozenset[IncidentId]().union(*self._at_work.values())
        untold = await self._incidents.untold(self._platform.name, AT_ONCE, busy=frozenset(self._lanes))
        rooms: dict[Room, list[News]] = defaultdict(list)
        for _, group in groupby(sorted(untold, key=lambda one: one.incident.number), key=lambda one: one.incident.id):
            theirs = list(group)
            if theirs[-1].incident.id in taken:
                continue
            news = News(theirs[-1].incident, tuple((one.sequence, one.event) for one in theirs))
            card = await self._standing.known(news.incident)
            rooms[card.room if card else self._where.room(news.incident)].append(news)
        return rooms

    async def _tell_room(self, room: Room, news: Sequence[News]) -> None:
        """One incident that cannot be told keeps no other back; a chat that does not answer now does."""
        calm, stormy = await self._split(room, news)
        failed: Exception | None = None
        for one in calm:
            try:
                await self._tell(one, room)
            except Exception as error:
                if isinstance(error, OnCallError) and error.temporary:
                    raise
                failed = error
        if stormy:
            await self._tell_storm(room, stormy)
        if failed:
            raise failed

    async def _split(self, room: Room, news: Sequence[News]) -> tuple[list[News], list[News]]:
        """Those that get cards, and those that stand in the room's digest: of new ones the worst get cards."""
        digest = await self._storms.digest(room)
        new = [one for one in news if not one.personal and await self._standing.known(one.incident) is None]
        fresh = sorted(
            (one for one in new if not digest or one.incident not in digest), key=lambda one: worst_first(one.incident)
        )
        shown = {one.incident.id for one in fresh[: self._storms.room_for(room)]}
        stormy = [one for one in new if one.incident.id not in shown]
        return [one for one in news if one not in stormy], stormy

    async def _tell(self, news: News, room: Room) -> None:
        """One incident's news: its card is changed once, each step worth a line follows in its thread.

        A room or a thread that takes nothing keeps nobody from being woken.
        """
        incident, failures = news.incident, []
        try:
            card = await self._stand(incident, room)
        except (NotFound, Unreachable) as error:
            if not error.temporary:
                await self._wake_all(news)
            raise
        thread = await self._standing.thread(incident, card)
        for sequence, event in news.events:
            if step := step_card(incident, event):
                post = self._platform.post(thread.room, step, key=f"{incident.id}-{sequence}", thread=thread)
                failures.append(await refused(post))
            if isinstance(event, Reopened):
                failures.append(await refused(self._call_attention(incident, sequence, card)))
            if isinstance(event, Escalated):
                failures.append(await refused(self._wake(incident, sequence, event, thread)))
        for failure in filter(None, failures):
            raise failure
        await self._told(news)

    async def _call_attention(self, incident: Incident, sequence: int, card: Ref) -> None:
        """Who reads the end of the room does not see a card far above change; in a storm its thread is enough."""
        if self._storms.room_for(card.room):
            back = back_card(incident, self._platform.link(card))
            await self._platform.post(card.room, back, key=f"{incident.id}-{sequence}-back")
            self._storms.showed(card.room)

    async def _stand(self, incident: Incident, room: Room) -> Ref:
        """The incident's card, posted or changed to how it stands now."""
        if known := await self._standing.known(incident):
            return await self._standing.change(incident, known, self._where.home)
        card = await self._standing.show(incident, room, self._where.home)
        self._storms.showed(room)
        self.showed(incident.number)
        return card

    async def _tell_storm(self, room: Room, news: Sequence[News]) -> None:
        incidents = [one.incident for one in news]
        if failure := await refused(self._show_digest(room, incidents)):
            if room == self._where.home:
                raise failure
            await self._show_digest(self._where.home, incidents)
        woken: dict[str, list[Incident]] = defaultdict(list)
        for one in news:
            for _, event in one.events:
                if isinstance(event, Escalated):
                    woken[event.to].append(one.incident)
        for person, theirs in woken.items():
            await refused(self._wake_to_storm(person, theirs))  # no thread to say it in; the room has the digest
        for one in news:
            await self._told(one)

    async def _wake_to_storm(self, person: str, incidents: Sequence[Incident]) -> None:
        await self._show_digest(await self._platform.direct(await self._identity(person)), incidents)

    async def _show_digest(self, room: Room, incidents: Sequence[Incident]) -> None:
        digest = await self._storms.take_in(room, incidents)
        card = digest_card(digest)
        ref = await self._platform.post(room, card, key=f"{digest.key}-{room}")
        if digest.times > 1:
            await self._platform.update(ref, card)

    async def _wake_all(self, news: News) -> None:
        for sequence, event in news.events:
            if isinstance(event, Escalated):
                await refused(self._wake(news.incident, sequence, event, None))

    async def _wake(self, incident: Incident, sequence: int, event: Escalated, thread: Ref | None) -> None:
        """Wake one person by direct message; where that cannot be, the thread says so."""
        if (incident.id, sequence) in self._woken:
            return
        try:
            room = await self._platform.direct(await self._identity(event.to))
            await self._wake_in(room, incident, sequence, event)
        except (NotFound, Unreachable) as error:
            if error.temporary or not thread:
                raise
            card = unreached_card(event.to, self._platform.name, error)
            await self._platform.post(thread.room, card, key=f"{incident.id}-{sequence}-unreached", thread=thread)
        else:
            self._woken.add((incident.id, sequence))

    async def _wake_in(self, room: Room, incident: Incident, sequence: int, event: Escalated) -> None:
        digest = await self._storms.digest(room)
        if (digest and incident in digest) or not self._storms.room_for(room):
            await self._show_digest(room, [incident])
            return
        ref = await self._platform.post(
            room,
            wake_card(await self._standing.card(incident), incident, event.reason),
            key=f"{incident.id}-{sequence}-wake",
        )
        self._storms.showed(room)
        await self._standing.woke(incident, ref)

    async def _identity(self, username: str) -> str:
        """How the platform knows this person. Raises NotFound, or Unreachable for good if they are switched off."""
        account = await self._people.named(username)
        if account is None:
            raise NotFound(f"There is no account {username}.")
        if not account.is_active:
            raise Unreachable(f"The account {username} is switched off.", temporary=False)
        linked = await self._people.identity(self._platform.name, account.id)
        if not (linked or account.email):
            raise NotFound(f"{username} is not linked to {self._platform.name}, and has no e-mail address here.")
        return linked or account.email

    async def _refresh(self) -> None:
        while self._stale:
            incident = await self._incidents.numbered(self._stale.pop())
            if card := await self._standing.known(incident):
                await self._standing.change(incident, card, self._where.home)

    async def _told(self, news: News) -> None:
        self._woken -= {(news.incident.id, sequence) for sequence, _ in news.events}
        await self._incidents.told(self._platform.name, news.incident.id, news.events[-1][0])
