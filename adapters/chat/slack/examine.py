"""Is everything there that the agent needs on Slack? What is not is said with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapters.chat.ask import Room
from adapters.chat.outbox import Outbox, Unkept
from adapters.chat.pace import Pace
from adapters.chat.slack.calls import SLACK, Calls, Tokens
from adapters.chat.slack.people import Myself, People
from adapters.chat.slack.rates import RATES
from adapters.chat.slack.rooms import Channel, Rooms
from adapters.chat.slack.scopes import NEEDED
from engine.errors import OnCallError
from engine.ports import Clock


@dataclass(frozen=True, slots=True)
class Examined:
    """``missing``: scopes, and what each is for. ``rooms``: what is wrong with each, empty if nothing is."""

    bot: str
    team: str
    missing: Mapping[str, str]
    rooms: Mapping[str, str]
    socket: str = ""

    def troubles(self) -> Iterator[str]:
        """What must be mended, a sentence each."""
        for scope, purpose in self.missing.items():
            yield (
                f"The Slack app lacks the scope {scope}, {purpose}: "
                "add it under “OAuth & Permissions” and install the app again."
            )
        yield from filter(None, (*self.rooms.values(), self.socket))


async def examine(tokens: Tokens, rooms: Sequence[str], clock: Clock, api_url: str = SLACK) -> Examined:
    """Ask Slack. Raises Unreachable if it does not answer, or not to this bot token."""
    calls = Calls(tokens.bot, Outbox("slack", Unkept(), Pace(RATES, clock)), api_url)
    try:
        myself = await People(calls, clock).myself()
        missing = {scope: purpose for scope, purpose in NEEDED.items() if scope not in calls.scopes}
        told = await _rooms(Rooms(calls), rooms, myself)
        return Examined(myself.name, myself.team_name, missing, told, await _socket(calls, tokens.app))
    finally:
        await calls.close()


async def _rooms(known: Rooms, rooms: Sequence[str], myself: Myself) -> Mapping[str, str]:
    if not rooms:
        return {}
    try:
        channels = await known.all()
    except OnCallError as error:
        return {room: str(error) for room in rooms}
    return {room: await _room(known, channels, room, myself) for room in rooms}


async def _room(known: Rooms, channels: Mapping[str, Channel], room: str, myself: Myself) -> str:
    try:
        id = await known.id(Room(room))
    except OnCallError as error:
        return str(error)
    channel = channels.get(id)
    if channel is None:
        return f"Slack shows the agent no channel {room}. If it is private, say there: /invite @{myself.name}"
    return "" if channel.joined else f"The agent is not in #{channel.name}. Say there: /invite @{myself.name}"


async def _socket(calls: Calls, app_token: str) -> str:
    if not app_token:
        return ""
    try:
        await calls.now("apps.connections.open", token=app_token)
    except OnCallError as error:
        return f"The app token (xapp-…) opens no connection: {error}"
    return ""
