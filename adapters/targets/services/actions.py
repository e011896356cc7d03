"""What can be done to a service, and the exact request for each. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from adapters.targets.parameters import wrong
from adapters.targets.services.settings import ServicesSettings
from engine.errors import Refused
from engine.model import ActionSpec, Parameter, Risk

LEAST = 16 * 2**20
"""Bytes of memory below which next to nothing starts."""

_SIZE = re.compile(r"([1-9]\d{0,14})([KMGT]?)(?:i?B)?", re.IGNORECASE)
_POWERS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}


def _whole(unit: str) -> str:
    if "." in unit and unit.rpartition(".")[2] in ("socket", "timer", "target", "mount", "slice", "scope", "device"):
        raise ValueError("is no service")
    if unit.removesuffix(".service").endswith("@"):
        raise ValueError("names a template: say which instance of it")
    return unit


def _memory(text: str) -> str:
    if read(text) < LEAST:
        raise ValueError("is less than 16M, in which nothing starts")
    return text


def read(text: str) -> int:
    """Bytes, as systemd counts: a K is 1024. Raises ValueError."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError("is no size such as 512M or 2G")
    return int(found[1]) << _POWERS[found[2].upper()]


# systemd's own rule for unit names (man systemd.unit) without a leading dash, which a program could take for an option.
UnitName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9:_.@-]*$", max_length=255), AfterValidator(_whole)
]
Memory = Annotated[str, Field(max_length=20), AfterValidator(_memory)]


class Restart(BaseModel):
    """Parameters of ``restart_service``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: UnitName

    @property
    def service(self) -> str:
        """As systemd calls it."""
        return self.unit if self.unit.endswith(".service") else f"{self.unit}.service"

    @property
    def container(self) -> str:
        """As Docker calls it."""
        return self.unit.removesuffix(".service")


class Limit(Restart):
    """Parameters of ``adjust_memory_config``."""

    memory_limit: Memory

    @property
    def bytes(self) -> int:
        return read(self.memory_limit)


MODELS: Mapping[str, type[Restart]] = {"restart_service": Restart, "adjust_memory_config": Limit}


def checked(name: str, parameters: Mapping[str, str]) -> Restart:
    """Raises Refused if there is no such action, or its parameters are not what they must be."""
    if name not in MODELS:
        raise Refused(f"services has no action {name[:80]!r}.")
    try:
        return MODELS[name].model_validate({key: value for key, value in parameters.items() if value})
    except ValidationError as error:
        where, why = next(iter(wrong(MODELS[name])(parameters).items()), ("parameters", str(error.title)))
        raise Refused(f"{name} cannot use {where[:80]}: it {why}.") from None


def _request(name: str) -> Callable[[Mapping[str, str]], str]:
    def request(parameters: Mapping[str, str]) -> str:
        try:
            return _call(checked(name, parameters))
        except Refused as error:
            return f"No request can be made of this: {error}"

    return request


def _call(wanted: Restart) -> str:
    if isinstance(wanted, Limit):
        property = f"[('MemoryMax', <uint64 {wanted.bytes}>)]"
        return f"systemd: SetUnitProperties({wanted.service!r}, runtime=false, {property}) = {wanted.memory_limit}"
    return (
        f"systemd: RestartUnit({wanted.service!r}, 'fail')\n"
        f"or, where systemd has no such unit, Docker: POST /containers/{wanted.container}/restart"
    )


_UNIT = Parameter("unit", "Service")

CATALOGUE: Mapping[str, ActionSpec] = {
    "restart_service": ActionSpec(
        name="restart_service",
        parameters=(_UNIT,),
        risk=Risk.MEDIUM,
        effect="Restarts service {unit}: whoever it serves at that moment is cut off",
        undo="None: what {unit} was doing is lost, and it starts anew",
        request=_request("restart_service"),
        verify_within=timedelta(minutes=5),
        wrong=wrong(Restart),
        object=("unit",),
        timeout=timedelta(seconds=60),
        repeat="It is restarted once more; one that has been started anew since the approval is left alone.",
    ),
    "adjust_memory_config": ActionSpec(
        name="adjust_memory_config",
        parameters=(_UNIT, Parameter("memory_limit", "Memory limit, such as 2G")),
        risk=Risk.MEDIUM,
        effect="Sets the memory limit of unit {unit} to {memory_limit}, at once and for good; it is not restarted",
        undo="Set the memory limit of {unit} from {memory_limit} back to what it was",
        request=_request("adjust_memory_config"),
        verify_within=timedelta(minutes=1),
        wrong=wrong(Limit),
        object=("unit",),
        repeat="The limit is set to the same again, which changes nothing.",
    ),
}


def fenced(settings: ServicesSettings) -> Mapping[str, ActionSpec]:
    """The same actions, and a service that may not be acted on is wrong before anybody is asked."""
    return {name: replace(spec, wrong=_within(settings, spec)) for name, spec in CATALOGUE.items()}


def _within(settings: ServicesSettings, spec: ActionSpec) -> Callable[[Mapping[str, str]], Mapping[str, str]]:
    def check(parameters: Mapping[str, str]) -> Mapping[str, str]:
        unit = parameters.get("unit", "")
        outside = {} if not unit or settings.allows(unit) else {"unit": "is not among SERVICES_ALLOWED"}
        return {**outside, **spec.wrong(parameters)}

    return check
