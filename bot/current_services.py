"""The catalogue of services while the program runs: a changed file is read again, a broken one changes nothing."""

from __future__ import annotations

from collections import UserList

from bot.log import get_logger
from bot.people import owned
from bot.service_catalogue import read, written
from engine.errors import OnCallError
from engine.ports import People
from engine.services import Service, Services

log = get_logger("services")


class CurrentServices:
    """``services`` are at any time those of the last good file, with owners who can be woken."""

    def __init__(self, path: str, people: People) -> None:
        self._path = path
        self._people = people
        self._text = ""
        self._all: UserList[Service] = UserList()
        self._trouble = ""
        self.services = Services(self._all)

    async def read(self) -> None:
        """Read the file if it has changed. Raises Misconfigured with all that is wrong in it, Unreachable."""
        text = written(self._path)
        if text == self._text:
            return
        self._all.data = [*(await owned(self._people, read(text, self._path))).all]
        self._text = text
        log.info("the catalogue of services was read", services=len(self._all))

    async def look(self) -> None:
        """Read the file if it has changed. What is wrong is logged once, and told by ``facts`` until it is right."""
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
