"""The nouns of the system. Every value is frozen; nothing here does I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

IncidentId = NewType("IncidentId", str)
"""``INC-20261121-1a2b3c4d``. People say the incident's ``number`` instead."""


class Severity(StrEnum):
    """How bad, least first."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Status(StrEnum):
    OPEN = "open"
    INVESTIGATING = "investigating"
    RESOLVED = "resolved"
    CLOSED = "closed"


class ActionStatus(StrEnum):
    """Where an action stands. Only PENDING waits for a person; APPROVED, RUNNING and VERIFYING wait for us."""

    PENDING = "pending"
    APPROVED = "approved"
    RUNNING = "running"
    VERIFYING = "verifying"
    COMPLETED = "completed"
    FAILED = "failed"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"


class Risk(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Criticality(StrEnum):
    """How much hangs on a service, least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Criticality).index(self)


class WaitsFor(StrEnum):
    MACHINE = "machine"
    PERSON = "person"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Entry:
    """One log entry, continuation lines included. ``position`` is its byte offset in ``source``, -1 if unordered."""

    text: str
    source: str
    position: int = -1
    at: datetime | None = None


def place(source: str) -> str:
    """The source as people read it: what follows the last ``#`` tells which of several files of one name it was."""
    return source.rpartition("#")[0] or source


@dataclass(frozen=True, slots=True)
class Signal:
    """An entry that matched a pattern. ``text`` is redacted; ``identifiers`` stand verbatim in it or in ``source``."""

    at: datetime
    pattern: str
    title: str
    service: str
    severity: Severity
    text: str
    identifiers: Mapping[str, str]
    source: str
    position: int = -1
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one look at a target answered. ``state`` is what an approval is bound to; empty means it cannot be known.

    ``names`` are identifiers that the target itself vouches for. ``cause`` is the id of the failure that it shows to be
    behind this, and ``shows`` says by what, in words that go on from "it says that".
    """

    target: str
    summary: str
    state: Mapping[str, str] = field(default_factory=dict)
    healthy: bool | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    cause: str = ""
    shows: str = ""


TITLES = {
    "http_health": "The health check",
    "local": "This machine",
    "mysql": "MySQL",
    "pgbouncer": "PgBouncer",
    "postgresql": "PostgreSQL",
    "services": "The service manager",
}


def titled(target: str) -> str:
    """A target as people call it, at the beginning of a sentence."""
    return TITLES.get(target, target.capitalize())


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed parameter of an action. ``kind`` is ``text``, ``integer`` or ``choice`` (one of ``choices``)."""

    name: str
    label: str
    kind: str = "text"
    required: bool = True
    default: str = ""
    choices: tuple[str, ...] = ()


def in_words(names: Sequence[str]) -> str:
    """Names of parameters as they are spoken: ``deployment and container name``."""
    *most, last = (name.replace("_", " ") for name in names)
    return f"{', '.join(most)} and {last}" if most else last


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """What a target can do.

    ``request`` is pure: from parameters to the exact request, as a person may read it. ``wrong`` is pure too: what is
    wrong with parameters, by name, in words; empty if nothing is. ``object`` names the parameters that say what it is
    done to: two actions on one object never run at once. ``timeout`` is for the call itself, ``repeat`` says in words
    what happens if it is sent twice.
    """

    name: str
    parameters: tuple[Parameter, ...]
    risk: Risk
    effect: str
    undo: str
    request: Callable[[Mapping[str, str]], str]
    verify_within: timedelta = timedelta(minutes=10)
    wrong: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda _: {}
    object: tuple[str, ...] = ()
    timeout: timedelta = timedelta(seconds=30)
    repeat: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that would be done, bound to its parameters and to the ``seen`` state of its target."""

    id: str
    target: str
    name: str
    parameters: Mapping[str, str]
    risk: Risk
    effect: str
    undo: str
    request: str
    seen: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    then: tuple[Action, ...] = ()
    """What is done next if this one worked: the rest of a plan, approved with it."""
    after: str = ""
    """The id of the step before; such an action is bound to the state that the step has left."""
    lacking: tuple[str, ...] = ()
    """The parameters that it needs and that nobody has named yet; it is never sent without them."""
    onward: bool = False
    """What is next is done even if this one did not mend it: the row of actions was learned so."""

    @property
    def plan(self) -> str:
        """It and what is done after it, by their names."""
        return ", then ".join(one.name for one in (self, *self.then))

    @property
    def unnamed(self) -> tuple[str, ...]:
        """What it or a later step of its plan lacks: until a person names it, nothing of it can be approved."""
        return tuple(dict.fromkeys(name for one in (self, *self.then) for name in one.lacking))


class Result(StrEnum):
    """What became of a call to a target. UNKNOWN: it may or may not have happened."""

    DONE = "done"
    NOTHING_DONE = "nothing_done"
    DRY_RUN = "dry_run"
    CHANGED = "changed"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the target answered when the action ran."""

    result: Result
    detail: str


class Judgement(StrEnum):
    """RECOVERED: it is well, and not by what we did; that earns no credit."""

    WORKED = "worked"
    RECOVERED = "recovered"
    NOT_YET = "not_yet"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Did the action mend it? Asked of the target with the same identifiers."""

    judgement: Judgement
    detail: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """One row to learn from: this action, for this pattern, in this environment, did or did not work.

    ``recurred``: it had worked, and the same failure came back within the watch. ``rejected``: a person said no.
    """

    at: datetime
    incident: IncidentId
    pattern: str
    action: str
    environment: str
    judgement: Judgement
    confidence: float
    seconds: float
    recurred: bool = False
    rejected: bool = False


@dataclass(frozen=True, slots=True)
class Dependent:
    """A service that needs the broken one: itself (distance 1) or by way of others."""

    name: str
    criticality: Criticality
    distance: int


@dataclass(frozen=True, slots=True)
class Impact:
    """The service that what broke belongs to, what depends on it (nearest first), and whom to call, in order."""

    service: str
    criticality: Criticality
    depends_on_it: tuple[Dependent, ...] = ()
    owners: tuple[str, ...] = ()

    @property
    def worst(self) -> Criticality:
        """Of the service and of all that depends on it."""
        return max((self.criticality, *(one.criticality for one in self.depends_on_it)), key=lambda one: one.rank)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Our best explanation, what we would do, and how sure we are that it helps (0 to 1)."""

    summary: str
    category: str
    root_cause: str
    confidence: float
    because: tuple[str, ...] = ()
    proposal: Action | None = None
    steps: tuple[str, ...] = ()
    hand_over: str = ""
    predicted_seconds: int | None = None
    impact: Impact | None = None
    pattern: str = ""
    """The failure that is behind it, which a look may have named; empty if nobody knows it."""


RAN = (ActionStatus.COMPLETED, ActionStatus.FAILED, ActionStatus.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Tried:
    """An action that this incident has seen, and its end."""

    action: Action
    status: ActionStatus


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as it stands: the sum of its ``sequence`` events. ``heard`` is the last position of each source."""

    id: IncidentId
    number: int
    fingerprint: str
    signal: Signal
    opened_at: datetime
    updated_at: datetime
    last_seen_at: datetime
    sequence: int = 1
    status: Status = Status.OPEN
    severity: Severity = Severity.MEDIUM
    identifiers: Mapping[str, str] = field(default_factory=dict)
    environment: str = ""
    count: int = 1
    heard: Mapping[str, int] = field(default_factory=dict)
    evidence: Evidence | None = None
    diagnosis: Diagnosis | None = None
    diagnosed_at: datetime | None = None
    to_investigate: bool = True
    action: Action | None = None
    action_status: ActionStatus | None = None
    approved_at: datetime | None = None
    approved_by: str = ""
    action_since: datetime | None = None
    tried: tuple[Tried, ...] = ()
    assigned_to: str = ""
    woken: tuple[str, ...] = ()
    resolved_at: datetime | None = None
    resolution_method: str = ""
    root_cause: str = ""
    lessons_learned: str = ""

    @property
    def failure(self) -> str:
        """As far as is known: what a look has named to be behind it, else what the log tells."""
        return (self.diagnosis.pattern if self.diagnosis else "") or self.signal.pattern

    @property
    def active(self) -> bool:
        return self.status in (Status.OPEN, Status.INVESTIGATING)

    @property
    def in_hand(self) -> bool:
        """An action has been approved and its end is not known yet."""
        return self.action_status in (ActionStatus.APPROVED, ActionStatus.RUNNING, ActionStatus.VERIFYING)

    @property
    def ran(self) -> int:
        """How many actions have been run on it; those that only were proposed do not count."""
        return sum(tried.status in RAN for tried in self.tried)

    @property
    def waits_for(self) -> WaitsFor:
        if self.in_hand or (self.active and self.to_investigate):
            return WaitsFor.MACHINE
        return WaitsFor.PERSON if self.active else WaitsFor.NOBODY


class Role(StrEnum):
    """What a person may do, least first; each role may do what those before it may."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    APPROVER = "approver"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """A person. Chat identities are mapped to accounts; an inactive account may do nothing."""

    id: str
    username: str
    full_name: str
    email: str
    role: Role
    is_active: bool = True
