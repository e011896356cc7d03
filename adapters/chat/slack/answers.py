"""How answers get back to people on Slack: in a thread, for one pair of eyes, or as their home tab."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from dataclasses import asdict
from typing import Any, assert_never

from adapters.chat.ask import Room
from adapters.chat.card import Card
from adapters.chat.outbox import Outbox, Unsure
from adapters.chat.platform import Ref
from adapters.chat.slack.calls import Calls
from adapters.chat.slack.people import People
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

PAUSES = (1.0, 5.0, 20.0)
"""Seconds between the tries to bring an answer back."""

log = logging.getLogger("slack")


class Answers:
    def __init__(self, calls: Calls, people: People, outbox: Outbox, clock: Clock) -> None:
        self._calls = calls
        self._people = people
        self._outbox = outbox
        self._clock = clock
        self._lanes: dict[Room, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def post(self, room: Room, card: Card, key: str, thread: str = "") -> Ref:
        """Post a card once, under another message if one is given. Raises NotFound, Unreachable.

        In a room one post waits for the one before it, so that they come in order even if Slack asks for waits.
        """
        metadata = {"event_type": EVENT, "event_payload": {"key": key}}

        async def send() -> str:
            told = await self._calls.now(
                "chat.postMessage", channel=room, thread_ts=thread, metadata=metadata, **message(card)
            )
            return str(told["ts"])

        async with self._lanes[room]:
            return await self._outbox.post(room, key, send, lambda: self._find(room, key, thread))

    async def give(self, said: Said, card: Card) -> None:
        """Bring the answer to whoever said it. What Slack does not take after some tries is only logged."""
        for pause in (*PAUSES, 0.0):
            try:
                await self._give(said, card)
            except OnCallError as error:
                failure = error
            else:
                return
            # what may have come and cannot be looked for is not said twice
            if not failure.temporary or (isinstance(failure, Unsure) and _unseen(said, card)):
                break
            await self._clock.sleep(pause)
        log.warning("an answer did not arrive: %s", failure)

    async def whisper(self, said: Said, card: Card) -> None:
        """Show it to this person alone, where they are; raises NotFound, Unreachable."""
        if said.url and self._clock.now().timestamp() < said.at + RESPONSE_URL_LIVES:
            answer = {**message(card), "response_type": "ephemeral", "replace_original": False}
            if await self._calls.respond(said.url, answer | ({"thread_ts": said.under} if said.under else {})):
                return
        if said.room and not said.room.startswith("D"):
            try:
                shown = {"channel": said.room, "user": said.user, "thread_ts": said.under}
                await self._calls.make("chat.postEphemeral", said.room, **shown, **message(card))
                return
            except Unsure:
                raise
            except (NotFound, Unreachable) as error:
                if error.temporary:
                    raise
        await self.post(await self._people.direct(said.user), card, _key(said))

    async def show_home(self, user: str, card: Card) -> None:
        await self._calls.make("views.publish", user_id=user, view=home(card))

    async def _give(self, said: Said, card: Card) -> None:
        match said.way:
            case Way.HOME:
                await self.show_home(said.user, card)
            case Way.PERSON:
                await self.whisper(said, card)
            case Way.ROOM:
                room = Room(said.room) if said.room else await self._people.direct(said.user)
                if card.private and not room.startswith("D"):
                    await self.whisper(said, card)
                else:
                    await self.post(room, card, _key(said), said.under)
            case _:
                assert_never(said.way)

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


def message(card: Card) -> dict[str, Any]:
    """The card as the arguments of a message: nothing in it pings, and no link unfolds."""
    return {**asdict(render(card)), "unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}


def _unseen(said: Said, card: Card) -> bool:
    """Messages for one pair of eyes leave no trace in a channel's history."""
    return said.way is Way.PERSON or card.private


def _key(said: Said) -> str:
    return f"answer {said.id}"
