"""What people did on Teams is kept, acknowledged, asked, and answered, in this order, and even after a crash."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Card, Text, Tone
from adapters.chat.inbox import Heard, Inbox
from adapters.chat.platform import Handle, Ref
from adapters.chat.teams import forms, replies
from adapters.chat.teams.activity import Raw
from adapters.chat.teams.answers import Answers
from adapters.chat.teams.people import People
from adapters.chat.teams.places import Scope
from adapters.chat.teams.said import Said, data, from_json, pressed, reported
from engine.errors import OnCallError, Unreachable
from engine.ports import Clock

TEAMS = "teams"

INVOKE_WAITS = 5.0
"""Seconds that a press may take before it is answered with "I am at it"; Teams itself gives up after 15."""

TOO_LATE = 30 * 60
"""Seconds. Whoever said something before a crash that is longer ago does not expect it to be done now."""

LAST_WORDS = 3.0
"""Seconds that an answer under way may still take once the program stops."""

log = logging.getLogger("teams")


class FrontDesk:
    def __init__(self, handle: Handle, inbox: Inbox, answers: Answers, people: People, clock: Clock) -> None:
        self._handle = handle
        self._inbox = inbox
        self._answers = answers
        self._people = people
        self._clock = clock
        self._work: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Begin with what a program that died has left. Raises Unreachable if the database does not answer."""
        if left := await self._inbox.unanswered(TEAMS):  # in the order in which it was said
            self._begin(self._catch_up(left))

    async def close(self) -> None:
        """Whatever is not answered by now is answered after the next start."""
        if self._work:
            await asyncio.wait(self._work, timeout=LAST_WORDS)
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    async def take(self, said: Said | None) -> None:
        """Keep it, and answer it once this has returned. Raises Unreachable if it could not be kept."""
        if said is not None and await self._inbox.hear(TEAMS, said.id, said.to_json()):
            self._begin(self._answer(said))

    async def press(self, raw: Raw) -> Mapping[str, Any]:
        """The same for a button; returns what only the one who pressed it sees. Raises ValueError, Unreachable."""
        said = pressed(raw, self._now())
        card = await self._at_once(said)
        given, back = data(raw), str(data(raw).get("back") or "")
        if card is None:
            return replies.AT_IT
        if card.wrong and "form" in given:
            return replies.corrected(*forms.sent(given), card, back)
        return replies.shown(card, back)

    async def refresh(self, raw: Raw) -> Mapping[str, Any]:
        """A client asks for its person's own view of a card: nothing is decided by that, so nothing is kept."""
        said, key = pressed(raw, self._now()), str(data(raw).get("key") or "")
        if key and said.text.startswith("show ") and (told := raw.get("replyToId")):
            inside = said.scope is Scope.CHANNEL and said.thread != told
            seen = Ref(Room(said.room), f"{said.thread}/{told}" if inside else str(told))
            self._begin(self._answers.seen(key, seen))
        if not said.text.startswith("show "):
            raise ValueError("a refresh only shows")
        return replies.view(await self._ask(said))

    async def report(self, raw: Raw) -> Mapping[str, Any]:
        """A message was reported from its menu. Raises ValueError, Unreachable."""
        card = await self._at_once(reported(raw, self._now()))
        return replies.window_closes(card)

    async def _at_once(self, said: Said) -> Card | None:
        """The answer if it comes soon; else it is brought to the person later. A repetition is not asked again."""
        if not await self._inbox.hear(TEAMS, said.id, said.to_json()):
            return None
        asked = asyncio.create_task(self._ask(said))
        self._work.add(asked)
        asked.add_done_callback(self._work.discard)
        done, _ = await asyncio.wait({asked}, timeout=INVOKE_WAITS)
        if not done:
            self._begin(self._answer(said, asked))
            return None
        card = asked.result()
        await self._inbox.answered(TEAMS, said.id)
        return card

    async def _answer(self, said: Said, asked: asyncio.Task[Card] | None = None) -> None:
        card = await (asked or self._ask(said))
        await self._answers.give(said, card)
        await self._inbox.answered(TEAMS, said.id)

    async def _ask(self, said: Said) -> Card:
        person = await self._people.person(said)
        return await self._handle(
            Ask(said.text, TEAMS, said.user, person.name, Room(said.room), said.thread, person.email)
        )

    async def _catch_up(self, left: Sequence[Heard]) -> None:
        for heard in left:
            try:
                said = from_json(heard.body)
            except (ValueError, TypeError):
                log.warning("something that was said before the restart cannot be read")
                await self._inbox.answered(TEAMS, heard.id)
                continue
            await (self._too_late(said) if self._now() > said.at + TOO_LATE else self._answer(said))

    async def _too_late(self, said: Said) -> None:
        at = datetime.fromtimestamp(said.at, UTC)
        text = f"You said “{said.text[:200]}” at {at:%H:%M} UTC, and I stopped before I had read it. Nothing was done."
        parts = (Text(f"{text} If it still holds, say it again."),)
        await self._answers.give(said, Card("I was away", parts, Tone.BAD, private=True))
        await self._inbox.answered(TEAMS, said.id)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()):
            expected = isinstance(error, OnCallError)
            log.warning("what was said waits for the next start: %s", error, exc_info=None if expected else error)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def sorry(error: Unreachable) -> Card:
    text = f"{error} Nothing was done; please try again in a minute."
    return Card("Not done", (Text(text),), tone=Tone.BAD, private=True)
