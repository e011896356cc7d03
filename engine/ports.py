"""What the engine needs from the world. Storage and adapters implement these; contract tests hold them to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from engine.events import Event, Opened
from engine.model import (
    Account,
    Action,
    ActionSpec,
    Entry,
    Evidence,
    Incident,
    IncidentId,
    Lesson,
    Outcome,
    Status,
    Verdict,
    WaitsFor,
)


class Clock(Protocol):
    """Time, always aware and in UTC."""

    def now(self) -> datetime: ...
    async def sleep(self, seconds: float) -> None: ...


class Incidents(Protocol):
    """The memory. Every call raises Unreachable if the database does not answer."""

    async def open(self, id: IncidentId, event: Opened) -> Incident:
        """Keep a new incident under the next number. Raises Stale if an active one has the same fingerprint."""

    async def get(self, id: IncidentId) -> Incident:
        """Raises NotFound."""

    async def numbered(self, number: int) -> Incident:
        """The incident that people call by this number. Raises NotFound."""

    async def latest(self, fingerprint: str) -> Incident | None:
        """The newest incident with this fingerprint, in whatever status."""

    async def append(self, after: Incident, event: Event) -> None:
        """Keep ``event`` as number ``after.sequence`` and ``after`` as the sum. Raises Stale if it is taken."""

    async def timeline(self, id: IncidentId) -> Sequence[Event]:
        """All events in order. Raises NotFound."""

    async def waiting_for(self, whom: WaitsFor) -> Sequence[Incident]:
        """Incidents that wait for machine, person or nobody, oldest first."""

    async def list(self, statuses: Sequence[Status] = (), limit: int = 50) -> Sequence[Incident]:
        """Newest first; no statuses means all."""

    async def untold(self, listener: str, limit: int = 100, busy: Collection[str] = ()) -> Sequence[Untold]:
        """Events that this chat platform has not told of, in the order in which they happened.

        The first ``limit`` of each room but those that are busy. Of an incident none is left out before the last.
        """

    async def told(self, listener: str, id: IncidentId, sequence: int) -> None:
        """This platform has told of all events of the incident up to this one."""

    async def begun(self, target: str, since: datetime) -> int:
        """How many actions on this target were begun since then."""

    async def lessons(self, pattern: str, environment: str) -> Sequence[Lesson]:
        """What became of actions for this pattern in this environment, newest first, at most 200."""

    async def lessons_of(self, actions: Sequence[str], limit: int = 400) -> Sequence[Lesson]:
        """What became of these actions, or of all if none is named, whatever was mended and where; newest first."""


RoomOf: TypeAlias = Callable[[str, Incident], str]
"""Where a listener would tell of an incident as it stands: news of one room wait for no other's."""


def anywhere(_listener: str, _incident: Incident) -> str:
    """Where all is told in one place."""
    return ""


@dataclass(frozen=True, slots=True)
class Untold:
    """An event to tell, and its incident as it stands now."""

    incident: Incident
    sequence: int
    event: Event


class Cursors(Protocol):
    """How far each reader has read: a JSON text under a name."""

    async def get(self, name: str) -> str | None: ...
    async def put(self, name: str, value: str) -> None: ...

    async def get_all(self, names: Sequence[str]) -> Mapping[str, str]:
        """Those of these names that are there, and their values."""

    async def put_all(self, values: Mapping[str, str]) -> None:
        """All of them or none."""


class Brake(Protocol):
    """The global stop. It holds for every action that has not been sent yet."""

    async def pulled(self) -> str:
        """Who pulled it and why, as a sentence; empty if nobody has."""

    async def pull(self, by: str, why: str) -> None: ...
    async def release(self) -> None: ...


class People(Protocol):
    """Accounts, and which chat identity is whose."""

    async def who(self, platform: str, identity: str) -> Account | None:
        """The account this chat identity is linked to; None if unknown."""

    async def named(self, username: str) -> Account | None: ...

    async def identity(self, platform: str, account_id: str) -> str | None:
        """How this account is called there, if it is linked; of several the last in the alphabet."""

    async def save(self, account: Account) -> None:
        """Keep a new account, or the new state of one with the same id."""

    async def link(self, platform: str, identity: str, account_id: str) -> None: ...

    async def all(self) -> Sequence[Account]: ...

    async def seen(self, account_id: str, at: datetime) -> None:
        """This person has signed in."""


Hear: TypeAlias = Callable[[Sequence[Entry]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scanned:
    """What one scan did. ``troubles`` are news of what went wrong, sentences fit to show to a person.

    ``standing``: all that is wrong now. ``unsettled``: a last entry may still be growing; a scan a second later tells.
    """

    entries: int = 0
    size: int = 0
    troubles: tuple[str, ...] = ()
    unsettled: bool = False
    standing: tuple[str, ...] = ()


class LogSource(Protocol):
    """Somewhere to read log entries from. A source that has gone is a trouble in the answer, never an exception."""

    name: str

    async def scan(self, hear: Hear) -> Scanned:
        """Pass every entry since the last scan to ``hear``, once and in order.

        The cursor moves only after ``hear`` has returned, so a crash can repeat an entry but never lose one.
        """


class Target(Protocol):
    """Something that can be acted on, in four verbs. Vendors' exceptions never leave it."""

    name: str
    dry_run: bool
    named_by: tuple[str, ...] = ()
    """The identifiers that, all together, name a thing of this target exactly: it is looked at whatever is proposed."""

    def catalogue(self) -> Mapping[str, ActionSpec]:
        """The actions by name."""

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        """Read only. Something that does not exist is evidence too. Raises Unreachable."""

    async def act(self, action: Action) -> Outcome:
        """Do it, once. Raises nothing: what may or may not have happened is ``Result.UNKNOWN``."""

    async def verify(self, action: Action) -> Verdict:
        """Did it work? Read only, by the same identifiers. Raises Unreachable."""
