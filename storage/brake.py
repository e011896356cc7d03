"""The global stop, kept where every restart finds it."""

from __future__ import annotations

import json

from engine.ports import Brake, Clock, Cursors

NAME = "brake"


class KeptBrake(Brake):
    def __init__(self, cursors: Cursors, clock: Clock) -> None:
        self._cursors = cursors
        self._clock = clock

    async def pulled(self) -> str:
        kept = json.loads(await self._cursors.get(NAME) or "{}")
        return f"{kept['by']} pulled the brake at {kept['at']}: {kept['why']}." if kept else ""

    async def pull(self, by: str, why: str) -> None:
        body = {"by": by, "why": why.rstrip("."), "at": f"{self._clock.now():%d %b %H:%M} UTC"}
        await self._cursors.put(NAME, json.dumps(body))

    async def release(self) -> None:
        await self._cursors.put(NAME, "{}")
