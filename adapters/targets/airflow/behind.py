"""What is behind a run or a task that did not succeed: the tasks that really failed, by the DAG's own order. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from adapters.targets.airflow.found import Found, Run, Task

MOST_NAMED = 5


class Planned(BaseModel):
    """A task as its DAG has it, whatever became of it in a run."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    task_id: str
    downstream_task_ids: tuple[str, ...] | None = None


class Plan(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    tasks: tuple[Planned, ...]


class Pool(BaseModel):
    """Tasks that share a pool wait until one of its slots is open. ``slots`` is -1 where there is no end of them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    slots: int
    open_slots: int

    @property
    def full(self) -> bool:
        return self.slots >= 0 and self.open_slots <= 0


def before(plan: Plan, task_id: str) -> frozenset[str]:
    """Every task that this one waits for, directly or by way of others."""
    waits_for = {
        one.task_id: {other.task_id for other in plan.tasks if one.task_id in (other.downstream_task_ids or ())}
        for one in plan.tasks
    }
    found: set[str] = set()
    left = [task_id]
    while left:
        fresh = waits_for.get(left.pop(), set()) - found
        found |= fresh
        left += fresh
    return frozenset(found)


def names(failed: Sequence[Task]) -> Mapping[str, str]:
    """The one task instance that is to blame; of several none is named, since any may be meant."""
    if len(failed) != 1:
        return {}
    task = failed[0]
    return {"task_id": task.task_id, "map_index": str(task.map_index), "try_number": str(task.try_number)}


def told(found: Found, failed: Sequence[Task]) -> str:
    """A sentence with a space before it; nothing where nothing is known."""
    said = list(dict.fromkeys(task.task_id for task in failed))
    listed = ", ".join(said[:MOST_NAMED]) + (" and others" if said[MOST_NAMED:] else "")
    match found:
        case Task() if failed:
            return f" It was not run, since what it waits for has failed: {listed}."
        case Run() if failed:
            return f" What failed in it: {listed}."
        case _:
            return ""
