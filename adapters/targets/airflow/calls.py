"""The exact request for each action, as Airflow 3 (/api/v2) and Airflow 2 (/api/v1) want it. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.targets.airflow.where import Where
from engine.errors import Refused

HOLDS_DRY_RUN_FALSE = {"dry_run": False}
"""Without it Airflow answers 200 and does nothing."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request that changes something. ``right`` is what the signed-in user must be allowed to do."""

    method: str
    path: str
    body: Mapping[str, Any]
    right: str
    api: str = "/api/v2"

    def __str__(self) -> str:
        return f"{self.method} {self.api}{self.path}\n{json.dumps(self.body)}"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one generation of Airflow is spoken to. ``basic``: each request carries the password, and nobody signs in."""

    api: str
    name: str
    health: str
    basic: bool
    calls: Mapping[str, Callable[[Where, str], Call]]
    task: Callable[[Where], str]


def triggered_run(action_id: str) -> str:
    return f"oncall__{action_id}"


def _tasks(at: Where) -> str:
    return f"edit the task instances of DAG {at.dag_id}"


def _restart(at: Where, _action_id: str) -> Call:
    """``only_failed`` also for a task that died while Airflow shows it running: it may be alive after all, and a
    clear would kill it. Airflow itself marks a dead one as failed ([scheduler] task_instance_heartbeat_timeout)."""
    body = {
        **HOLDS_DRY_RUN_FALSE,
        "dag_run_id": at.dag_run_id,
        "task_ids": [[at.task_id, at.map_index]],
        "only_failed": True,
        "include_downstream": True,  # what failed only because this one did would else stay failed
        "reset_dag_runs": True,
    }
    return Call("POST", f"{at.dag}/clearTaskInstances", body, _tasks(at))


def _clear_run(at: Where, _action_id: str) -> Call:
    body = {**HOLDS_DRY_RUN_FALSE, "only_failed": True}
    return Call("POST", f"{at.run}/clear", body, f"edit the runs of DAG {at.dag_id}")


def _trigger(at: Where, action_id: str) -> Call:
    """The run's name is made from the action's: Airflow refuses a second run of that name, so it cannot run twice."""
    body = {"dag_run_id": triggered_run(action_id), "logical_date": None}
    return Call("POST", f"{at.dag}/dagRuns", body, f"start runs of DAG {at.dag_id}")


def _pause(at: Where, _action_id: str) -> Call:
    return _paused(at, paused=True)


def _unpause(at: Where, _action_id: str) -> Call:
    return _paused(at, paused=False)


def _paused(at: Where, *, paused: bool) -> Call:
    return Call("PATCH", f"{at.dag}?update_mask=is_paused", {"is_paused": paused}, f"edit DAG {at.dag_id}")


def _part(at: Where) -> str:
    """Airflow 3 takes -1 for the part of a task that is not mapped."""
    return f"{at.task}/{at.map_index}"


def _stop(at: Where, _action_id: str) -> Call:
    return Call("PATCH", _part(at), {"new_state": "failed"}, _tasks(at))


AIRFLOW_3 = Dialect(
    api="/api/v2",
    name="Airflow 3",
    health="/monitor/health",
    basic=False,
    calls={
        "restart_dag_task": _restart,
        "clear_dag_run": _clear_run,
        "trigger_dag": _trigger,
        "pause_dag": _pause,
        "unpause_dag": _unpause,
        "stop_dag_task": _stop,
    },
    task=_part,
)


def _v1(method: str, path: str, body: Mapping[str, Any], right: str) -> Call:
    return Call(method, path, body, right, "/api/v1")


def _restart_v1(at: Where, _action_id: str) -> Call:
    """Raises Refused for one part of a mapped task: Airflow 2 takes names of tasks only, so all parts would run."""
    if at.map_index >= 0:
        raise Refused(f"Airflow 2 cannot run part {at.map_index} of a task again without all its other failed parts.")
    return _clear_v1(at, {"task_ids": [at.task_id], "include_downstream": True})


def _clear_run_v1(at: Where, _action_id: str) -> Call:
    """Its own endpoint for clearing a run would also run again what has succeeded."""
    return _clear_v1(at, {})


def _clear_v1(at: Where, what: Mapping[str, Any]) -> Call:
    body = {**HOLDS_DRY_RUN_FALSE, "dag_run_id": at.dag_run_id, **what, "only_failed": True, "reset_dag_runs": True}
    return _v1("POST", f"{at.dag}/clearTaskInstances", body, _tasks(at))


def _trigger_v1(at: Where, action_id: str) -> Call:
    return _v1("POST", f"{at.dag}/dagRuns", {"dag_run_id": triggered_run(action_id)}, f"start runs of DAG {at.dag_id}")


def _pause_v1(at: Where, _action_id: str) -> Call:
    call = _paused(at, paused=True)
    return _v1(call.method, call.path, call.body, call.right)


def _unpause_v1(at: Where, _action_id: str) -> Call:
    call = _paused(at, paused=False)
    return _v1(call.method, call.path, call.body, call.right)


def _part_v1(at: Where) -> str:
    """Airflow 2 knows no -1: what is not mapped has no parts."""
    return at.task if at.map_index < 0 else f"{at.task}/{at.map_index}"


def _stop_v1(at: Where, _action_id: str) -> Call:
    return _v1("PATCH", _part_v1(at), {**HOLDS_DRY_RUN_FALSE, "new_state": "failed"}, _tasks(at))


AIRFLOW_2 = Dialect(
    api="/api/v1",
    name="Airflow 2",
    health="/health",
    basic=True,
    calls={
        "restart_dag_task": _restart_v1,
        "clear_dag_run": _clear_run_v1,
        "trigger_dag": _trigger_v1,
        "pause_dag": _pause_v1,
        "unpause_dag": _unpause_v1,
        "stop_dag_task": _stop_v1,
    },
    task=_part_v1,
)
