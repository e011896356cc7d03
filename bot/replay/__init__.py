"""Plays recorded logs to the agent as it would have lived them: what it would have posted, asked and got right.

Time is the log's own. People decide as the record says: an action that was recorded is approved, another one rejected.
Nothing is sent, and what an outcome teaches counts for what comes after it, never for what came before.
"""

from __future__ import annotations

import heapq
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from adapters.chat.card import Card
from adapters.logs.reading import chunks
from adapters.targets.recorded import Recorded
from bot.cards import incident_card, step_card, wake_card
from bot.replay.record import Record
from bot.scan import STDIN, entries, files
from engine import decide, escalate, group
from engine.desk import Desk, Policy
from engine.detect import Detector
from engine.errors import OnCallError
from engine.events import Diagnosed, Escalated, Event
from engine.model import Action, ActionSpec, ActionStatus, Entry, Incident, IncidentId, Status, Verdict, WaitsFor
from engine.respond import advance
from engine.stated import moment
from storage.memory import MemoryIncidents

PERSON = "the record"
"""Who decides."""

STEP = timedelta(minutes=5)
"""Between two looks at what time does to incidents."""

ON_CALL = ("whoever is on call",)

FOREVER = timedelta(days=36_500)


@dataclass(slots=True)
class PlayedClock:
    """The time of the log; whoever sleeps takes it further."""

    time: datetime

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class Post:
    """A card that would have been posted, and when. ``wakes`` names the person that it would have woken."""

    at: datetime
    incident: IncidentId
    card: Card
    wakes: str = ""


@dataclass(slots=True)
class Replay:
    """What happened. ``first`` is what each incident's first diagnosis was; ``asked`` counts asked approvals."""

    incidents: Sequence[Incident] = ()
    first: dict[IncidentId, Diagnosed] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    asked: int = 0
    lines: int = 0
    size: int = 0
    troubles: list[str] = field(default_factory=list)

    def happened(self, incident: Incident, event: Event) -> None:
        """Keep what people would have been shown; the incident's card is read once it is diagnosed."""
        match event:
            case Diagnosed(diagnosis=diagnosis):
                self.asked += diagnosis.proposal is not None and incident.action == diagnosis.proposal
                card = step_card(incident, event) if incident.id in self.first else incident_card(incident)
                self.first.setdefault(incident.id, event)
            case Escalated(reason=reason, to=to):
                self._post(event, incident, wake_card(incident_card(incident), incident, reason), to)
                card = step_card(incident, event)
            case _:
                card = step_card(incident, event)
        self._post(event, incident, card)

    def _post(self, event: Event, incident: Incident, card: Card | None, wakes: str = "") -> None:
        if card:
            self.posts.append(Post(event.at, incident.id, card, wakes))


class Player:
    """Plays one past."""

    def __init__(
        self,
        detector: Detector,
        catalogues: Mapping[str, Mapping[str, ActionSpec]],
        policy: Policy,
        record: Record,
        began: datetime,
    ) -> None:
        self.replay = Replay()
        self._record = record
        self._clock = PlayedClock(began)
        self._acting: Incident | None = None
        self._due: list[tuple[datetime, IncidentId]] = []
        numbers = itertools.count(1)
        self._desk = Desk(
            incidents=MemoryIncidents(),
            detector=detector,
            targets={name: Recorded(name, catalogue, self._ending) for name, catalogue in catalogues.items()},
            clock=self._clock,
            new_id=lambda: f"{next(numbers):032x}"[::-1],
            policy=replace(policy, on_call=policy.on_call or ON_CALL, max_actions_per_hour=sys.maxsize),
            publish=self.replay.happened,
        )

    async def play(self, timed: Sequence[tuple[datetime, Entry]]) -> Replay:
        """Live through these entries, in their order, and through what follows them."""
        for at, entry in timed:
            await self._until(at)
            for incident in await group.hear(self._desk, [entry]):
                await self._live(incident)
        await self._until(self._clock.time + FOREVER)
        found = await self._desk.incidents.list(limit=sys.maxsize)
        self.replay.incidents = sorted(found, key=lambda incident: incident.number)
        return self.replay

    async def _until(self, at: datetime) -> None:
        """Let time pass: actions end, people who do not answer are woken, what is resolved is closed."""
        while (ticking := await self._ticking()) or self._due:
            steps = [at, *(due for due, _ in self._due[:1]), *([self._clock.time + STEP] if ticking else [])]
            self._clock.time = max(self._clock.time, min(steps))
            while self._due and self._due[0][0] <= self._clock.time:
                await self._live(await self._ended(heapq.heappop(self._due)[1]))
            await escalate.tick(self._desk)
            if self._clock.time >= at:
                return
        self._clock.time = max(self._clock.time, at)

    async def _ticking(self) -> bool:
        """Whether time alone would change anything."""
        if await self._desk.incidents.list((Status.RESOLVED,), limit=1):
            return True
        waiting = await self._desk.incidents.waiting_for(WaitsFor.PERSON)
        due = (one for one in waiting if not one.assigned_to and one.diagnosed_at)
        return any(set(self._desk.policy.to_wake(one)) - set(one.woken) for one in due)

    async def _ended(self, id: IncidentId) -> Incident:
        """The end of an action, now that its time has come."""
        self._acting = await self._desk.incidents.get(id)
        return await advance(self._desk, self._acting)

    async def _live(self, incident: Incident) -> None:
        """All that machine and person do about an incident before time has to pass."""
        while incident.active:
            if incident.action_status is ActionStatus.VERIFYING and incident.action:
                due = self._clock.time + self._record.took(incident, incident.action)
                if not any(id == incident.id for _, id in self._due):
                    heapq.heappush(self._due, (due, incident.id))
                return
            if incident.waits_for is WaitsFor.MACHINE:
                incident = await advance(self._desk, incident)
            elif (decided := await self._decided(incident)) is None:
                return
            else:
                incident = decided

    async def _decided(self, incident: Incident) -> Incident | None:
        """What a person did by the record, or None where it tells of nothing more."""
        told, mended = self._record.of(incident), self._record.mended(incident)
        if not told:
            return None
        if incident.action and not incident.action.unnamed and incident.action_status is ActionStatus.PENDING:
            if any(incident.action.name in one.actions for one in told):
                return await decide.approve(self._desk, incident.number, PERSON)
            other = ", ".join(mended.actions) if mended else "something else"
            return await decide.reject(self._desk, incident.number, PERSON, f"{other} was done instead")
        if mended is None:
            return None
        return await decide.resolve(self._desk, incident.number, PERSON, ", ".join(mended.actions) or "by hand")

    def _ending(self, action: Action) -> Verdict:
        if self._acting is None:
            raise ValueError(f"{action.name} is verified, and no incident waits for its end")
        return self._record.ending(self._acting, action)


@dataclass(frozen=True, slots=True)
class Logs:
    """What recorded logs hold that may matter, in the order of time, and how much was read. ``size`` is in bytes."""

    timed: Sequence[tuple[datetime, Entry]]
    lines: int
    size: int
    troubles: Sequence[str]


def read(paths: Sequence[str], detector: Detector, now: datetime) -> Logs:
    """Read log files whole. An entry that tells no time has that of the one before; ``now`` if a file tells none."""
    timed: list[tuple[datetime, Entry]] = []
    troubles: list[str] = []
    lines = size = 0
    for path in files(paths):
        found: list[Entry] = []
        try:
            for chunk in chunks(sys.stdin.buffer if path == STDIN else path):
                found += entries(detector, chunk, path)
                lines, size = lines + chunk.text.count("\n"), size + len(chunk.text)
        except OnCallError as error:
            troubles.append(str(error))
        timed += _timed(found, now)
    return Logs(sorted(timed, key=lambda one: one[0]), lines, size, troubles)


def _timed(found: Sequence[Entry], now: datetime) -> Iterator[tuple[datetime, Entry]]:
    told = [entry.at or moment(entry.text, now) for entry in found]
    last = next((at for at in told if at), now)
    for at, entry in zip(told, found, strict=True):
        last = at or last
        yield last, replace(entry, at=last)
