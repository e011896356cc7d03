"""Works on every incident that waits for the machine, from wherever its events say that it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from engine import act
from engine.desk import Desk
from engine.diagnose import investigate
from engine.model import ActionStatus, Incident, IncidentId, WaitsFor
from engine.rounds import AGAIN_AFTER, Rounds

AT_ONCE = 32
"""Incidents looked at or acted on at the same time; the others wait their turn."""

Trouble = Callable[[IncidentId, Exception], None]


async def advance(desk: Desk, incident: Incident) -> Incident:
    """Do the next thing. A RUNNING action reaches us here only if the program that ran it has died."""
    match incident.action_status:
        case ActionStatus.APPROVED:
            return await act.start(desk, incident)
        case ActionStatus.RUNNING:
            return await act.recover(desk, incident)
        case ActionStatus.VERIFYING:
            return await act.verify(desk, incident)
        case _:
            return await investigate(desk, incident)


class Responder:
    """One task an incident, at most AT_ONCE at work. ``rounds`` is run, and woken after anything was recorded."""

    def __init__(self, desk: Desk, trouble: Trouble) -> None:
        self._desk = desk
        self._trouble = trouble
        self.rounds = Rounds(self._take_up, lambda error: trouble(IncidentId(""), error))
        self._tasks: dict[IncidentId, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._acting: set[asyncio.Task[Incident]] = set()
        self._stopping = False

    async def stop(self, grace: float) -> None:
        """Let calls that were sent come back, for at most ``grace`` seconds; the rest is taken up at the next start."""
        self._stopping = True
        if self._acting:
            await asyncio.wait(self._acting, timeout=grace)
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_up(self) -> None:
        for incident in await self._desk.incidents.waiting_for(WaitsFor.MACHINE):
            if incident.id not in self._tasks and not self._stopping:
                task = asyncio.create_task(self._work(incident), name=f"respond {incident.id}")
                self._tasks[incident.id] = task
                task.add_done_callback(lambda _, id=incident.id: self._done(id))  # type: ignore[misc] # mypy cannot infer it

    def _done(self, id: IncidentId) -> None:
        """Wake again: it may have been approved between its last step and now."""
        self._tasks.pop(id, None)
        self.rounds.wake()

    async def _work(self, incident: Incident) -> None:
        try:
            while incident.waits_for is WaitsFor.MACHINE and not self._stopping:
                incident = await self._step(incident)
        except Exception as error:  # noqa: BLE001 - one incident's trouble must not stop the others; it is logged
            self._trouble(incident.id, error)
            await asyncio.sleep(AGAIN_AFTER)

    async def _step(self, incident: Incident) -> Incident:
        """A verification only waits, for an hour perhaps: it takes no turn from the others."""
        if incident.action_status is ActionStatus.VERIFYING:
            return await advance(self._desk, incident)
        async with self._turns:
            if incident.action_status is not ActionStatus.APPROVED:
                return await advance(self._desk, incident)
            call = asyncio.create_task(advance(self._desk, incident), name=f"act {incident.id}")
            self._acting.add(call)
            call.add_done_callback(self._acting.discard)
            return await call
