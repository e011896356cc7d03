"""The desk: everything a use case needs, in one hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from engine.detect import Detector
from engine.errors import Refused, Stale
from engine.events import Event, Opened, apply
from engine.knowledge_base import Library
from engine.model import Incident, IncidentId, Risk, Signal
from engine.ports import Brake, Clock, Incidents, Target
from engine.services import Services, names_of
from engine.windows import Window

FACT_RETRIES = 20
"""A fact loses a race only to another event of the same incident; twenty in a row means a broken store."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the settings decide. Every number has its reason in ``.env.example``."""

    confidence_threshold: float = 0.7
    wrong_at_most: float = 0.25
    max_actions: int = 5
    assess_risk: bool = True
    quiet_time: timedelta = timedelta(hours=1)
    approval_valid: timedelta = timedelta(minutes=30)
    escalate_after: timedelta = timedelta(minutes=15)
    on_call: Sequence[str] = ()
    max_actions_per_hour: int = 20
    change_windows: Sequence[Window] = ()
    risks: Mapping[str, Risk] = field(default_factory=dict)
    """By action, or by ``action@environment``, which wins; what is not named has the risk that its target says."""
    environment: str = "production"
    services: Services = field(default_factory=Services)

    def risk(self, action: str, otherwise: Risk, environment: str = "") -> Risk:
        """How risky this action is there; here if no environment is named."""
        where = environment or self.environment
        return self.risks.get(f"{action}@{where}") or self.risks.get(action) or otherwise

    def environment_of(self, names: Mapping[str, str]) -> str:
        """Where something with these names runs: as its service says, else the environment of this program."""
        service = self.services.holding(names)
        return (service.environment if service else "") or self.environment

    def opened_in(self, signal: Signal) -> str:
        """The environment of an incident that this signal opens."""
        return self.environment_of(names_of(signal, signal.identifiers))

    def to_wake(self, incident: Incident) -> Sequence[str]:
        """Whom to wake, in order: the owners of the broken service, then those on call for everything."""
        impact = incident.diagnosis.impact if incident.diagnosis else None  # a look may have named more than the log
        told = self.services.named(impact.service) if impact else None
        service = told or self.services.holding(names_of(incident.signal, incident.identifiers))
        return tuple(dict.fromkeys((*(service.owners if service else ()), *self.on_call)))


def _nobody_listens(_incident: Incident, _event: Event) -> None:
    """The default listener."""


class Released:
    """A brake that nobody can pull: for a desk that acts on nothing real."""

    async def pulled(self) -> str:
        return ""

    async def pull(self, by: str, why: str) -> None:
        raise Refused("There is no brake here.")

    async def release(self) -> None:
        """Nothing holds it."""


@dataclass(frozen=True, slots=True)
class Desk:
    incidents: Incidents
    detector: Detector
    targets: Mapping[str, Target]
    clock: Clock
    new_id: Callable[[], str]
    policy: Policy = field(default_factory=Policy)
    publish: Callable[[Incident, Event], None] = _nobody_listens
    brake: Brake = field(default_factory=Released)
    library: Library | None = None
    """What people have accepted to be done; None where nobody keeps anything."""
    gate: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False, compare=False)
    """One action at a time is held against the fences and begun, so that two cannot both be the last that may."""

    async def open(self, id: IncidentId, event: Opened) -> Incident:
        """Keep and publish a new incident. Raises Stale if an active one has the same fingerprint."""
        incident = await self.incidents.open(id, event)
        self.publish(incident, event)
        return incident

    async def record(self, incident: Incident, event: Event) -> Incident:
        """Change, keep and publish: the one door through which anything happens.

        A *decision* comes with the incident as the person saw it and raises Stale if it has moved on since.
        """
        after = apply(incident, event)
        await self.incidents.append(after, event)
        self.publish(after, event)
        return after

    async def record_fact(self, id: IncidentId, event: Event) -> Incident:
        """Record what has happened, whatever else happened meanwhile: read again, apply again, retry."""
        for _ in range(FACT_RETRIES):
            try:
                return await self.record(await self.incidents.get(id), event)
            except Stale:
                continue
        raise Stale("The incident changes faster than it can be written.")
