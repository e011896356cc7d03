"""Rooms by the names that people give them: a channel's name is looked for in the teams that the bot is in."""

from __future__ import annotations

from dataclasses import replace

from adapters.chat.ask import Room
from adapters.chat.teams.calls import Calls, address
from adapters.chat.teams.places import Place, Places, Scope, in_channel
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
        self._named: dict[str, tuple[str, str]] = {}
        """The ids of a channel and of its team, by the channel's name."""

    async def place(self, room: Room) -> Place:
        """From a conversation's id, or from a channel's name. Raises NotFound, Unreachable."""
        if known := await self._places.get(room):
            return known
        if ":" in room:
            scope = Scope.CHANNEL if in_channel(room) else Scope.GROUP
            return replace(self._anywhere, conversation=room, scope=scope)
        if found := await self._by_name(room.casefold()):
            return found
        await self._look_around()
        if found := await self._by_name(room.casefold()):
            return found
        raise NotFound(
            f"The agent sees no channel {room} in Teams. Make it, or choose another in the settings. {INSTALL}"
        )

    def forget(self, room: Room) -> None:
        """What this name led to is gone: another channel may have it now."""
        self._named.pop(room.casefold(), None)

    async def _by_name(self, name: str) -> Place | None:
        """By way of its team, as that is reached now."""
        channel, team = self._named.get(name, ("", ""))
        there = await self._places.get(team) if team else None
        return replace(there, conversation=channel, scope=Scope.CHANNEL) if there else None

    async def _look_around(self) -> None:
        """Of two channels with one name that in the team counts which we met last."""
        named: dict[str, tuple[str, str]] = {}
        for team in await self._places.shared():
            if not team.team:
                continue
            url = address(team.service_url, "teams", team.team, "conversations")
            found = await self._calls.make("channels", team.team, "GET", url)
            for one in found.get("conversations") or ():
                named.setdefault(str(one.get("name") or GENERAL).casefold(), (str(one["id"]), team.team))
        self._named = named
