"""What people did on Slack is kept, acknowledged, asked, and answered, in this order, and even after a crash."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Card, Text, Tone
from adapters.chat.inbox import Heard, Inbox
from adapters.chat.platform import Handle
from adapters.chat.slack import modal
from adapters.chat.slack.answers import Answers
from adapters.chat.slack.calls import Calls
from adapters.chat.slack.people import People
from adapters.chat.slack.said import Said, Way, from_json, where
from engine.errors import OnCallError, Unreachable
from engine.ports import Clock

SLACK = "slack"

MODAL_WAITS = 2.0
"""Seconds. Of the three that Slack gives a modal, so many are spent on the answer."""

TOO_LATE = 30 * 60
"""Seconds. Whoever said something before a crash that is longer ago does not expect it to be done now."""

LAST_WORDS = 3.0
"""Seconds that an answer under way may still take once the program stops."""

log = logging.getLogger("slack")


class FrontDesk:
    def __init__(
        self, handle: Handle, inbox: Inbox, answers: Answers, calls: Calls, people: People, clock: Clock
    ) -> None:
        self._handle = handle
        self._inbox = inbox
        self._answers = answers
        self._calls = calls
        self._people = people
        self._clock = clock
        self._work: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Begin with what a program that died has left. Raises Unreachable if the database does not answer."""
        left = await self._inbox.unanswered(SLACK)
        if left:  # in the order in which it was said
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
        if said is not None and await self._keep(said):
            self._begin(self._answer(said))

    async def take_form(self, said: Said, view: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same for a modal; returns what Slack shows in it, which is nothing unless a field was wrong."""
        if not await self._keep(said):
            return {}
        asked = asyncio.create_task(self._ask(said))
        done, _ = await asyncio.wait({asked}, timeout=MODAL_WAITS)
        if done and (wrong := asked.result().wrong):
            await self._inbox.answered(SLACK, said.id)
            return modal.errors(view, wrong)
        self._begin(self._answer(said, asked))
        return {}

    def open_form(self, body: Mapping[str, Any]) -> None:
        """Show the form behind a button; Slack gives us three seconds for it."""
        self._begin(self._open_form(body))

    async def _open_form(self, body: Mapping[str, Any]) -> None:
        place = where(body, self._clock.now().timestamp())
        try:
            form = modal.from_value(str(body["actions"][0].get("value") or ""))
            view = modal.modal(form, {"place": place.to_json()})
            await self._calls.now("views.open", trigger_id=body["trigger_id"], view=view)
        except (OnCallError, ValueError) as error:
            log.warning("a form was not opened: %s", error)
            await self._answers.give(place, _sorry("The form could not be opened", str(error)))

    async def _keep(self, said: Said) -> bool:
        try:
            return await self._inbox.hear(SLACK, said.id, said.to_json())
        except Unreachable:
            why = "My database does not answer. Nothing was done; please try again in a minute."
            self._begin(self._answers.give(said, _sorry("Not done", why)))
            raise

    async def _answer(self, said: Said, asked: asyncio.Task[Card] | None = None, *, again: bool = False) -> None:
        card = await (asked or self._ask(said))
        await self._answers.give(said, card, again=again)
        await self._inbox.answered(SLACK, said.id)
        if said.at_home:
            home = replace(said, text="home", way=Way.HOME)
            await self._answers.give(home, await self._ask(home))

    async def _ask(self, said: Said) -> Card:
        person = await self._people.person(said.user)
        room = Room(said.room or said.user)
        return await self._handle(Ask(said.text, SLACK, said.user, person.name, room, said.thread, person.email))

    async def _catch_up(self, left: Sequence[Heard]) -> None:
        for heard in left:
            try:
                said = from_json(heard.body)
            except (ValueError, TypeError):
                log.warning("something that was said before the restart cannot be read")
                await self._inbox.answered(SLACK, heard.id)
                continue
            if self._clock.now().timestamp() > said.at + TOO_LATE:
                await self._too_late(said)
            else:
                await self._answer(said, again=True)

    async def _too_late(self, said: Said) -> None:
        at = datetime.fromtimestamp(said.at, UTC)
        text = f"You said “{said.text[:200]}” at {at:%H:%M} UTC, and I stopped before I had read it. Nothing was done."
        if said.way is not Way.HOME:
            await self._answers.give(said, _sorry("I was away", f"{text} If it still holds, say it again."))
        await self._inbox.answered(SLACK, said.id)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()):
            expected = isinstance(error, OnCallError)
            log.warning("what was said waits for the next start: %s", error, exc_info=None if expected else error)


def _sorry(title: str, text: str) -> Card:
    return Card(title, (Text(text),), tone=Tone.BAD, private=True)
