"""A service as systemd or Docker shows it, in their words and in ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, assert_never

NO_LIMIT = 2**64 - 1
"""systemd's ``infinity``, and also its word for a number that it does not know."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A service unit. ``invocation`` is another at each start; sizes are bytes, ``since`` is Unix seconds."""

    name: str
    active: str
    sub: str
    invocation: str
    type: str = "simple"
    result: str = "success"
    restarts: int = 0
    memory_max: int = NO_LIMIT
    memory_current: int = NO_LIMIT
    since: float = 0.0
    job: bool = False

    @property
    def start(self) -> str:
        """systemd may at any time forget the last start of a service that is stopped, so that one has none."""
        return self.invocation if self.active != "inactive" and self.invocation else "none"


@dataclass(frozen=True, slots=True)
class Container:
    """A container. ``started_at`` is another at each start; ``health`` is empty where it has no health check."""

    name: str
    id: str
    status: str
    started_at: str
    exit_code: int = 0
    health: str = ""
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such service."""

    words: str


Found: TypeAlias = Unit | Container | Gone


def state(found: Found) -> Mapping[str, str]:
    """What an approval is bound to: this very start of this very service."""
    match found:
        case Unit():
            # A restart by hand sets the count of systemd's own back, but not while it waits to make the next.
            deaths = {"restarts": str(found.restarts)} if found.sub.startswith("auto-restart") else {}
            return {
                "by": "systemd",
                "active_state": found.active,
                "invocation": found.start,
                "memory_max": size(found.memory_max),
                **deaths,
            }
        case Container():
            return {
                "by": "docker",
                "status": found.status,
                "container_id": found.id,
                "started_at": found.started_at,
            }
        case Gone():
            return {"exists": "no"}
        case _:
            assert_never(found)


def healthy(found: Found) -> bool | None:
    """One that was stopped may have been stopped on purpose, so nobody can say that it is ill."""
    match found:
        case Unit():
            return {"active": True, "failed": False}.get(found.active)
        case Container(status="running"):
            return {"": True, "healthy": True, "unhealthy": False}.get(found.health)
        case Container():
            return False if found.status in ("dead", "restarting") or found.exit_code else None
        case Gone():
            return None
        case _:
            assert_never(found)


def sentence(found: Found) -> str:
    match found:
        case Unit():
            why = "" if found.result == "success" else f", last result: {found.result}"
            again = f", restarted by systemd {found.restarts} times" if found.restarts else ""
            return f"Unit {found.name} is {found.active} ({found.sub}){why}{again}, {_memory(found)}"
        case Container():
            ended = f" with exit code {found.exit_code}" if found.status == "exited" else ""
            health = f", {found.health}" if found.health else ""
            return f"Container {found.name} ({found.id[:12]}) is {found.status}{ended}{health}"
        case Gone():
            return found.words
        case _:
            assert_never(found)


def size(number: int) -> str:
    """Bytes as systemd writes them: 512M, 1.5G is 1536M."""
    if number == NO_LIMIT:
        return "infinity"
    for letter, unit in (("G", 2**30), ("M", 2**20), ("K", 2**10)):
        if number and number % unit == 0:
            return f"{number // unit}{letter}"
    return str(number)


def _memory(unit: Unit) -> str:
    limit = "no memory limit" if unit.memory_max == NO_LIMIT else f"memory limit {size(unit.memory_max)}"
    used = "" if unit.memory_current == NO_LIMIT else f", {unit.memory_current // 2**20}M in use"
    return limit + used
