"""The web chat's addresses, and what each does."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import web

from adapters.chat.ask import Ask, Room
from adapters.chat.platform import Handle
from adapters.chat.web import lines, views
from adapters.chat.web.answers import Answers, see
from adapters.chat.web.body import Body, Said
from adapters.chat.web.guard import HEADERS, NO_REFERRER
from adapters.chat.web.limits import LIMITS
from adapters.chat.web.lines import Completion, Line
from adapters.chat.web.once import Once
from adapters.chat.web.posts import Post, Posts
from adapters.chat.web.render import Place, room_path
from adapters.chat.web.sign_in import SignIn
from adapters.chat.web.stream import Bell, Patch, Stream
from adapters.chat.web.visitors import Visitor, forget, remember, visitor
from engine.errors import NotFound
from engine.redact import redact

LAST_WORDS = 1.0
"""Seconds that an ask under way may still take once the program stops."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody to play in demo mode. ``role`` is what the switcher says about this person."""

    username: str
    full_name: str
    role: str


@dataclass(frozen=True, slots=True)
class Meant:
    """Where a post goes, and for whom if not for everybody."""

    room: str
    key: str
    author: str = ""
    thread: str = ""
    only_for: str = ""


Tell: TypeAlias = Callable[[Meant, Body], Awaitable[Post]]
"""Keep a post and wake the streams."""


@dataclass(frozen=True, slots=True)
class Routes:
    posts: Posts
    sign_in: SignIn
    answers: Answers
    bell: Bell
    tell: Tell
    handle: Handle
    commands: Sequence[Completion]
    demo_people: Mapping[str, DemoPerson]
    main_room: Room
    address: str = ""
    once: Once = field(default_factory=Once)

    def table(self) -> list[web.RouteDef]:
        """Every address but those of the static files."""
        return [
            web.route("GET", "/", self.front),
            web.route("GET", "/sign-in", self.enter),  # no HEAD: only following a link uses it up
            web.route("POST", "/sign-out", self.leave),
            web.route("GET", "/chat/stream", self.stream),
            web.route("POST", "/chat/person", self.play),
            web.route("GET", "/chat/{room}", self.show),
            web.route("POST", "/chat/{room}", self.say),
            web.route("GET", "/chat/{room}/thread/{thread}", self.show),
        ]

    async def open(self, _app: web.Application) -> None:
        await self.sign_in.open()

    async def close(self, _app: web.Application) -> None:
        """End every open stream, so that the program can stop at once."""
        self.bell.close()
        await self.once.finish(LAST_WORDS)

    async def front(self, _request: web.Request) -> web.StreamResponse:
        return see(room_path(self.main_room))

    async def enter(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Sec-Purpose", "").startswith("prefetch"):
            return web.Response(status=503)  # a browser that only guesses must not use the link up
        username = self.sign_in.links.redeem(request.query.get("token", ""))
        # not a redirect: a browser sends a strict cookie along only from a page of our own
        response = self.answers.page("onward", path=room_path(self.main_room))
        response.headers.update(NO_REFERRER)
        remember(response, await self.sign_in.begin(username), encrypted=self._encrypted(request))
        return response

    async def leave(self, request: web.Request) -> web.StreamResponse:
        who = await visitor(request, self.sign_in)
        await self.sign_in.end(who.session)
        self.bell.ring()
        response = self.answers.page("signed_out", left=True)
        forget(response)
        return response

    async def play(self, request: web.Request) -> web.StreamResponse:
        """Become one of the demo people."""
        who = await visitor(request, self.sign_in)
        fields = await request.post()
        person = self.demo_people.get(str(fields.get("username", "")))
        if person is None:
            raise NotFound("There is nobody of this name to play.")
        response = see(room_path(self.main_room))
        await self.sign_in.end(who.session)
        remember(response, await self.sign_in.begin(person.username), encrypted=self._encrypted(request))
        return response

    async def show(self, request: web.Request) -> web.StreamResponse:
        who = await visitor(request, self.sign_in)
        reading = await self._reading(request, who, request.match_info["room"], request.match_info.get("thread", ""))
        return self.answers.page(
            "room",
            me=who.account,
            reading=reading,
            view=await views.page(self.posts, reading),
            rooms=await self._rooms(who),
            commands=self.commands[: LIMITS.completions],
            demo_people=self.demo_people,
        )

    async def stream(self, request: web.Request) -> web.StreamResponse:
        who = await visitor(request, self.sign_in)
        reading = await self._reading(request, who, request.query.get("room", ""), request.query.get("thread", ""))

        async def patches(post: Post) -> Sequence[Patch]:
            return await views.patches(self.posts, reading, post)

        async def still_welcome() -> bool:
            return self.sign_in.sessions.lasts(who.session) and await self.sign_in.account(who.username) is not None

        since = request.headers.get("Last-Event-ID") or request.query.get("after", "")
        stream = Stream(self.posts, self.bell, patches, still_welcome)
        headers = {**HEADERS, "Cache-Control": "no-store"}
        return await stream.run(request, lines.number(since), headers)

    async def say(self, request: web.Request) -> web.StreamResponse:
        who = await visitor(request, self.sign_in)
        room = await self._room(who, request.match_info["room"])
        line = lines.read(await request.post())
        path = room_path(room, line.thread)
        if not line.text:
            return self.answers.done(request, path)
        if line.confirm:
            return self.answers.page("confirm", line=line, action=room_path(room), back=path)
        if line.thread:
            await views.first_post(self.posts, room, line.thread)
        await self.once.do((who.username, line.request_id), lambda: self._answer(who, room, line))
        return self.answers.done(request, path)

    async def _answer(self, who: Visitor, room: Room, line: Line) -> None:
        key = f"{line.request_id}.{{}}.{who.username}".format
        if not line.pressed:
            said = Meant(room, key("said"), who.username, line.thread)
            await self.tell(said, Said(redact(line.text), who.account.full_name))
        ask = Ask(lines.meant(line.text), "web", who.username, who.account.full_name, room, line.thread)
        card = await self.handle(ask)
        only_for = who.username if card.private else ""
        await self.tell(Meant(room, key("answer"), "", line.thread, only_for), card)

    def _encrypted(self, request: web.Request) -> bool:
        # a proxy may have taken the encryption off; a liar only gains that his own cookie is not sent in the clear
        return (
            request.secure or self.address.startswith("https://") or request.headers.get("X-Forwarded-Proto") == "https"
        )

    async def _reading(self, request: web.Request, who: Visitor, room: str, thread: str) -> views.Reading:
        return views.Reading(
            username=who.username,
            place=Place(
                room=await self._room(who, room),
                thread=thread,
                page=secrets.token_hex(6),
            ),
            limit=min(lines.number(request.query.get("posts", "")) or LIMITS.posts, LIMITS.posts_at_most),
        )

    async def _room(self, who: Visitor, room: str) -> Room:
        """Raises NotFound for a room that is not there, and in the same words for one of somebody else."""
        if room not in await self._rooms(who):
            raise NotFound("There is no such room.")
        return Room(room)

    async def _rooms(self, who: Visitor) -> Sequence[str]:
        """The rooms this person may enter, the main one first, the one alone with the agent last."""
        common = {room for room in await self.posts.rooms() if not room.startswith("dm:")}
        return [self.main_room, *sorted(common - {self.main_room}), own_room(who.username)]


def own_room(username: str) -> Room:
    """The room in which one person and the agent are alone."""
    return Room(f"dm:{username}")
