"""How cards get to people on Teams: as a post, in a thread, or alone.

Teams cannot be asked whether a post has arrived. Where its answer was lost, the card is posted again; the clients that
show the first one then tell its id (they ask for their own view of it), and one of the two is deleted. A card without
buttons may stand there twice.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from adapters.chat.ask import Room
from adapters.chat.card import Button, Card, Form, Text, Tone
from adapters.chat.outbox import Outbox, Unsure
from adapters.chat.platform import Ref
from adapters.chat.teams.calls import Calls, address
from adapters.chat.teams.limits import LIMITS
from adapters.chat.teams.people import People
from adapters.chat.teams.places import Place, Scope
from adapters.chat.teams.refusals import TooBig
from adapters.chat.teams.render import render, summary
from adapters.chat.teams.rooms import Rooms
from adapters.chat.teams.said import THREAD, Said
from engine.errors import NotFound, Unreachable

CARD = "application/vnd.microsoft.card.adaptive"

_ABOUT = re.compile(r"[a-z]+ (\d{1,9})(?: |$)")

T = TypeVar("T")


class Answers:
    def __init__(self, calls: Calls, people: People, rooms: Rooms, outbox: Outbox) -> None:
        self._calls = calls
        self._people = people
        self._rooms = rooms
        self._outbox = outbox
        self._unsure: dict[str, Ref] = {}
        """Keys of posts whose answer was lost, and where they stand as far as we know."""
        self._posting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def post(self, room: Room, card: Card, key: str, thread: str = "") -> Ref:
        """Post a card once. Raises NotFound, Unreachable."""
        place = await self._rooms.place(room)
        home = Room(place.conversation)

        async def send() -> str:
            try:
                return await self._fitting(lambda budget: self._send(place, thread, outgoing(card, key, budget)))
            except Unsure:
                self._unsure.setdefault(key, Ref(home, ""))
                raise

        async def find() -> str:
            return self._unsure[key].message if key in self._unsure else ""

        async with self._posting.setdefault(key, asyncio.Lock()):
            try:
                ref = await self._outbox.post(home, key, send, find)
            except NotFound:
                self._rooms.forget(room)
                raise
        if key in self._unsure:
            self._unsure[key] = ref
        return ref

    async def update(self, ref: Ref, card: Card) -> None:
        """Show it to everybody; clients that had views of their own ask for them anew. Raises NotFound, Unreachable."""
        place = await self._rooms.place(ref.room)
        url = _message(place, ref)

        async def send(budget: int) -> Mapping[str, Any]:
            return await self._calls.make("update", ref.room, "PUT", url, outgoing(card, "", budget))

        await self._fitting(send)

    async def seen(self, key: str, ref: Ref) -> None:
        """A client shows a card under this key: if its post was in doubt, it is known now, and is not doubled."""
        known = self._unsure.get(key)
        if known is None or known.room != ref.room or known.message == ref.message:
            return
        if not known.message:
            self._unsure[key] = ref
            return
        del self._unsure[key]
        place = await self._rooms.place(ref.room)
        await self._calls.make("update", ref.room, "DELETE", _message(place, ref))

    async def give(self, said: Said, card: Card) -> None:
        """Bring the answer to whoever said it. Raises NotFound, Unreachable.

        Teams has no messages for one pair of eyes in a room: what is private goes to the person's own chat.
        """
        thread = said.thread if said.scope is Scope.CHANNEL else ""
        if not card.private or said.scope is Scope.PERSONAL:
            await self.post(Room(said.room), card, _key(said), thread)
            return
        try:
            await self.post(await self._people.direct(said.user), card, _key(said))
        except (NotFound, Unreachable) as error:
            if error.temporary:
                raise
            text = f"The answer is for {said.name} alone, and I cannot write to them. {error}"
            await self.post(
                Room(said.room), Card("Not here", (Text(text),), Tone.BAD), f"{_key(said)} not here", thread
            )

    async def _send(self, place: Place, thread: str, shown: Mapping[str, Any]) -> str:
        """A post in a channel is a conversation of its own; replies go into it. Chats have no threads."""
        if place.scope is not Scope.CHANNEL:
            url = address(place.service_url, "conversations", place.conversation, "activities")
            return str((await self._calls.now("POST", url, shown))["id"])
        if thread:
            first = thread.partition("/")[0]
            url = address(place.service_url, "conversations", f"{place.conversation}{THREAD}{first}", "activities")
            return f"{first}/{(await self._calls.now('POST', url, shown))['id']}"
        data = {"channel": {"id": place.conversation}, **({"tenant": {"id": place.tenant}} if place.tenant else {})}
        asked = {"isGroup": True, "bot": {"id": place.bot}, "channelData": data, "activity": shown}
        made = await self._calls.now("POST", address(place.service_url, "conversations"), asked)
        return str(made.get("activityId") or str(made["id"]).partition(THREAD)[2])

    async def _fitting(self, send: Callable[[int], Awaitable[T]]) -> T:
        """What Teams finds too long, though we did not, is sent once more at half the length."""
        try:
            return await send(LIMITS.message)
        except TooBig:
            return await send(LIMITS.message // 2)


def outgoing(card: Card, key: str, budget: int = LIMITS.message) -> dict[str, Any]:
    """The card as a message: nothing in it pings, and no link unfolds."""
    shown = {"contentType": CARD, "content": render(card, again=again(card), key=key, budget=budget - 2_000)}
    return {"type": "message", "summary": summary(card), "attachments": [shown]}


def again(card: Card) -> str:
    """The ask that shows the card anew, empty if its buttons are not all about one incident."""
    about = {found[1] for part in card.parts if isinstance(part, Button | Form) and (found := _ABOUT.match(part.ask))}
    return f"show {about.pop()}" if len(about) == 1 else ""


def _message(place: Place, ref: Ref) -> str:
    """A reply in a channel is named with the message that its thread began with."""
    first, _, reply = ref.message.partition("/")
    thread = f"{place.conversation}{THREAD}{first}" if place.scope is Scope.CHANNEL else place.conversation
    return address(place.service_url, "conversations", thread, "activities", reply or first)


def _key(said: Said) -> str:
    return f"answer {said.id}"
