"""What people did on Teams, taken at the front desk: also presses, to which Teams wants an answer at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.chat import front_desk
from adapters.chat.ask import Person, Room
from adapters.chat.card import Card
from adapters.chat.inbox import Inbox
from adapters.chat.outbox import Unsure
from adapters.chat.platform import Handle, Ref
from adapters.chat.teams import forms, replies
from adapters.chat.teams.activity import Raw
from adapters.chat.teams.answers import Answers
from adapters.chat.teams.people import People
from adapters.chat.teams.places import Scope
from adapters.chat.teams.said import Said, data, from_json, pressed, reported
from engine.errors import Unreachable
from engine.ports import Clock

INVOKE_WAITS = 5.0
"""Seconds that a press may take before it is answered with "I am at it"; Teams itself gives up after 15."""


class FrontDesk(front_desk.FrontDesk[Said]):
    def __init__(self, handle: Handle, inbox: Inbox, answers: Answers, people: People, clock: Clock) -> None:
        super().__init__("teams", handle, inbox, clock)
        self._answers = answers
        self._people = people

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

    def meet(self, said: Said) -> None:
        """Somebody has added us for themselves, and may never say a word before they are woken."""
        self._begin(self._people.met(said))

    async def report(self, raw: Raw, *, here: bool) -> Mapping[str, Any]:
        """A message was reported from its menu; ``here``: where we can answer. Raises ValueError, Unreachable."""
        said = reported(raw, self._now())
        card = await self._at_once(said if here else replace(said, thread=""))
        return replies.window_closes(card)

    async def _at_once(self, said: Said) -> Card | None:
        """The answer if it comes soon; else it is brought to the person later. A repetition is not asked again."""
        if not await self._keep(said):
            return None
        asked = asyncio.create_task(self._ask(said))
        self._work.add(asked)
        asked.add_done_callback(self._work.discard)
        done, _ = await asyncio.wait({asked}, timeout=INVOKE_WAITS)
        if not done:
            self._begin(self._answer(said, asked))
            return None
        card = asked.result()
        await self._done(said)
        return card

    def _read(self, body: str) -> Said:
        return from_json(body)

    async def _person(self, said: Said) -> Person:
        return await self._people.person(said)

    async def _bring(self, said: Said, card: Card, *, again: bool) -> None:
        """What may have come is not said twice."""
        try:
            await self._answers.give(said, card)
        except Unsure as error:
            raise Unreachable(str(error), temporary=False) from None
