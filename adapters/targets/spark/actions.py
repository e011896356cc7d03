"""What can be done to Spark, and what each sends. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from adapters.targets.parameters import wrong
from engine.errors import Refused
from engine.model import ActionSpec, Parameter, Risk

AN_APPLICATION_MAY_TAKE = timedelta(hours=2)

SAME, DOUBLE = "same", "double"

# Spark's own look like app-20241201083045-0001 and driver-…; spark.deploy.appIdPattern lets a company make others.
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=120)]
_SIZE = re.compile(r"[1-9][0-9]{0,5}[mgMG]")


def _memory(word: str) -> AfterValidator:
    def check(given: str) -> str:
        if given != word and not _SIZE.fullmatch(given):
            raise ValueError(f"is neither a size such as 8g or 512m nor the word {word}")
        return given

    return AfterValidator(check)


class Asked(BaseModel):
    """Parameters of an action; of those that submit again also ``memory``, in Spark's way (8g, 512m) or as a word."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    application_id: Id
    memory: str = SAME


class Kill(Asked):
    memory: Annotated[str, StringConstraints(pattern="^same$")] = SAME


class Restart(Asked):
    memory: Annotated[str, _memory(SAME)] = SAME


class Increase(Asked):
    memory: Annotated[str, _memory(DOUBLE)] = DOUBLE


MODELS: Mapping[str, type[Asked]] = {
    "restart_spark_app": Restart,
    "increase_executor_memory": Increase,
    "increase_driver_memory": Increase,
    "kill_spark_app": Kill,
}

PROPERTY: Mapping[str, str] = {
    "restart_spark_app": "spark.executor.memory",
    "increase_executor_memory": "spark.executor.memory",
    "increase_driver_memory": "spark.driver.memory",
}
"""The property of Spark that an action's ``memory`` is for."""


def asked(name: str, parameters: Mapping[str, str]) -> Asked:
    """Raises Refused if there is no such action, or its parameters are not what they must be."""
    if name not in MODELS:
        raise Refused(f"Spark has no action {name[:80]!r}.")
    try:
        return MODELS[name].model_validate({key: value for key, value in parameters.items() if value})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key, value = ".".join(str(part) for part in first["loc"])[:80], repr(first["input"])[:80]
        said = "is not given" if first["type"] == "missing" else f"is {value}, which is not allowed there"
        raise Refused(f"{key!r} {said}.") from None


def mebibytes(size: str) -> int:
    return int(size[:-1]) * (1024 if size[-1] in "gG" else 1)


def _request(name: str) -> Callable[[Mapping[str, str]], str]:
    def request(parameters: Mapping[str, str]) -> str:
        try:
            wanted = asked(name, parameters)
        except Refused as error:
            return f"No request can be made of this: {error}"
        kill = f"POST /v1/submissions/kill/<the submission of {wanted.application_id}"
        if name == "kill_spark_app":
            return f"{kill}>"
        body = {"<the request kept for>": wanted.application_id, PROPERTY[name]: wanted.memory}
        return f"{kill}, if it still runs>\nPOST /v1/submissions/create\n{json.dumps(body)}"

    return request


_APPLICATION = Parameter("application_id", "Application or submission")


def _spec(name: str, *parameters: Parameter, risk: Risk, effect: str, undo: str, repeat: str) -> ActionSpec:
    resubmits = name in PROPERTY
    return ActionSpec(
        name,
        (_APPLICATION, *parameters),
        risk,
        effect,
        undo,
        _request(name),
        AN_APPLICATION_MAY_TAKE if resubmits else timedelta(minutes=2),
        wrong(MODELS[name]),
        object=("application_id",),
        timeout=timedelta(minutes=2),
        repeat=repeat,
    )


_STOP_THE_NEW = "Kill the new submission; what it has written by then stays"
_ONCE = "Nothing: the new submission carries this action's id, and is looked for before another is made"

CATALOGUE: Mapping[str, ActionSpec] = {
    spec.name: spec
    for spec in (
        _spec(
            "restart_spark_app",
            Parameter("memory", "Executor memory, such as 8g, or same", required=False, default=SAME),
            risk=Risk.MEDIUM,
            effect="Stops Spark application {application_id} if it still runs, and submits its kept request again "
            "(executor memory: {memory})",
            undo=_STOP_THE_NEW,
            repeat=_ONCE,
        ),
        _spec(
            "increase_executor_memory",
            Parameter("memory", "Executor memory, such as 8g, or double", required=False, default=DOUBLE),
            risk=Risk.MEDIUM,
            effect="Stops Spark application {application_id} if it still runs, and submits its kept request again with "
            "more memory for each executor ({memory})",
            undo=_STOP_THE_NEW,
            repeat=_ONCE,
        ),
        _spec(
            "increase_driver_memory",
            Parameter("memory", "Driver memory, such as 4g, or double", required=False, default=DOUBLE),
            risk=Risk.MEDIUM,
            effect="Stops Spark application {application_id} if it still runs, and submits its kept request again with "
            "more memory for the driver ({memory})",
            undo=_STOP_THE_NEW,
            repeat=_ONCE,
        ),
        _spec(
            "kill_spark_app",
            risk=Risk.HIGH,
            effect="Kills Spark application {application_id}: its work so far is lost, what it has written stays",
            undo="Restart {application_id} from its kept request; it begins from the start",
            repeat="Nothing: Spark answers that it has ended",
        ),
    )
}
