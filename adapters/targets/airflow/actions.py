"""What can be done to Airflow. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from adapters.targets.airflow.calls import AIRFLOW_3, Call, Dialect
from adapters.targets.airflow.where import Where, where
from adapters.targets.parameters import wrong
from engine.errors import Refused
from engine.model import ActionSpec, Parameter, Risk

A_RUN_MAY_TAKE = timedelta(hours=1)

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


def call(name: str, parameters: Mapping[str, str], action_id: str, dialect: Dialect = AIRFLOW_3) -> Call:
    """Raises Refused, as ``place`` does, or if this Airflow has no request for exactly that."""
    at = place(name, parameters)
    return dialect.calls[name](at, action_id)


def _request(name: str, dialect: Dialect) -> Callable[[Mapping[str, str]], str]:
    def request(parameters: Mapping[str, str]) -> str:
        try:
            return str(call(name, parameters, "{this action}", dialect))
        except Refused as error:
            return f"No request can be made of this: {error}"

    return request


def spoken(dialect: Dialect, covers: Callable[[str], bool]) -> Mapping[str, ActionSpec]:
    """The same actions in another dialect; a DAG that is not covered is wrong before anybody is asked."""
    return {
        name: replace(spec, request=_request(name, dialect), wrong=_within(spec, covers))
        for name, spec in CATALOGUE.items()
    }


def _within(spec: ActionSpec, covers: Callable[[str], bool]) -> Callable[[Mapping[str, str]], Mapping[str, str]]:
    def check(parameters: Mapping[str, str]) -> Mapping[str, str]:
        dag = parameters.get("dag_id", "")
        outside = {} if not dag or covers(dag) else {"dag_id": "is not among AIRFLOW_DAGS"}
        return {**outside, **spec.wrong(parameters)}

    return check


_RUNS_AGAIN = "Airflow does nothing the second time: what runs has not failed."
_AS_BEFORE = "It stays as the first time left it."


def _spec(
    name: str,
    *parameters: Parameter,
    risk: Risk,
    effect: str,
    undo: str,
    within: timedelta = A_RUN_MAY_TAKE,
    repeat: str = _AS_BEFORE,
) -> ActionSpec:
    """Two actions on one run, or of two on a DAG itself, are on one object."""
    object = tuple(one.name for one in parameters if one in (_DAG, _RUN))
    request = _request(name, AIRFLOW_3)
    return ActionSpec(name, parameters, risk, effect, undo, request, within, wrong(Where), object, repeat=repeat)


CATALOGUE: Mapping[str, ActionSpec] = {
    spec.name: spec
    for spec in (
        _spec(
            "restart_dag_task", _DAG, _RUN, _TASK, _MAP_INDEX,
            risk=Risk.LOW,
            effect="Clears task {task_id} of run {dag_run_id} of DAG {dag_id}, and the tasks after it that failed with "
            "it, so that Airflow runs them again",
            undo="Stop task {task_id}; what it has written by then stays",
            repeat=_RUNS_AGAIN,
        ),
        _spec(
            "clear_dag_run", _DAG, _RUN,
            risk=Risk.MEDIUM,
            effect="Clears all failed tasks of run {dag_run_id} of DAG {dag_id}, so that Airflow runs them again",
            undo="Stop its tasks; what they have written by then stays",
            repeat=_RUNS_AGAIN,
        ),
        _spec(
            "trigger_dag", _DAG,
            risk=Risk.MEDIUM,
            effect="Starts a new run of DAG {dag_id}",
            undo="Stop the tasks of the new run; what they have written by then stays",
            repeat="Airflow refuses a second run of that name.",
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
