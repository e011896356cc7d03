"""What can be done to Airflow, and the exact request for each. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from adapters.targets.parameters import wrong
from engine.errors import Refused
from engine.model import ActionSpec, Parameter, Risk

HOLDS_DRY_RUN_FALSE = {"dry_run": False}
"""Without it Airflow answers 200 and does nothing."""

A_RUN_MAY_TAKE = timedelta(hours=1)


def _no_path(name: str) -> str:
    """A dot segment or ``~`` (Airflow's word for 'all') would reach more than the one thing that was named."""
    if not name.strip(".~"):
        raise ValueError("not a name")
    return name


# Airflow's own rules (airflow.utils.helpers.validate_key, [scheduler] allowed_run_id_pattern). No slash can pass:
# Airflow's web server decodes %2F before it looks for the endpoint, so encoding alone would not be enough.
Name = Annotated[str, StringConstraints(pattern=r"^[\w.-]+$", max_length=250), AfterValidator(_no_path)]
RunId = Annotated[str, StringConstraints(pattern=r"^[\w.~:+@=,-]+$", max_length=250), AfterValidator(_no_path)]
MapIndex = Annotated[int, BeforeValidator(lambda given: -1 if given == "" else given), Field(ge=-1, le=1_000_000)]


class Where(BaseModel):
    """The place in Airflow that identifiers or parameters name; other identifiers are none of our business."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    dag_id: Name
    dag_run_id: RunId | None = None
    task_id: Name | None = None
    map_index: MapIndex = -1

    @property
    def dag(self) -> str:
        return f"/api/v2/dags/{quote(self.dag_id, safe='')}"

    @property
    def run(self) -> str:
        return f"{self.dag}/dagRuns/{quote(self.dag_run_id or '', safe='')}"

    @property
    def task(self) -> str:
        return f"{self.run}/taskInstances/{quote(self.task_id or '', safe='')}/{self.map_index}"


def where(names: Mapping[str, str]) -> Where:
    """Raises Refused if a name is none that Airflow allows; it may come from a hostile log line."""
    try:
        return Where.model_validate({name: value for name, value in names.items() if value})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name, value = ".".join(str(part) for part in first["loc"]), repr(first["input"])[:80]
        said = "is not given" if first["type"] == "missing" else f"is {value}, which Airflow does not allow"
        raise Refused(f"{name} {said}.") from None


@dataclass(frozen=True, slots=True)
class Call:
    """One request that changes something. ``right`` is what the signed-in user must be allowed to do."""

    method: str
    path: str
    body: Mapping[str, Any]
    right: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}\n{json.dumps(self.body)}"


def restart(at: Where, _action_id: str) -> Call:
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
    return Call("POST", f"{at.dag}/clearTaskInstances", body, f"edit the task instances of DAG {at.dag_id}")


def clear_run(at: Where, _action_id: str) -> Call:
    body = {**HOLDS_DRY_RUN_FALSE, "only_failed": True}
    return Call("POST", f"{at.run}/clear", body, f"edit the runs of DAG {at.dag_id}")


def trigger(at: Where, action_id: str) -> Call:
    """The run's name is made from the action's: Airflow refuses a second run of that name, so it cannot run twice."""
    body = {"dag_run_id": triggered_run(action_id), "logical_date": None}
    return Call("POST", f"{at.dag}/dagRuns", body, f"start runs of DAG {at.dag_id}")


def triggered_run(action_id: str) -> str:
    return f"oncall__{action_id}"


def pause(at: Where, _action_id: str) -> Call:
    return _paused(at, paused=True)


def unpause(at: Where, _action_id: str) -> Call:
    return _paused(at, paused=False)


def _paused(at: Where, *, paused: bool) -> Call:
    return Call("PATCH", f"{at.dag}?update_mask=is_paused", {"is_paused": paused}, f"edit DAG {at.dag_id}")


def stop(at: Where, _action_id: str) -> Call:
    return Call("PATCH", at.task, {"new_state": "failed"}, f"edit the task instances of DAG {at.dag_id}")


CALLS: Mapping[str, Callable[[Where, str], Call]] = {
    "restart_dag_task": restart,
    "clear_dag_run": clear_run,
    "trigger_dag": trigger,
    "pause_dag": pause,
    "unpause_dag": unpause,
    "stop_dag_task": stop,
}

_DAG = Parameter("dag_id", "DAG")
_RUN = Parameter("dag_run_id", "DAG run")
_TASK = Parameter("task_id", "Task")
_MAP_INDEX = Parameter("map_index", "Map index (-1: not mapped)", kind="integer", required=False, default="-1")


def place(name: str, parameters: Mapping[str, str]) -> Where:
    """Raises Refused if there is no such action, or its parameters are not exactly those of the catalogue."""
    if name not in CATALOGUE:
        raise Refused(f"Airflow has no action {name[:80]!r}.")
    known = {parameter.name: parameter for parameter in CATALOGUE[name].parameters}
    for parameter in known.values():
        if parameter.required and not parameters.get(parameter.name):
            raise Refused(f"{parameter.name} is not given.")
    if strange := parameters.keys() - known.keys():
        raise Refused(f"{name} has no parameter {min(strange)[:80]!r}.")
    return where(parameters)


def call(name: str, parameters: Mapping[str, str], action_id: str) -> Call:
    """Raises Refused, as ``place`` does."""
    at = place(name, parameters)
    return CALLS[name](at, action_id)


def _request(name: str) -> Callable[[Mapping[str, str]], str]:
    def request(parameters: Mapping[str, str]) -> str:
        try:
            return str(call(name, parameters, "{this action}"))
        except Refused as error:
            return f"No request can be made of this: {error}"

    return request


def _spec(
    name: str, *parameters: Parameter, risk: Risk, effect: str, undo: str, within: timedelta = A_RUN_MAY_TAKE
) -> ActionSpec:
    return ActionSpec(name, parameters, risk, effect, undo, _request(name), within, wrong(Where))


CATALOGUE: Mapping[str, ActionSpec] = {
    spec.name: spec
    for spec in (
        _spec(
            "restart_dag_task", _DAG, _RUN, _TASK, _MAP_INDEX,
            risk=Risk.LOW,
            effect="Clears task {task_id} of run {dag_run_id} of DAG {dag_id}, and the tasks after it that failed with "
            "it, so that Airflow runs them again",
            undo="Stop task {task_id}; what it has written by then stays",
        ),
        _spec(
            "clear_dag_run", _DAG, _RUN,
            risk=Risk.MEDIUM,
            effect="Clears all failed tasks of run {dag_run_id} of DAG {dag_id}, so that Airflow runs them again",
            undo="Stop its tasks; what they have written by then stays",
        ),
        _spec(
            "trigger_dag", _DAG,
            risk=Risk.MEDIUM,
            effect="Starts a new run of DAG {dag_id}",
            undo="Stop the tasks of the new run; what they have written by then stays",
        ),
        _spec(
            "pause_dag", _DAG,
            risk=Risk.MEDIUM,
            effect="Pauses DAG {dag_id}: no task of it starts until it is unpaused",
            undo="Unpause DAG {dag_id}",
            within=timedelta(minutes=2),
        ),
        _spec(
            "unpause_dag", _DAG,
            risk=Risk.MEDIUM,
            effect="Unpauses DAG {dag_id}: its schedule starts runs again, also one that is overdue",
            undo="Pause DAG {dag_id}",
            within=timedelta(minutes=2),
        ),
        _spec(
            "stop_dag_task", _DAG, _RUN, _TASK, _MAP_INDEX,
            risk=Risk.HIGH,
            effect="Stops task {task_id} of run {dag_run_id} of DAG {dag_id} and marks it as failed",
            undo="Restart task {task_id}; it begins from the start",
            within=timedelta(minutes=2),
        ),
    )
}  # fmt: skip
