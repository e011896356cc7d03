"""Whom to wake while the program runs: the owners in the catalogue of services, and those on call for everything.

A changed catalogue is read again, a broken one changes nothing; who gets an account can be woken, whose account is
switched off is not woken any more.
"""

from __future__ import annotations

from collections import UserList
from collections.abc import Sequence

from bot.log import get_logger
from bot.people import owned, wakeable
from bot.service_catalogue import read, unknown_owners, written
from engine.errors import OnCallError
from engine.ports import People
from engine.services import Service, Services

log = get_logger("services")


class Rota:
    """``services`` are at any time those of the last good file, and both they and ``on_call`` name who can be woken.

    ``emails``: of those on call, first to be woken first.
    """

    def __init__(self, path: str, emails: Sequence[str], people: People) -> None:
        self._path = path
        self._emails = emails
        self._people = people
        self._text = ""
        self._written = Services()
        self._all: UserList[Service] = UserList()
        self._strangers: frozenset[str] = frozenset()
        self._trouble = ""
        self.services = Services(self._all)
        self.on_call: UserList[str] = UserList()

    async def read(self) -> None:
        """Read the file if it has changed, and see who has an account. Raises Misconfigured with all that is wrong in
        the file, Unreachable."""
        try:
            self._read()
        finally:
            await self._meet()

    async def look(self) -> None:
        """The same, later. What is wrong is logged once, and told by ``facts`` until it is right."""
        try:
            await self.read()
        except OnCallError as error:
            if str(error) != self._trouble:
                log.warning("the catalogue of services stays as it was", reason=str(error))
            self._trouble = str(error)
        else:
            self._trouble = ""

    def facts(self) -> tuple[tuple[str, str], ...]:
        """What ``status`` shows of it: nothing while all is well."""
        return (("Trouble", f"The services stay as they were. {self._trouble}"),) if self._trouble else ()

    def _read(self) -> None:
        text = written(self._path)
        if text != self._text:
            self._written, self._text = read(text, self._path), text
            log.info("the catalogue of services was read", services=len(self._written.all))

    async def _meet(self) -> None:
        names = wakeable(await self._people.all())
        self._all.data = [*owned(self._written, names).all]
        self.on_call.data = [names[email.lower()] for email in self._emails if email.lower() in names]
        strangers = unknown_owners(self._written, names)
        for owner in strangers.keys() - self._strangers:
            log.warning("an owner has no account and cannot be woken", owner=owner, services=strangers[owner])
        self._strangers = frozenset(strangers)
