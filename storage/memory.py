"""The memory without a database: for demos and tests, held to the same contract."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from engine.errors import NotFound, Refused, Stale
from engine.events import Event, Opened, Started, begin
from engine.learn import lesson, relapse, relapsed
from engine.model import Account, Incident, IncidentId, Lesson, Status, WaitsFor
from engine.ports import Cursors, Incidents, People, RoomOf, Untold, anywhere
from storage.deliveries import Delivery
from storage.inbox import Heard

LESSONS = 200


class MemoryIncidents(Incidents):
    def __init__(self, listeners: Sequence[str] = (), room: RoomOf = anywhere) -> None:
        self._room = room
        self._incidents: dict[IncidentId, Incident] = {}
        self._events: dict[IncidentId, list[Event]] = {}
        self._untold: dict[str, dict[tuple[IncidentId, int], tuple[str, Event]]] = {one: {} for one in listeners}
        self._lessons: list[Lesson] = []

    async def open(self, id: IncidentId, event: Opened) -> Incident:
        incident = begin(id, len(self._incidents) + 1, event)
        if id in self._incidents or self._rival(incident):
            raise Stale("There is already an incident for this.")
        self._keep(incident, event)
        return incident

    async def get(self, id: IncidentId) -> Incident:
        try:
            return self._incidents[id]
        except KeyError:
            raise NotFound(f"There is no incident {id}.") from None

    async def numbered(self, number: int) -> Incident:
        for incident in self._incidents.values():
            if incident.number == number:
                return incident
        raise NotFound(f"There is no incident {number}.")

    async def latest(self, fingerprint: str) -> Incident | None:
        return next((one for one in self._newest_first() if one.fingerprint == fingerprint), None)

    async def append(self, after: Incident, event: Event) -> None:
        now = await self.get(after.id)
        if after.sequence != now.sequence + 1 or self._rival(after):
            raise Stale
        self._keep(after, event)
        if learned := lesson(after, event):
            self._lessons.append(learned)
        if back := relapse(after, event):
            self._lessons = relapsed(self._lessons, after.id, back)

    async def timeline(self, id: IncidentId) -> Sequence[Event]:
        await self.get(id)
        return tuple(self._events[id])

    async def waiting_for(self, whom: WaitsFor) -> Sequence[Incident]:
        return [one for one in self._incidents.values() if one.waits_for is whom]

    async def list(self, statuses: Sequence[Status] = (), limit: int = 50) -> Sequence[Incident]:
        return [one for one in self._newest_first() if not statuses or one.status in statuses][:limit]

    async def untold(self, listener: str, limit: int = 100, busy: Collection[str] = ()) -> Sequence[Untold]:
        waiting = self._untold.get(listener, {})
        last: dict[IncidentId, int] = {}
        for room in {room for room, _ in waiting.values()}.difference(busy):
            here = [of for of, (where, _) in waiting.items() if where == room]
            for id, sequence in here[:limit]:
                last[id] = max(sequence, last.get(id, 0))
        return [
            Untold(self._incidents[id], sequence, event)
            for (id, sequence), (_, event) in waiting.items()
            if sequence <= last.get(id, 0)
        ]

    async def told(self, listener: str, id: IncidentId, sequence: int) -> None:
        for number in range(1, sequence + 1):
            self._untold.get(listener, {}).pop((id, number), None)

    async def begun(self, target: str, since: datetime) -> int:
        return sum(one for id, events in self._events.items() for one in self._begun(id, events, target, since))

    def _begun(self, id: IncidentId, events: Sequence[Event], target: str, since: datetime) -> Iterator[bool]:
        """Of one incident, for each action that was begun: was it on this target, and since then."""
        incident = self._incidents[id]
        known = [one.action for one in incident.tried] + ([incident.action] if incident.action else [])
        real = {action.id for action in known if action.target == target and not action.dry_run}
        for event in events:
            if isinstance(event, Started):
                yield event.at > since and event.action in real

    async def lessons(self, pattern: str, environment: str) -> Sequence[Lesson]:
        here = [one for one in self._lessons if (one.pattern, one.environment) == (pattern, environment)]
        return here[: -LESSONS - 1 : -1]

    async def lessons_of(self, actions: Sequence[str], limit: int = 400) -> Sequence[Lesson]:
        return [one for one in reversed(self._lessons) if not actions or one.action in actions][:limit]

    def _keep(self, after: Incident, event: Event) -> None:
        self._incidents[after.id] = after
        self._events.setdefault(after.id, []).append(event)
        for listener, waiting in self._untold.items():
            waiting[after.id, after.sequence] = (self._room(listener, after), event)

    def _rival(self, after: Incident) -> bool:
        """Another active incident has the same fingerprint."""
        others = (one for one in self._incidents.values() if one.id != after.id and one.active)
        return after.active and any(one.fingerprint == after.fingerprint for one in others)

    def _newest_first(self) -> Sequence[Incident]:
        return tuple(reversed(self._incidents.values()))


class MemoryCursors(Cursors):
    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    async def get(self, name: str) -> str | None:
        return self._values.get(name)

    async def put(self, name: str, value: str) -> None:
        self._values[name] = value

    async def get_all(self, names: Sequence[str]) -> Mapping[str, str]:
        return {name: self._values[name] for name in names if name in self._values}

    async def put_all(self, values: Mapping[str, str]) -> None:
        self._values |= values


class MemoryPeople(People):
    def __init__(self) -> None:
        self._accounts: dict[str, Account] = {}
        self._identities: dict[tuple[str, str], str] = {}
        self._seen: dict[str, datetime] = {}

    async def who(self, platform: str, identity: str) -> Account | None:
        return self._accounts.get(self._identities.get((platform, identity), ""))

    async def named(self, username: str) -> Account | None:
        return next((one for one in self._accounts.values() if one.username == username), None)

    async def save(self, account: Account) -> None:
        known = await self.named(account.username)
        if known is not None and known.id != account.id:
            raise Refused(f"There is already an account called {account.username}.")
        self._accounts[account.id] = account

    async def identity(self, platform: str, account_id: str) -> str | None:
        theirs = (one for (where, one), id in self._identities.items() if (where, id) == (platform, account_id))
        return max(theirs, default=None)

    async def link(self, platform: str, identity: str, account_id: str) -> None:
        if account_id not in self._accounts:
            raise NotFound(f"There is no account {account_id}.")
        self._identities[platform, identity] = account_id

    async def all(self) -> Sequence[Account]:
        return sorted(self._accounts.values(), key=lambda one: one.username)

    async def seen(self, account_id: str, at: datetime) -> None:
        self._seen[account_id] = at


class MemoryDeliveries:
    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Delivery] = {}

    async def begin(self, platform: str, key: str, room: str) -> Delivery | None:
        before = self._known.get((platform, key))
        self._known.setdefault((platform, key), Delivery(room, ""))
        return before

    async def done(self, platform: str, key: str, message: str) -> None:
        self._known[platform, key] = Delivery(self._known[platform, key].room, message)


class MemoryInbox:
    def __init__(self) -> None:
        self._heard: dict[tuple[str, str], Heard] = {}
        self._answered: set[tuple[str, str]] = set()

    async def hear(self, platform: str, id: str, body: str) -> bool:
        if (platform, id) in self._heard:
            return False
        self._heard[platform, id] = Heard(id, body)
        return True

    async def answered(self, platform: str, id: str) -> None:
        self._answered.add((platform, id))

    async def unanswered(self, platform: str) -> Sequence[Heard]:
        return [one for key, one in self._heard.items() if key[0] == platform and key not in self._answered]
