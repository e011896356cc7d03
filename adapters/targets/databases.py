"""The shape of every target that is a database: its four verbs, around what each kind of server can do itself."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from adapters.targets.kept_open import KeptOpen
from adapters.targets.place import Fence, Place, pick, place
from adapters.targets.sessions import Seen
from adapters.targets.wanted import Where, parsed
from engine.errors import NotFound, OnCallError, Refused, Unreachable
from engine.model import Action, ActionSpec, Evidence, Judgement, Outcome, Result, Verdict, titled
from engine.ports import Target

State = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """``urls``: scheme://user:password@host:port/database, one a server, as its clients name it in their logs.

    ``may_act_on``: ``host:port/database`` with ``*`` for anything; see ``Fence``. ``timeout_seconds`` is for one call.
    """

    urls: tuple[str, ...] = field(repr=False)
    may_act_on: tuple[str, ...] = ()
    timeout_seconds: float = 10


S = TypeVar("S", bound=KeptOpen[Any])


class Databases(Target, Generic[S]):
    """Servers of one kind. ``port`` is the usual one, ``models`` are the parameters of its ``actions``."""

    dry_run = False
    port: ClassVar[int]
    models: ClassVar[Mapping[str, type[Where]]]
    actions: ClassVar[Mapping[str, ActionSpec]]

    def __init__(self, settings: DatabaseSettings) -> None:
        """Raises Misconfigured."""
        self._urls = f"{self.name.upper()}_URLS"
        places = {place(url, self._urls, self.port): url for url in settings.urls}
        self._servers = {at: self._server(url, at, settings.timeout_seconds) for at, url in places.items()}
        self._fence = Fence(f"{self.name.upper()}_MAY_ACT_ON", settings.may_act_on)
        self._told: set[str] = set()
        """The actions that were taken."""

    @abstractmethod
    def _server(self, url: str, at: Place, timeout: float) -> S: ...

    @abstractmethod
    def _meant(self, identifiers: Mapping[str, str]) -> tuple[type[Where], dict[str, str]]:
        """Whose state these names ask for, and those of them that it knows."""

    @abstractmethod
    async def _see(self, server: S, connection: Any, wanted: Where) -> Seen[Any]:
        """What there is before an action. Raises Refused, NotFound, Unreachable."""

    @abstractmethod
    async def _do(self, server: S, connection: Any, wanted: Where, approved: State) -> Outcome:
        """Once, if things are as they were seen. Raises OnCallError as long as nothing has happened."""

    @abstractmethod
    async def _judge(self, server: S, connection: Any, wanted: Where, approved: State, *, told: bool) -> Verdict:
        """``told``: the server has said that it took the action. Raises Unreachable."""

    @abstractmethod
    async def _rights(self, server: S) -> str:
        """One sentence. Raises Misconfigured with the right that is missing, Unreachable."""

    async def open(self) -> None:
        """Take the seats that will be kept. A server that does not answer is tried again when it is needed."""
        for server in self._servers.values():
            with suppress(Unreachable):
                async with server.session():
                    pass

    async def close(self) -> None:
        for server in self._servers.values():
            server.close()

    def catalogue(self) -> Mapping[str, ActionSpec]:
        return self.actions

    async def look(self, identifiers: Mapping[str, str]) -> Evidence:
        """At the sessions or the setting that an action with these parameters is about. Raises Unreachable."""
        try:
            model, names = self._meant(identifiers)
            wanted = parsed(model, names)
            server = pick(self._servers, wanted, self._urls)
            async with server.session() as connection:
                found = await self._see(server, connection, wanted)
        except (Refused, NotFound) as error:
            return Evidence(self.name, f"{titled(self.name)} was not looked at: {error}")
        why = found.behind
        return Evidence(self.name, found.summary, found.state, found.healthy, why.names, why.cause, why.shows)

    async def act(self, action: Action) -> Outcome:
        """Raises nothing: where the answer was lost it is UNKNOWN, all else is known not to have happened."""
        try:
            wanted = self._wanted(action)
            server = pick(self._servers, wanted, self._urls)
            if wanted.scope:
                self._fence.refuse(server.place, wanted.scope)
            async with server.session() as connection:
                outcome = await self._do(server, connection, wanted, action.seen)
        except OnCallError as error:
            return Outcome(Result.FAILED, f"{error} Nothing was done.")
        if outcome.result is Result.DONE:
            self._told.add(action.id)
        return outcome

    async def verify(self, action: Action) -> Verdict:
        """By the very sessions, or the setting, that were seen before. Raises Unreachable."""
        try:
            wanted = self._wanted(action)
            if "server" not in action.seen:
                return Verdict(Judgement.UNKNOWN, "It was not seen before, so nothing can be compared.")
            server = pick(self._servers, wanted, self._urls)
        except (Refused, NotFound) as error:
            return Verdict(Judgement.UNKNOWN, str(error))
        async with server.session() as connection:
            return await self._judge(server, connection, wanted, action.seen, told=action.id in self._told)

    async def check(self) -> str:
        """A sentence a server: what may be done there, and with which right too many. Raises OnCallError."""
        return "; ".join([await self._rights(server) for server in self._servers.values()])

    def _wanted(self, action: Action) -> Where:
        """Raises Refused if there is no such action, or its parameters are not exactly those of the catalogue."""
        if action.name not in self.models:
            raise Refused(f"{titled(self.name)} has no action {action.name[:80]!r}.")
        return parsed(self.models[action.name], action.parameters)
