"""What all databases share: which server an incident means, what may be done there, one session that is kept open."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from adapters.targets.parameters import wrong
from engine.errors import Misconfigured, NotFound, OnCallError, Refused, Unreachable
from engine.model import ActionSpec, Parameter, Risk

LONGEST = 300
"""Characters of a server's own words that are repeated to a person."""

MOST_TIMES = 4
"""An increase to more than so many times the present number is taken for a slip of the hand."""

Name = Annotated[str, StringConstraints(pattern=r"^[\w.$@+-][\w.$@+ -]*$", max_length=64)]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]+$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Number = Annotated[int, Field(ge=1, le=100_000)]
Seconds = Annotated[int, Field(ge=1, le=864_000)]
Most = Annotated[int, Field(ge=1, le=100)]
OptionalNumber = Annotated[Number | None, BeforeValidator(lambda given: given or None)]

HOST = Parameter("database_host", "Database host", required=False)
PORT = Parameter("database_port", "Port", kind="integer", required=False)
DATABASE = Parameter("database_name", "Only of this database", required=False)
USER = Parameter("database_user", "Only of this user", required=False)
FROM = Parameter("from", "Is now", kind="integer", required=False)
TO = Parameter("to", "Shall be", kind="integer", required=False)
MOST = Parameter("most", "At most so many sessions", kind="integer", required=False, default="10")
IDLE = Parameter("idle_seconds", "Idle for so many seconds", kind="integer", required=False, default="300")
RUNNING = Parameter("running_seconds", "Running for so many seconds", kind="integer", required=False, default="300")


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


class Increase(Where):
    """Of a number; without ``to`` the target says what it becomes. ``present`` is what a person takes it to be."""

    present: OptionalNumber = Field(default=None, alias="from")
    to: OptionalNumber = None

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


M = TypeVar("M", bound=BaseModel)
S = TypeVar("S")
C = TypeVar("C")


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


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def place(url: str, setting: str, port: int) -> Place:
    """Raises Misconfigured, without the url: it holds a password."""
    try:
        address = urlsplit(url)
        found = Place(address.hostname or "", address.port or port)
    except ValueError:
        found = Place("", 0)
    if not found.host or "," in found.host:
        raise Misconfigured(
            f"Each address in {setting} must be scheme://user:password@host:port/database, of one host."
        )
    return found


def pick(servers: Mapping[Place, S], where: Where, setting: str) -> S:
    """The server that is named; where none is, the only one. Raises NotFound."""
    host, port = where.database_host.lower(), where.database_port
    fitting = [one for one in servers if host in ("", one.host) and port in (None, one.port)]
    if len(fitting) == 1 and (host or len(servers) == 1):
        return servers[fitting[0]]
    known = ", ".join(map(str, servers))
    if not host:
        raise NotFound(f"Which database server is meant is not known. Connected by {setting}: {known}.")
    asked = f"{host}:{port}" if port else host
    raise NotFound(f"{asked} is not one server of those connected by {setting}: {known}.")


@dataclass(frozen=True, slots=True)
class Fence:
    """What may be acted on: ``host:port/database``, where ``*`` stands for anything. Of nothing, nothing may.

    What changes a whole server or pooler asks for every database of it: ``host:port/*``.
    """

    setting: str
    patterns: Sequence[str] = ()

    def holds(self, at: Place, database: str = "*") -> bool:
        return any(_fits(pattern, f"{at}/{database}") for pattern in self.patterns)

    def refuse(self, at: Place, database: str = "*") -> None:
        """Raises Refused if it lies outside."""
        if not self.holds(at, database):
            what = f"Database {database} at {at}" if database != "*" else f"{at} as a whole"
            raise Refused(f"{what} may not be acted on: {self.setting} does not name {at}/{database}.")


def _fits(pattern: str, name: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), name, re.DOTALL) is not None


class NotSent(Unreachable):
    """The server cannot be reached; what was to be asked has not been."""


class Lost(Unreachable):
    """The server broke off, or did not answer in time; whether it did what it was told is not known."""


class Seat(Generic[C]):
    """One session, used by one at a time and kept open: a server that is full lets nobody in, and us not either.

    ``ping`` finds out whether a kept session still lives; ``drop`` closes at once and raises nothing.
    """

    def __init__(
        self, open_: Callable[[], Awaitable[C]], ping: Callable[[C], Awaitable[object]], drop: Callable[[C], object]
    ) -> None:
        self._open, self._ping, self._drop = open_, ping, drop
        self._kept: C | None = None
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[C]:
        """Raises NotSent. A session that was lost or cancelled is not used again: its next answer might be the last's.

        A refusal, the server's or ours, is no reason to give the seat up.
        """
        async with self._lock:
            session = await self._ready()
            try:
                yield session
            except BaseException as error:
                if isinstance(error, Lost) or not isinstance(error, OnCallError):
                    self.leave()
                raise

    def leave(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            self._drop(kept)

    async def _ready(self) -> C:
        if self._kept is not None:
            try:
                await self._ping(self._kept)
            except Unreachable:
                self.leave()
        if self._kept is None:
            self._kept = await self._open()
        return self._kept


def plain(said: Any, *secrets: str) -> str:
    """A server's words on one line, bounded, printable, and without our secrets."""
    text = str(said)
    for secret in secrets:
        text = text.replace(secret, "***") if len(secret) > 3 else text
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split()).rstrip(".")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
