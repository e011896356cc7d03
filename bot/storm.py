"""Too many incidents at once are one digest: a room that gets 500 cards is a room that nobody reads."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from adapters.chat.ask import Room
from adapters.chat.card import Button, Card, Facts, Part, Text, Tone
from bot.words import clock as time_of_day
from engine.model import Incident, Severity
from engine.ports import Clock, Cursors

WINDOW = timedelta(minutes=5)
"""So long a new card counts, and so long after its last incident a digest takes in further ones."""

MOST_GROUPS = 12
"""Lines of a digest; a storm rarely has more causes."""

_WORST_FIRST = tuple(reversed(Severity))


@dataclass(frozen=True, slots=True)
class Member:
    """An incident that stands in a digest instead of having a card of its own."""

    number: int
    pattern: str
    severity: str


@dataclass(frozen=True, slots=True)
class Digest:
    """``key`` is the one it is posted under; it is kept before it is posted, so a crash posts it once."""

    key: str
    since: datetime
    last: datetime
    members: tuple[Member, ...] = ()
    times: int = 0
    """How often it has taken some in: at the first time it is new, and posting it is enough."""

    def __contains__(self, incident: Incident) -> bool:
        return any(one.number == incident.number for one in self.members)


class Storms:
    """Which new incidents of a room get a card, and which stand in its digest. ``at_most`` cards in five minutes."""

    def __init__(self, platform: str, cursors: Cursors, clock: Clock, at_most: int) -> None:
        self._platform = platform
        self._cursors = cursors
        self._clock = clock
        self._at_most = at_most
        self._shown: dict[Room, deque[datetime]] = defaultdict(deque)

    def room_for(self, room: Room) -> int:
        """How many new cards this room takes now."""
        shown, now = self._shown[room], self._clock.now()
        while shown and now - shown[0] >= WINDOW:
            shown.popleft()
        return max(0, self._at_most - len(shown))

    def showed(self, room: Room) -> None:
        self._shown[room].append(self._clock.now())

    async def digest(self, room: Room) -> Digest | None:
        """The one that takes in new incidents of this room now."""
        kept = await self._cursors.get(self._name(room))
        digest = _read(kept) if kept else None
        return digest if digest and self._clock.now() - digest.last < WINDOW else None

    async def take_in(self, room: Room, incidents: Sequence[Incident]) -> Digest:
        """Keep that these stand in the room's digest; returns it as it is now."""
        now = self._clock.now()
        digest = await self.digest(room) or Digest(f"digest-{incidents[0].id}", now, now)
        new = tuple(_member(one) for one in incidents if one not in digest)
        digest = replace(digest, last=now, members=digest.members + new, times=digest.times + 1)
        await self._cursors.put(self._name(room), _write(digest))
        return digest

    def _name(self, room: Room) -> str:
        return f"digest:{self._platform}:{room}"


def worst_first(incident: Incident) -> tuple[int, int]:
    return _WORST_FIRST.index(incident.severity), incident.number


def digest_card(digest: Digest) -> Card:
    """What broke, by kind, the worst first; each incident is one command away."""
    groups: dict[str, list[Member]] = defaultdict(list)
    for one in digest.members:
        groups[one.pattern or "unknown"].append(one)
    ordered = sorted(groups.items(), key=lambda group: (_worst(group[1]), -len(group[1])))
    first = ordered[0][1][0].number
    parts: list[Part] = [
        Text("Too many to show one by one. They were looked at, and each waits as usual; this list grows in place."),
        Facts(tuple((pattern, _group(members)) for pattern, members in ordered[:MOST_GROUPS])),
    ]
    if len(ordered) > MOST_GROUPS:
        left = sum(len(members) for _, members in ordered[MOST_GROUPS:])
        parts.append(Text(f"{left} more are of {len(ordered) - MOST_GROUPS} other kinds.", quiet=True))
    parts += [Button(f"Show #{first}", f"show {first}"), Button("What is open", "list")]
    count = len(digest.members)
    return Card(f"{count} more incidents since {time_of_day(digest.since)}", tuple(parts), tone=Tone.BAD)


def _group(members: Sequence[Member]) -> str:
    numbers = [f"#{one.number}" for one in members[:5]]
    more = [f"and {len(members) - 5} more"] if len(members) > 5 else []
    return f"{len(members)} · {_WORST_FIRST[_worst(members)]} · {', '.join([*numbers, *more])}"


def _worst(members: Sequence[Member]) -> int:
    return min(_WORST_FIRST.index(Severity(one.severity)) for one in members)


def _member(incident: Incident) -> Member:
    return Member(incident.number, incident.signal.pattern, str(incident.severity))


def _write(digest: Digest) -> str:
    return json.dumps(asdict(digest), default=datetime.isoformat)


def _read(kept: str) -> Digest:
    body = json.loads(kept)
    members = tuple(Member(**one) for one in body["members"])
    since, last = datetime.fromisoformat(body["since"]), datetime.fromisoformat(body["last"])
    return Digest(body["key"], since, last, members, body["times"])
