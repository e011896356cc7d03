"""Slack as a platform: cards become messages, and what people do becomes asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence

from aiohttp import web

from adapters.chat.ask import Room
from adapters.chat.card import Card
from adapters.chat.inbox import Inbox
from adapters.chat.outbox import Deliveries, Outbox
from adapters.chat.pace import Pace, Rate
from adapters.chat.platform import Handle, Platform, Ref
from adapters.chat.slack.answers import Answers, standing
from adapters.chat.slack.calls import SLACK, Calls, Tokens
from adapters.chat.slack.door import PATH, Door
from adapters.chat.slack.front_desk import FrontDesk
from adapters.chat.slack.people import People
from adapters.chat.slack.rates import RATES
from adapters.chat.slack.rooms import Rooms
from adapters.chat.slack.socket import Socket
from engine.errors import NotFound, OnCallError
from engine.ports import Clock

__all__ = ["SlackChat", "Tokens"]

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds between two tries to greet a Slack that does not answer, from the first to the last."""

log = logging.getLogger("slack")


class SlackChat(Platform):
    """A room is a channel's name or id. ``api_url`` is another Slack's, for tests; ``rates`` too."""

    name = "slack"

    def __init__(
        self,
        tokens: Tokens,
        deliveries: Deliveries,
        inbox: Inbox,
        clock: Clock,
        *,
        api_url: str = SLACK,
        rates: Mapping[str, Sequence[Rate]] = RATES,
    ) -> None:
        self._tokens = tokens
        self._inbox = inbox
        self._clock = clock
        self._outbox = Outbox(self.name, deliveries, Pace(rates, clock))
        self._calls = Calls(tokens.bot, self._outbox, api_url)
        self._people = People(self._calls, clock)
        self._rooms = Rooms(self._calls)
        self._answers = Answers(self._calls, self._people, self._outbox, clock)

    async def post(self, room: Room, card: Card, *, key: str, thread: Ref | None = None) -> Ref:
        """Raises NotFound if there is no such channel or thread.

        Where Slack did not say whether an earlier try has arrived, the last day of the channel is searched for it; a
        token without the scope to read the channel posts again instead.
        """
        place = thread.room if thread else await self._rooms.id(room)
        try:
            return await self._answers.post(place, card, key, thread.message if thread else "")
        except NotFound:
            self._rooms.gone(room)
            raise

    async def update(self, ref: Ref, card: Card) -> None:
        """Raises NotFound if nothing stands there any more."""
        await self._calls.make("chat.update", ref.room, channel=ref.room, ts=ref.message, **standing(card))

    async def direct(self, identity: str) -> Room:
        return await self._people.direct(identity)

    def link(self, ref: Ref) -> str:
        """Empty as long as Slack has not told the workspace's address."""
        address = self._people.address
        return f"{address}archives/{ref.room}/p{ref.message.replace('.', '')}" if address else ""

    def mount(self, app: web.Application, handle: Handle) -> None:
        desk = FrontDesk(handle, self._inbox, self._answers, self._calls, self._people, self._clock)
        door = Door(self._tokens, desk)
        if not self._tokens.app:
            app.router.add_post(PATH, door.knock)

        async def at_work(_app: web.Application) -> AsyncIterator[None]:
            await desk.open()
            beside = [asyncio.create_task(self._greet())]
            if self._tokens.app:
                socket = Socket(self._socket_address, lambda: self._calls.session, door.envelope)
                beside.append(asyncio.create_task(socket.run()))
            yield
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await desk.close()
            await self.close()

        app.cleanup_ctx.append(at_work)

    async def close(self) -> None:
        """Only for a chat that was not mounted in a program."""
        await self._calls.close()

    async def _greet(self) -> None:
        """Learn who we are as soon as Slack answers; the program does not wait for it."""
        pause, trouble = FIRST_PAUSE, ""
        while True:
            try:
                myself = await self._people.myself()
            except OnCallError as error:
                if str(error) != trouble:
                    log.warning("Slack: %s", error)
                trouble = str(error)
            else:
                log.info("on Slack as %s in %s", myself.name, myself.team_name)
                return
            await self._clock.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _socket_address(self) -> str:
        return str((await self._calls.now("apps.connections.open", token=self._tokens.app))["url"])
