"""The services that people run: which one an incident belongs to, what depends on it, and whom to call."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from engine.model import Criticality, Dependent, Impact, Signal, place
from engine.windows import Window

ANYTHING = "*"
"""At the end or the beginning of a name: whatever follows or precedes."""

SOURCE = "source"
"""The log that the line stood in, beside the names that stood in the line."""

NOTHING: Mapping[str, str] = MappingProxyType({})

Rule = Mapping[str, Sequence[str]]
"""Identifiers and the names that each may have. All of them must fit."""

Fit = tuple[int, int, int]
"""How exactly a rule fits: identifiers compared, characters spelled out, names without ``*``."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service as the catalogue tells of it. What one of its ``holds`` fits belongs to it."""

    name: str
    criticality: Criticality = Criticality.MEDIUM
    depends_on: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    environment: str = ""
    change_windows: tuple[Window, ...] = ()
    holds: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Services:
    """All that are known, in the order of the catalogue; none where there is no catalogue."""

    all: Sequence[Service] = field(default=())

    def named(self, name: str) -> Service | None:
        return next((one for one in self.all if one.name == name), None)

    def holding(self, names: Mapping[str, str]) -> Service | None:
        """The service that these names belong to: of several the one whose rule fits most exactly, then the first."""
        fits = [(best, service) for service in self.all if (best := _best(service, names))]
        return max(fits, key=lambda one: one[0])[1] if fits else None

    def impact(self, names: Mapping[str, str]) -> Impact | None:
        """What it means that something with these names is broken; None where no service holds it."""
        service = self.holding(names)
        if service is None:
            return None
        return Impact(service.name, service.criticality, tuple(self._dependents(service.name)), service.owners)

    def _dependents(self, name: str) -> Iterator[Dependent]:
        """The nearest first; of equally near ones the most critical."""
        far = {name: 0}
        queue = deque([name])
        while queue:
            near = queue.popleft()
            for other in self.all:
                if near in other.depends_on and other.name not in far:
                    far[other.name] = far[near] + 1
                    queue.append(other.name)
        others = [Dependent(one.name, one.criticality, far[one.name]) for one in self.all if far.get(one.name)]
        yield from sorted(others, key=lambda one: (one.distance, -one.criticality.rank, one.name))


def names_of(signal: Signal, identifiers: Mapping[str, str], parameters: Mapping[str, str] = NOTHING) -> dict[str, str]:
    """By what a service is found: the names of what broke, or those that an action with these parameters touches."""
    touched = {name: value for name, value in parameters.items() if value}
    return {SOURCE: place(signal.source), **identifiers, **touched}


def told(impact: Impact) -> Iterator[str]:
    """What hangs on it, in sentences."""
    yield f"It belongs to the service {impact.service}, which is of {impact.criticality} criticality."
    if impact.depends_on_it:
        yield f"On {impact.service} depend: {', '.join(map(_dependent, impact.depends_on_it))}."
    if impact.owners:
        yield f"{impact.service} is owned by {', '.join(impact.owners)}."


def _dependent(one: Dependent) -> str:
    way = "" if one.distance == 1 else f", {one.distance} steps away"
    return f"{one.name} ({one.criticality}{way})"


def _best(service: Service, names: Mapping[str, str]) -> Fit | None:
    return max((fit for rule in service.holds if (fit := _fit(rule, names))), default=None)


def _fit(rule: Rule, names: Mapping[str, str]) -> Fit | None:
    """None if one of the rule's identifiers is not known or has another name."""
    fitting = [_nearest(rule[identifier], names.get(identifier, "")) for identifier in rule]
    known = [one for one in fitting if one is not None]
    if not known or len(known) < len(fitting):
        return None
    exact = sum(ANYTHING not in one for one in known)
    return len(known), sum(len(one.strip(ANYTHING)) for one in known), exact


def _nearest(patterns: Sequence[str], value: str) -> str | None:
    return max((one for one in patterns if value and _is(one, value)), key=len, default=None)


def _is(pattern: str, value: str) -> bool:
    if pattern.endswith(ANYTHING):
        return value.startswith(pattern.removesuffix(ANYTHING))
    if pattern.startswith(ANYTHING):
        return value.endswith(pattern.removeprefix(ANYTHING))
    return value == pattern
