"""Which incident is told in which room: ``service=airflow severity>=high -> data-oncall``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from engine.model import Incident, Severity

_CONDITION = re.compile(r"(?P<name>[a-z_]+)(?P<sign>>=|=)(?P<value>\S+)")
_ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Condition:
    """``value`` may hold ``*``; only a severity can be compared with ``>=``."""

    name: str
    sign: str
    value: str

    def __str__(self) -> str:
        return f"{self.name}{self.sign}{self.value}"

    def holds(self, incident: Incident) -> bool:
        if self.sign == ">=":
            return _ORDER.index(incident.severity) >= _ORDER.index(Severity(self.value))
        return fnmatchcase(_said(incident, self.name), self.value)


@dataclass(frozen=True, slots=True)
class Route:
    """All conditions must hold."""

    conditions: tuple[Condition, ...]
    room: str

    def __str__(self) -> str:
        return f"{' '.join(map(str, self.conditions))} -> {self.room}"

    def fits(self, incident: Incident) -> bool:
        return all(one.holds(incident) for one in self.conditions)


def choose(routes: Sequence[Route], incident: Incident, otherwise: str) -> str:
    """The room of the first route that fits."""
    return next((one.room for one in routes if one.fits(incident)), otherwise)


def route(text: Any) -> Route:
    """Raises ValueError with what is wrong."""
    if isinstance(text, Route):
        return text
    before, arrow, room = str(text).partition("->")
    found = [_CONDITION.fullmatch(word) for word in before.split()]
    room = room.strip().removeprefix("#")
    if not (arrow and found and all(found) and room) or re.search(r"\s", room):
        raise ValueError("is no route such as: service=airflow severity>=high -> data-oncall")
    return Route(tuple(_condition(one["name"], one["sign"], one["value"]) for one in found if one), room)


def _condition(name: str, sign: str, value: str) -> Condition:
    if name == "severity" and value not in _ORDER:
        raise ValueError(f"names no severity: say {', '.join(_ORDER)}")
    if sign == ">=" and name != "severity":
        raise ValueError("compares with >= what only = can compare: a severity has an order, nothing else")
    return Condition(name, sign, value)


def _said(incident: Incident, name: str) -> str:
    own = {
        "service": incident.signal.service,
        "severity": str(incident.severity),
        "environment": incident.environment,
        "pattern": incident.signal.pattern,
    }
    return own.get(name) or incident.identifiers.get(name, "")
