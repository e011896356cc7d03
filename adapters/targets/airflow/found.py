"""What Airflow shows, in its own words and in ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, assert_never
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict

ACTIVE = frozenset(
    {"none", "scheduled", "queued", "running", "restarting", "deferred", "up_for_retry", "up_for_reschedule"}
)
"""States from which a task or run goes on by itself. Airflow shows 'none' as null."""

MOVING = urlencode({"state": sorted(ACTIVE - {"none"}), "limit": 1}, doseq=True)
"""Asks for the tasks that keep their run from ending. One in no state waits for the scheduler, as the run does."""

BROKEN = frozenset({"failed", "upstream_failed"})
"""States that a clear with ``only_failed`` takes."""


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Dag(_Shown):
    dag_id: str
    is_paused: bool


class Run(_Shown):
    dag_id: str
    dag_run_id: str
    state: str
    end_date: datetime | None = None

    @property
    def ended(self) -> str:
        return self.end_date.isoformat() if self.end_date else ""


class Task(_Shown):
    """A task instance. Its ``id`` is not here: a clear gives it another, so only these names stay true."""

    dag_id: str
    dag_run_id: str
    task_id: str
    map_index: int
    try_number: int
    max_tries: int = 0
    state: str | None = None
    end_date: datetime | None = None
    pool: str | None = None

    @property
    def status(self) -> str:
        return self.state or "none"


class Tasks(_Shown):
    task_instances: tuple[Task, ...]
    total_entries: int

    @property
    def complete(self) -> bool:
        return self.total_entries <= len(self.task_instances)


class Part(_Shown):
    """Of Airflow itself."""

    status: str | None


class Health(_Shown):
    metadatabase: Part
    scheduler: Part
    dag_processor: Part

    def ill(self, *, processor_apart: bool) -> str:
        """The first part that is not healthy. Airflow 2's scheduler may process DAGs itself, and then shows null."""
        for name in type(self).model_fields:
            status = getattr(self, name).status
            if status != "healthy" and (status or name != "dag_processor" or processor_apart):
                return name
        return ""


class Dags(_Shown):
    total_entries: int


class Version(_Shown):
    version: str


@dataclass(frozen=True, slots=True)
class Gone:
    """Airflow says that there is no such thing; or, not ``for_certain``, that it was not named exactly."""

    words: str
    for_certain: bool = True


Found: TypeAlias = Dag | Run | Task | Gone


def state(found: Found) -> Mapping[str, str]:
    """What an approval is bound to. An end time tells a run that failed again from one that nobody has touched."""
    match found:
        case Task():
            return {"state": found.status, "try_number": str(found.try_number)}
        case Run():
            return {"run_state": found.state, "run_ended": found.ended}
        case Dag():
            return {"is_paused": "yes" if found.is_paused else "no"}
        case Gone():
            return {"exists": "no"} if found.for_certain else {}
        case _:
            assert_never(found)


def unscheduled(found: Found) -> bool:
    """Is it a task that only the scheduler can set in motion?"""
    return isinstance(found, Task) and found.status == "none"


def healthy(found: Found) -> bool | None:
    """A success is well, even where an earlier try was what failed; what goes on by itself is not decided yet."""
    if not isinstance(found, Task | Run):
        return None
    status = found.status if isinstance(found, Task) else found.state
    return True if status == "success" else False if status in BROKEN else None


def sentence(found: Found) -> str:
    match found:
        case Task():
            part = f", part {found.map_index}," if found.map_index >= 0 else ""
            tries = f"try {found.try_number} of {max(found.max_tries + 1, found.try_number)}"
            name = f"Task {found.task_id}{part} of run {found.dag_run_id} of DAG {found.dag_id}"
            return f"{name}: {_plain(found.status)}, {tries}{_ended(found.end_date, found.status)}"
        case Run():
            name = f"Run {found.dag_run_id} of DAG {found.dag_id}"
            return f"{name}: {_plain(found.state)}{_ended(found.end_date, found.state)}"
        case Dag():
            return f"DAG {found.dag_id} is {'paused' if found.is_paused else 'not paused'}"
        case Gone():
            return f"Airflow says: {found.words}"
        case _:
            assert_never(found)


def _plain(status: str) -> str:
    return "waiting to be scheduled" if status == "none" else status.replace("_", " ")


def _ended(at: datetime | None, status: str) -> str:
    """A cleared task keeps the end of its last try; it says nothing about the one to come."""
    return f", ended {at:%d %b %H:%M} UTC" if at and status not in ACTIVE else ""
