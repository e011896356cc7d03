"""How answers get back to people on Slack: in a thread, for one pair of eyes, or as their home tab."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any, assert_never

from adapters.chat.ask import Room
from adapters.chat.card import Card, Text
from adapters.chat.outbox import Outbox
from adapters.chat.platform import Ref
from adapters.chat.slack.calls import Calls
from adapters.chat.slack.people import People
from adapters.chat.slack.pictures import Pictures, without_pictures
from adapters.chat.slack.render import home, render
from adapters.chat.slack.said import Said, Way
from engine.errors import NotFound, OnCallError, Unreachable
from engine.ports import Clock

EVENT = "oncall_card"
"""The kind of the metadata that every posted card carries, with the key by which it is found again."""

NEIGHBOURHOOD = 24 * 60 * 60
"""Seconds. A post that may have arrived is looked for among messages no older than that."""

PAGES = 5

RESPONSE_URL_LIVES = 29 * 60
"""Seconds, of thirty minutes: https://docs.slack.dev/interactivity/handling-user-interaction#message_responses"""

log = logging.getLogger("slack")


class Answers:
    def __init__(self, calls: Calls, people: People, outbox: Outbox, clock: Clock) -> None:
        self._calls = calls
        self._people = people
        self._outbox = outbox
        self._clock = clock
        self._pictures = Pictures(calls, outbox)
        self._lanes: dict[Room, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def post(self, room: Room, card: Card, key: str, thread: str = "") -> Ref:
        """Post a card once, under another message if one is given. Raises NotFound, Unreachable.

        In a room one post waits for the one before it, so that they come in order even if Slack asks for waits.
        """
        async with self._lanes[room]:
            return await self._outbox.post(
                room, key, lambda: self._send(room, card, key, thread), lambda: self._find(room, key, thread)
            )

    async def give(self, said: Said, card: Card, *, again: bool = False) -> None:
        """Bring the answer to whoever said it; ``again``: it may have come before. Raises NotFound, Unreachable.

        What only one person sees cannot be looked for: it may come twice, rather than never.
        """
        match said.way:
            case Way.HOME:
                await self._calls.make("views.publish", user_id=said.user, view=home(card))
            case Way.PERSON:
                await self._whisper(said, card, again=again)
            case Way.ROOM:
                room = Room(said.room) if said.room else await self._people.direct(said.user)
                if card.private and not _alone(room):
                    await self._whisper(said, card, again=again)
                else:
                    await self._reply(said, room, card, again=again)
            case _:
                assert_never(said.way)

    async def _reply(self, said: Said, room: Room, card: Card, *, again: bool) -> None:
        """Where the agent was spoken to; where it may not speak, to this person alone."""
        try:
            await self._say(room, card, _key(said), said.under, again=again)
        except (NotFound, Unreachable) as error:
            if error.temporary or _alone(room):
                raise
            await self._whisper(said, card, again=again)

    async def _say(self, room: Room, card: Card, key: str, under: str = "", *, again: bool) -> None:
        """Without a row in the database, as a card has one: an answer that is lost in a crash is given anew."""
        async with self._lanes[room]:
            if not (again and await self._find(room, key, under)):
                await self._outbox.paced("post", room, lambda: self._send(room, card, key, under))

    async def _whisper(self, said: Said, card: Card, *, again: bool) -> None:
        """Show it to this person alone: where they are, and where that cannot be, in a direct message."""
        if await self._whispered(said, card):
            await self._show_pictures(said, card)
        else:
            await self._say(await self._people.direct(said.user), card, _key(said), again=again)

    async def _whispered(self, said: Said, card: Card) -> bool:
        """Whether this person alone could be shown it where they are."""
        if said.url and self._clock.now().timestamp() < said.at + RESPONSE_URL_LIVES:
            answer = {**message(card), "response_type": "ephemeral", "replace_original": False}
            if await self._calls.respond(said.url, answer | ({"thread_ts": said.under} if said.under else {})):
                return True
        if not said.room or _alone(said.room):
            return False
        shown = {"channel": said.room, "user": said.user, "thread_ts": said.under}
        try:
            await self._calls.make("chat.postEphemeral", said.room, **shown, **message(card))
        except (NotFound, Unreachable) as error:
            if error.temporary:
                raise
            return False
        return True

    async def _show_pictures(self, said: Said, card: Card) -> None:
        """Slack has no files for one pair of eyes: they go to the room, of a private card to the person's own chat.

        There they go too where the agent is not in the room. What cannot be shown is said; nothing is raised.
        """
        if without_pictures(card) == card:
            return
        trouble = "" if card.private or not said.room else await self._pictures.share(Room(said.room), card, said.under)
        if trouble or card.private or not said.room:
            trouble = await self._show_alone(said, card)
        if trouble:
            log.warning("a picture was not shown: %s", trouble)
            with suppress(OnCallError):
                await self._whispered(said, Card("The picture is not here", (Text(trouble),), private=True))

    async def _show_alone(self, said: Said, card: Card) -> str:
        try:
            return await self._pictures.share(await self._people.direct(said.user), card)
        except OnCallError as error:
            return str(error)

    async def _send(self, room: Room, card: Card, key: str, thread: str) -> str:
        metadata = {"event_type": EVENT, "event_payload": {"key": key}}
        told = await self._calls.now(
            "chat.postMessage", channel=room, thread_ts=thread, metadata=metadata, **standing(card)
        )
        if trouble := await self._pictures.share(room, card, thread):
            await self._pictureless(room, str(told["ts"]), card, trouble)
        return str(told["ts"])

    async def _pictureless(self, room: Room, message: str, card: Card, trouble: str) -> None:
        """The card stands already, and says so itself. Nothing is raised: it would be posted once more."""
        log.warning("a picture was not shown: %s", trouble)
        line = Text(f"There is a picture of this that I could not bring here. {trouble}", quiet=True)
        shown = replace(card, parts=(*card.parts, line))
        with suppress(OnCallError):
            await self._calls.make("chat.update", room, channel=room, ts=message, **standing(shown))

    async def _find(self, room: Room, key: str, thread: str) -> str:
        """The message that was posted under this key; empty if it is not there, or cannot be read."""
        method = "conversations.replies" if thread else "conversations.history"
        oldest = f"{self._clock.now().timestamp() - NEIGHBOURHOOD:.6f}"
        given = {"channel": room, "ts": thread, "oldest": oldest, "limit": 200, "include_all_metadata": True}
        try:
            async for one in self._calls.pages(method, "messages", at_most=PAGES, **given):
                carried = one.get("metadata") or {}
                if carried.get("event_type") == EVENT and (carried.get("event_payload") or {}).get("key") == key:
                    return str(one["ts"])
        except (NotFound, Unreachable) as error:
            if error.temporary:
                raise
        return ""


def standing(card: Card) -> dict[str, Any]:
    """The same in a room, where pictures stand in messages of their own."""
    return message(without_pictures(card))


def message(card: Card) -> dict[str, Any]:
    """The card as the arguments of a message: nothing in it pings, and no link unfolds."""
    return {**asdict(render(card)), "unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}


def _alone(room: str) -> bool:
    """Slack's names of direct messages begin so."""
    return room.startswith("D")


def _key(said: Said) -> str:
    return f"answer {said.id}"
