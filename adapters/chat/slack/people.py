"""Who the agent is on Slack, and who talks to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapters.chat.ask import Person, Room
from adapters.chat.slack.calls import Calls
from engine.errors import NotFound, OnCallError
from engine.ports import Clock

FRESH = timedelta(minutes=5)
"""For so long what Slack said of a person is believed: who leaves the company is soon nobody here too."""


@dataclass(frozen=True, slots=True)
class Myself:
    """The agent as Slack knows it. ``address`` is the workspace's, with a slash at the end."""

    user: str
    name: str
    team: str
    team_name: str
    company: str
    address: str


class People:
    def __init__(self, calls: Calls, clock: Clock) -> None:
        self._calls = calls
        self._clock = clock
        self._myself: Myself | None = None
        self._asking = asyncio.Lock()
        self._known: dict[str, tuple[datetime, Person]] = {}
        self._rooms: dict[str, Room] = {}

    @property
    def address(self) -> str:
        """Where the workspace is in a browser; empty as long as Slack has not told."""
        return self._myself.address if self._myself else ""

    async def myself(self) -> Myself:
        """Raises Unreachable."""
        async with self._asking:
            if self._myself is None:
                told = await self._calls.now("auth.test")
                names = ("user_id", "user", "team_id", "team", "enterprise_id", "url")
                self._myself = Myself(*(str(told.get(name) or "") for name in names))
        return self._myself

    async def person(self, user: str) -> Person:
        """What Slack says of this user; only the id where it does not answer. Raises nothing."""
        known = self._known.get(user)
        if known and self._clock.now() < known[0] + FRESH:
            return known[1]
        try:
            told = await self._calls.make("users.info", user=user)
            person = _person(told.get("user") or {}, await self.myself())
        except OnCallError:  # then nobody vouches for the person, and who is unknown may do little
            return Person(user)
        self._known[user] = (self._clock.now(), person)
        return person

    async def direct(self, identity: str) -> Room:
        """The room alone with this user or e-mail address. Raises NotFound, Unreachable."""
        if identity not in self._rooms:
            user = await self._found(identity) if "@" in identity else identity
            opened = await self._calls.make("conversations.open", users=user)
            self._rooms[identity] = Room(str(opened["channel"]["id"]))
        return self._rooms[identity]

    async def _found(self, email: str) -> str:
        try:
            found = await self._calls.make("users.lookupByEmail", email=email)
        except NotFound:
            raise NotFound(f"Slack knows nobody with the e-mail address {email}.") from None
        return str(found["user"]["id"])


def _person(told: Mapping[str, Any], myself: Myself) -> Person:
    profile = told.get("profile") or {}
    names = (profile.get("display_name"), profile.get("real_name"), told.get("real_name"), told.get("name"))
    name = next((str(one) for one in names if one), str(told.get("id", "")))
    return Person(name, str(profile.get("email") or "") if one_of_us(told, myself) else "")


def one_of_us(told: Mapping[str, Any], myself: Myself) -> bool:
    """No guest, no bot, nobody from another company in a shared channel, nobody who has left.

    https://docs.slack.dev/reference/objects/user-object
    """
    foreign = ("deleted", "is_bot", "is_stranger", "is_restricted", "is_ultra_restricted", "is_invited_user")
    if any(told.get(flag) for flag in foreign) or told.get("is_email_confirmed") is False:
        return False
    company = str((told.get("enterprise_user") or {}).get("enterprise_id") or "")
    return told.get("team_id") == myself.team or bool(company and company == myself.company)
