"""The whole program, with a memory that kills it (-9) at one exact moment: ``python -m tests.stories.mortal Acted:before``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from bot.log import setup
from bot.serve import serve
from bot.settings import load
from engine.events import Event
from engine.model import Incident, IncidentId
from engine.ports import RoomOf
from storage.database import Database
from storage.incidents import SqlIncidents


class Mortal(SqlIncidents):
    """Dies just before or just after it keeps, or marks as told, the first event of one kind after the approval."""

    def __init__(self, database: Database, listeners: Sequence[str], room: RoomOf, when: str) -> None:
        super().__init__(database, listeners, room)
        self.kind, _, self.moment = when.partition(":")
        self.approved = False

    async def append(self, after: Incident, event: Event) -> None:
        kind = type(event).__name__
        self.approved = self.approved or kind == "Approved"
        fatal = self.approved and kind == self.kind
        if fatal and self.moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        await super().append(after, event)
        if fatal and self.moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)

    async def told(self, listener: str, id: IncidentId, sequence: int) -> None:
        telling = {
            one.sequence: type(one.event).__name__ for one in await self.untold(listener) if one.incident.id == id
        }
        if self.moment == "told" and self.kind in [kind for number, kind in telling.items() if number <= sequence]:
            os.kill(os.getpid(), signal.SIGKILL)
        await super().told(listener, id, sequence)


if __name__ == "__main__":
    settings = load()
    setup(settings.log_level, settings.secrets(), "json")
    asyncio.run(serve(settings, lambda database, listeners, room: Mortal(database, listeners, room, sys.argv[1])))
