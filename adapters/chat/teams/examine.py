"""Is everything there that the agent needs on Teams? What is not is said with what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from adapters.chat.ask import Room
from adapters.chat.outbox import Outbox, Unkept
from adapters.chat.pace import Pace
from adapters.chat.teams.calls import Calls
from adapters.chat.teams.keys import Keys
from adapters.chat.teams.limits import RATES
from adapters.chat.teams.places import Places
from adapters.chat.teams.registration import Registration
from adapters.chat.teams.rooms import Rooms
from adapters.chat.teams.sign_in import SignIn
from engine.errors import OnCallError
from engine.ports import Clock, Cursors


@dataclass(frozen=True, slots=True)
class Examined:
    """What is wrong with the registration, with Microsoft's keys, and with each room; empty if nothing is."""

    sign_in: str
    keys: str
    rooms: Mapping[str, str]

    def troubles(self) -> Iterator[str]:
        """What must be mended, a sentence each."""
        yield from filter(None, (self.sign_in, self.keys, *self.rooms.values()))


async def examine(registration: Registration, rooms: Sequence[str], cursors: Cursors, clock: Clock) -> Examined:
    """Sign in, read the keys, look for the rooms; nothing is posted. Raises Unreachable if the database is away."""
    async with aiohttp.ClientSession() as session:
        sign_in = SignIn(registration, lambda: session, clock)
        signed = await _trouble(sign_in.header)
        keys = Keys(registration.openid, lambda: session, clock)
        read = await _trouble(lambda: keys.get(""))
        calls = Calls(sign_in, Outbox("teams", Unkept(), Pace(RATES, clock)), lambda: session)
        bot = f"28:{registration.app_id}"
        known = Rooms(calls, Places(cursors), registration.service_url, bot, registration.tenant)
        found = {room: "" if signed else await _trouble(_finding(known, room)) for room in rooms}
        return Examined(signed, read, found)


def _finding(known: Rooms, room: str) -> Callable[[], Awaitable[object]]:
    return lambda: known.place(Room(room))


async def _trouble(look: Callable[[], Awaitable[object]]) -> str:
    try:
        await look()
    except OnCallError as error:
        return str(error)
    return ""
