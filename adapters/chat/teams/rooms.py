"""Rooms by the names that people give them: a channel's name is looked for in the teams that the bot is in."""

from __future__ import annotations

from dataclasses import replace

from adapters.chat.ask import Room
from adapters.chat.teams.calls import Calls, address
from adapters.chat.teams.places import Place, Places, Scope
from adapters.chat.teams.refusals import INSTALL
from engine.errors import NotFound

GENERAL = "General"
"""A team's first channel has no name of its own: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context"""


class Rooms:
    """``service_url`` is where a conversation is asked for that we have never heard from."""

    def __init__(self, calls: Calls, places: Places, service_url: str, bot: str, tenant: str) -> None:
        self._calls = calls
        self._places = places
        self._anywhere = Place("", Scope.GROUP, service_url, bot, tenant)
        self._named: dict[str, Place] = {}

    async def place(self, room: Room) -> Place:
        """From a conversation's id, or from a channel's name. Raises NotFound, Unreachable."""
        if room in self._named:
            return self._named[room]
        if known := await self._places.get(room):
            return known
        if ":" in room:
            scope = Scope.CHANNEL if "@thread.tacv2" in room or "@thread.skype" in room else Scope.GROUP
            return replace(self._anywhere, conversation=room, scope=scope)
        await self._look_around()
        if room.casefold() not in self._named:
            raise NotFound(
                f"The agent sees no channel {room} in Teams. Make it, or choose another in the settings. {INSTALL}"
            )
        return self._named[room.casefold()]

    async def _look_around(self) -> None:
        for team in await self._places.shared():
            if not team.team:
                continue
            url = address(team.service_url, "teams", team.team, "conversations")
            found = await self._calls.make("channels", team.team, "GET", url)
            for one in found.get("conversations") or ():
                channel = replace(team, conversation=str(one["id"]), scope=Scope.CHANNEL)
                self._named.setdefault(str(one.get("name") or GENERAL).casefold(), channel)
