"""What is wanted of a database: which server, with which parameters, and what a person is told of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from adapters.targets.parameters import wrong
from engine.errors import Refused
from engine.model import ActionSpec, Parameter, Risk

MOST_TIMES = 4
"""An increase to more than so many times the present number is taken for a slip of the hand."""

Name = Annotated[str, StringConstraints(pattern=r"^[\w.$@+-][\w.$@+ -]*$", max_length=64)]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]+$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Number = Annotated[int, Field(ge=1, le=100_000)]
OptionalNumber = Annotated[Number | None, BeforeValidator(lambda given: given or None)]

HOST = Parameter("database_host", "Database host", required=False)
PORT = Parameter("database_port", "Port", kind="integer", required=False)
FROM = Parameter("from", "Is now", kind="integer", required=False)
TO = Parameter("to", "Shall be", kind="integer", required=False)


class Where(BaseModel):
    """The server that parameters name, if they name one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_host: Host = ""
    database_port: Port | None = None

    @property
    def server(self) -> str:
        """As a comment behind a request, where people read which server it goes to."""
        port = f":{self.database_port}" if self.database_port else ""
        return f" -- on {self.database_host or 'the only server'}{port}"

    @property
    def scope(self) -> str:
        """The database that must lie inside the fence; ``*`` is the server as a whole, empty: each session's own."""
        return "*"


class Increase(Where):
    """Of a number; without ``to`` the target says what it becomes. ``present`` is what a person takes it to be."""

    command: ClassVar[str] = ""
    otherwise: ClassVar[str] = "half as many again as now"

    present: OptionalNumber = Field(default=None, alias="from")
    to: OptionalNumber = None

    def statement(self, to: object) -> str:
        return f"{self.command} = {to}"

    def wanted(self, now: int, otherwise: int) -> int:
        """Raises Refused if that is no increase, or one out of all proportion."""
        to = self.to or otherwise
        if self.present not in (None, now):
            raise Refused(f"It is {now} now, not {self.present}.")
        if to <= now:
            raise Refused(f"It is {now} now, so {to} is no increase.")
        if to > MOST_TIMES * now:
            raise Refused(f"{to} is more than {MOST_TIMES} times the present {now}.")
        return to

    def __str__(self) -> str:
        now = f", which is {self.present}" if self.present else ""
        return f"{self.statement(self.to or f'<{self.otherwise}>')};{self.server}{now}"


M = TypeVar("M", bound=BaseModel)


def parsed(model: type[M], parameters: Mapping[str, str]) -> M:
    """Raises Refused, and says which parameter is not what it must be; it may come from a hostile log line."""
    try:
        return model.model_validate({name: value for name, value in parameters.items() if value})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])[:80]
        said = "is not given" if first["type"] == "missing" else f"cannot be {ascii(first['input'])[:80]}"
        raise Refused(f"{name} {said}.") from None


def among(model: type[BaseModel], identifiers: Mapping[str, str]) -> dict[str, str]:
    """Those identifiers that this model knows; the others are none of its business."""
    known = {field.alias or name for name, field in model.model_fields.items()}
    return {name: value for name, value in identifiers.items() if name in known}


def spec(  # noqa: PLR0913 - an action has that many sides
    name: str,
    model: type[Where],
    *parameters: Parameter,
    risk: Risk,
    effect: str,
    undo: str,
    repeat: str,
    within: timedelta = timedelta(minutes=2),
) -> ActionSpec:
    """An action whose model checks its parameters, and is shown as the exact request."""

    def request(given: Mapping[str, str]) -> str:
        try:
            return str(parsed(model, given))
        except Refused as error:
            return f"No request can be made of this: {error}"

    def mistaken(given: Mapping[str, str]) -> Mapping[str, str]:
        found = check(given)
        if found or not issubclass(model, Increase):
            return found
        return {"to": "is no increase"} if _shrinks(parsed(model, given)) else {}

    check, named = wrong(model), (HOST.name, PORT.name)
    return ActionSpec(name, parameters, risk, effect, undo, request, within, mistaken, object=named, repeat=repeat)


def _shrinks(wanted: Increase) -> bool:
    return wanted.present is not None and wanted.to is not None and wanted.to <= wanted.present
