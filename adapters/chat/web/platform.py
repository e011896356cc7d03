"""The web chat as a platform: cards become posts, posts become live pages."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aiohttp import web

from adapters.chat.ask import Room
from adapters.chat.card import Card
from adapters.chat.platform import Handle, Platform, Ref
from adapters.chat.web.answers import Answers
from adapters.chat.web.body import Body, to_json
from adapters.chat.web.guard import Guard
from adapters.chat.web.lines import Completion
from adapters.chat.web.posts import Post, Posts
from adapters.chat.web.render import room_path
from adapters.chat.web.routes import DemoPerson, Meant, Routes, own_room
from adapters.chat.web.sign_in import SignIn
from adapters.chat.web.static_files import static_files
from adapters.chat.web.stream import Bell

MAIN_ROOM = Room("incidents")


class WebChat(Platform):
    """``hosts`` are the names, without port, under which people reach the program.

    ``main_room`` is where ``/`` leads to; ``address`` is what links to the pages begin with. With ``demo_people``,
    whoever has signed in may play any of them; leave it empty outside demo mode.
    """

    name = "web"

    def __init__(  # noqa: PLR0913 - what a chat is made of, each by name
        self,
        posts: Posts,
        sign_in: SignIn,
        *,
        hosts: Collection[str],
        commands: Sequence[Completion] = (),
        demo_people: Sequence[DemoPerson] = (),
        main_room: Room = MAIN_ROOM,
        address: str = "",
    ) -> None:
        self._posts = posts
        self._sign_in = sign_in
        self._guard = Guard(hosts)
        self._commands = commands
        self._demo_people = {person.username: person for person in demo_people}
        self._main_room = main_room
        self._address = address
        self._bell = Bell()

    async def post(self, room: Room, card: Card, *, key: str, thread: Ref | None = None) -> Ref:
        post = await self._tell(Meant(room, key, thread=thread.message if thread else ""), card)
        return Ref(room, post.key)

    async def update(self, ref: Ref, card: Card) -> None:
        """Raises NotFound if nothing stands there."""
        await self._posts.change(ref.room, ref.message, to_json(card))
        self._bell.ring()

    async def direct(self, identity: str) -> Room:
        return own_room(identity)

    def link(self, ref: Ref) -> str:
        return f"{self._address}{room_path(ref.room, ref.message)}" if self._address else ""

    def mount(self, app: web.Application, handle: Handle) -> None:
        files = static_files()
        answers = Answers(files)
        routes = Routes(
            posts=self._posts,
            sign_in=self._sign_in,
            answers=answers,
            bell=self._bell,
            tell=self._tell,
            handle=handle,
            commands=self._commands,
            demo_people=self._demo_people,
            main_room=self._main_room,
            address=self._address,
        )
        for route in routes.table():
            guarded = self._guard(answers.friendly(route.handler))
            app.router.add_route(route.method, route.path, guarded)
        for file in files.values():
            app.router.add_get(file.path, self._guard(file.answer))
        app.on_startup.append(routes.open)
        app.on_shutdown.append(routes.close)

    async def _tell(self, meant: Meant, body: Body) -> Post:
        post = await self._posts.add(
            meant.room, meant.key, to_json(body), author=meant.author, thread=meant.thread, only_for=meant.only_for
        )
        self._bell.ring()
        return post
