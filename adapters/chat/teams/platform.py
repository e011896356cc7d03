"""Microsoft Teams as a platform: cards become posts, and what people do becomes asks."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from urllib.parse import quote

import aiohttp
from aiohttp import web

from adapters.chat.ask import Room
from adapters.chat.card import Card
from adapters.chat.inbox import Inbox
from adapters.chat.outbox import Deliveries, Outbox
from adapters.chat.pace import Pace, Rate
from adapters.chat.platform import Handle, Platform, Ref
from adapters.chat.teams.activity import Raw, check
from adapters.chat.teams.answers import Answers
from adapters.chat.teams.calls import Calls
from adapters.chat.teams.doorkeeper import Doorkeeper, TurnedAway
from adapters.chat.teams.front_desk import FrontDesk
from adapters.chat.teams.keys import Keys
from adapters.chat.teams.limits import RATES
from adapters.chat.teams.people import People
from adapters.chat.teams.places import Places, in_channel
from adapters.chat.teams.registration import Registration
from adapters.chat.teams.rooms import Rooms
from adapters.chat.teams.sign_in import SignIn
from adapters.chat.teams.turns import Turns, Turnstile
from engine.errors import Unreachable
from engine.ports import Clock, Cursors

__all__ = ["Registration", "TeamsChat"]

PATH = "/api/messages"

DEEPEST = 64
"""Levels of an activity's JSON; Teams needs about ten."""

log = logging.getLogger("teams")


class TeamsChat(Platform):
    """A room is a conversation's id, or the name of a channel in a team that has the app."""

    name = "teams"

    def __init__(  # noqa: PLR0913 - what it is given, each by its name
        self,
        registration: Registration,
        deliveries: Deliveries,
        inbox: Inbox,
        cursors: Cursors,
        clock: Clock,
        *,
        rates: Mapping[str, Sequence[Rate]] = RATES,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._registration = registration
        self._inbox = inbox
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._places = Places(cursors)
        self._doorkeeper = Doorkeeper(registration, Keys(registration.openid, self._sessions, clock))
        outbox = Outbox(self.name, deliveries, Pace(rates, clock))
        calls = Calls(SignIn(registration, self._sessions, clock), outbox, self._sessions, jitter)
        bot = f"28:{registration.app_id}"
        rooms = Rooms(calls, self._places, registration.service_url, bot, registration.tenant)
        self._people = People(calls, self._places, registration.tenant, clock)
        self._answers = Answers(calls, self._people, rooms, outbox)

    async def post(self, room: Room, card: Card, *, key: str, thread: Ref | None = None) -> Ref:
        """Raises NotFound if there is no such room, or the bot is not in it.

        Where Teams did not say whether an earlier try has arrived, it is posted again, since Teams cannot be searched;
        see ``adapters.chat.teams.answers`` for what then becomes of the first one.
        """
        return await self._answers.post(thread.room if thread else room, card, key, thread.message if thread else "")

    async def update(self, ref: Ref, card: Card) -> None:
        """Raises NotFound if nothing stands there any more."""
        await self._answers.update(ref, card)

    async def direct(self, identity: str) -> Room:
        """Raises NotFound if this person has not added the bot, and is in no team that has."""
        return await self._people.direct(identity)

    def link(self, ref: Ref) -> str:
        """Empty for conversations with one person: Teams has no address for a message there."""
        if not ref.room.startswith("19:"):
            return ""
        first, _, reply = ref.message.partition("/")
        url = f"https://teams.microsoft.com/l/message/{quote(ref.room, safe='')}/{reply or first}"
        if not in_channel(ref.room):
            return f"{url}?context={quote(json.dumps({'contextType': 'chat'}), safe='')}"
        tenant = f"tenantId={self._registration.tenant}&" if self._registration.tenant else ""
        return f"{url}?{tenant}parentMessageId={first}"

    def mount(self, app: web.Application, handle: Handle) -> None:
        desk = FrontDesk(handle, self._inbox, self._answers, self._people, self._clock)
        turns = Turns(desk, self._places, self._clock)

        async def knock(request: web.Request) -> web.Response:
            return await self._knock(request, turns)

        async def at_work(_app: web.Application) -> AsyncIterator[None]:
            await desk.open()
            yield
            await desk.close()
            await self.close()

        app.router.add_post(PATH, knock)
        app.cleanup_ctx.append(at_work)

    async def close(self) -> None:
        """Only for a chat that was not mounted in a program."""
        if self._session is not None:
            await self._session.close()

    async def _knock(self, request: web.Request, turns: Turns) -> web.Response:
        """Who it is comes first; a refusal says nothing but that it is one."""
        try:
            claims = await self._doorkeeper.know(request)
            raw = await _activity(request)
            self._doorkeeper.admit(claims, raw)
            response = await Turnstile().run(raw, turns)
        except TurnedAway as refusal:
            log.warning("a request to Teams' door was refused: %s", refusal)
            return web.Response(status=refusal.status)
        except ValueError as error:
            log.info("a request was not understood: %s", error)
            return web.Response(status=400)
        except Unreachable as error:
            log.warning("Teams must try again: %s", error)
            return web.Response(status=503)
        if response.body is None:
            return web.Response(status=response.status)
        return web.json_response(response.body, status=response.status)

    def _sessions(self) -> aiohttp.ClientSession:
        """One pool of connections for everything; opened at the first use."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._session


async def _activity(request: web.Request) -> Raw:
    """Raises ValueError if the body is none."""
    if request.content_type != "application/json":
        raise ValueError("no JSON")
    try:
        raw = json.loads(await request.read())
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(raw, dict) or _deep(raw, DEEPEST):
        raise ValueError("no activity")
    check(raw)
    return raw


def _deep(value: object, levels: int) -> bool:
    """Whether it has more levels than that."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(levels == 0 or _deep(one, levels - 1) for one in inside)
