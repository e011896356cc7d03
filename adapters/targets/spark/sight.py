"""Finds an application's submission, and the submission that an action made, in what the master and the logs show.

The master itself links none of them. A driver's log does: its first line, the worker's, holds the properties it was
started with; a later one, the driver's, the application that it registered as. So nothing is matched by name or time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from pydantic import ValidationError

from adapters.targets.spark import kept
from adapters.targets.spark.causes import Cause, cause, told_by_log
from adapters.targets.spark.client import Client, Reply
from adapters.targets.spark.found import Found, Gone, Job, Loose
from adapters.targets.spark.shown import Driver, Master, Traced, steady_for, traced
from engine.errors import Unreachable

DRIVERS = 30
"""Submissions whose logs are read at most to find one; a log that has told is not read again."""

Seen = Mapping[str, str]


class Sight:
    def __init__(self, client: Client, requests: str) -> None:
        self._client = client
        self._requests = requests
        self._traced: dict[str, Traced] = {}

    async def master(self) -> Master:
        """Everything at one moment. Raises Unreachable, also from a master that stands by and so knows nothing."""
        reply = await self._client.master()
        try:
            master = Master.model_validate(reply.body if reply.ok else None)
        except ValidationError:
            raise unreadable(self._client.place, reply, self._client.right(reply)) from None
        if master.status != "ALIVE":
            raise Unreachable(f"The Spark master at {self._client.place} does not lead: it is {master.status[:20]}.")
        self._traced = {id: about for id, about in self._traced.items() if master.driver(id)}
        return master

    async def find(self, id: str, master: Master) -> Found:
        """By the name of an application or of a submission. Raises nothing."""
        if (driver := master.driver(id)) is not None:
            return await self._job(master, driver, await self._trace(master, driver))
        if (app := master.app(id)) is None:
            return Gone(id)
        earlier = [driver for driver in master.drivers if driver.starttime <= app.starttime]
        for driver, about in await self._trace_all(master, earlier[:DRIVERS]):
            if about.app_id == app.id:
                return await self._job(master, driver, about)
        return Loose(app, master.after(app))

    async def made_by(self, action_id: str, master: Master, seen: Seen) -> Driver | None:
        """The newest submission with this action's mark: a supervised one is relaunched under another name."""
        for driver, about in await self._trace_all(master, _since(master, seen)):
            if about.action == action_id:
                return driver
        return None

    async def steady(self, master: Master, driver: Driver) -> str:
        """Why one that has not ended is well: it has run for as long as its request calls steady. Else nothing."""
        return steady_for(master, await self._trace(master, driver))

    def untold(self, master: Master, seen: Seen) -> bool:
        """A submission newer than the one seen has no log yet, so whose it is cannot be known."""
        return any(driver.alive and driver.id not in self._traced for driver in _since(master, seen))

    async def why(self, found: Found, master: Master) -> Cause | None:
        """What is behind its failure. Raises nothing."""
        driver = told_by_log(found)
        return (
            cause(found, master, await self._client.log_of(master.page_of(driver), driver.id, end=True))
            if driver
            else None
        )

    async def _job(self, master: Master, driver: Driver, about: Traced) -> Job:
        app = master.app(about.app_id)
        name = app.name if app else about.name
        ids = [driver.id, *([app.id] if app else [])]
        request = await asyncio.to_thread(kept.find, self._requests, ids, name)
        return Job(driver, app, name, master.after(app), request)

    async def _trace_all(self, master: Master, drivers: Sequence[Driver]) -> Sequence[tuple[Driver, Traced]]:
        """All at once: workers that do not answer must not add up to minutes."""
        traces = await asyncio.gather(*(self._trace(master, driver) for driver in drivers))
        return list(zip(drivers, traces, strict=True))

    async def _trace(self, master: Master, driver: Driver) -> Traced:
        """What its log says; read again until its application stands there, which takes it some seconds."""
        known = self._traced.get(driver.id)
        if known is None or (not known.app_id and driver.alive):
            known = traced(await self._client.log_of(master.page_of(driver), driver.id))
            if known != Traced():
                self._traced[driver.id] = known
        return known


def unreadable(place: str, reply: Reply, right: str) -> Unreachable:
    if reply.forbidden:
        return Unreachable(f"Spark at {place} forbids it: {right}", temporary=False)
    words = "something that a Spark master does not say: check the url" if reply.ok else reply.words
    return Unreachable(f"{place} answered: {words}.", temporary=reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR)


def _since(master: Master, seen: Seen) -> list[Driver]:
    """Submissions after the one that was seen, newest first; none where that one is forgotten."""
    old = master.driver(seen.get("submission", ""))
    return [driver for driver in master.drivers if old and driver.starttime > old.starttime][:DRIVERS]
