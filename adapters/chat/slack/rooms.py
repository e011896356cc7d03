"""Channels by the names that people give them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.chat.ask import Room
from adapters.chat.slack.calls import Calls
from engine.errors import NotFound, Unreachable

ID = re.compile(r"[CGD][A-Z0-9]{7,}")
"""Slack's own names of channels. People's have no capital letters."""

KINDS = ("public_channel,private_channel", "public_channel")
"""Private channels need a scope of their own; without it the public ones must do."""


@dataclass(frozen=True, slots=True)
class Channel:
    """``joined``: the agent is in it."""

    id: str
    name: str
    joined: bool


class Rooms:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._ids: dict[str, str] = {}
        self._listing = asyncio.Lock()

    async def id(self, room: str) -> Room:
        """The channel's id, from its name or id. Raises NotFound, Unreachable."""
        name = room.removeprefix("#")
        if ID.fullmatch(name):
            return Room(name)
        async with self._listing:  # of many who wait for one list, the first reads it
            if name not in self._ids:
                self._ids = {channel.name: channel.id for channel in (await self.all()).values()}
        if name not in self._ids:
            raise NotFound(
                f"There is no channel #{name} that the agent can see. "
                "Create it, or unarchive it; if it is private, say there: /invite, and the agent's name."
            )
        return Room(self._ids[name])

    def gone(self, room: str) -> None:
        """What had this name is no longer there; another channel may have it now."""
        self._ids.pop(room.removeprefix("#"), None)

    async def all(self) -> Mapping[str, Channel]:
        """Every channel that the agent can see, by id. Raises Unreachable."""
        for kinds in KINDS:
            try:
                return await self._all(kinds)
            except Unreachable as error:
                if error.temporary or kinds is KINDS[-1]:
                    raise
        raise AssertionError("the last kind returns or raises")

    async def _all(self, kinds: str) -> Mapping[str, Channel]:
        found = self._calls.pages("conversations.list", "channels", types=kinds, exclude_archived=True, limit=500)
        channels = [Channel(str(one["id"]), str(one.get("name")), bool(one.get("is_member"))) async for one in found]
        return {channel.id: channel for channel in channels}
