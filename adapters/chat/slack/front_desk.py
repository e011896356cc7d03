"""What people did on Slack, taken at the front desk: also modals, which Slack gives three seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.chat import front_desk
from adapters.chat.ask import Person
from adapters.chat.card import Card
from adapters.chat.front_desk import sorry
from adapters.chat.inbox import Inbox
from adapters.chat.platform import Handle
from adapters.chat.slack import modal
from adapters.chat.slack.answers import Answers
from adapters.chat.slack.calls import Calls
from adapters.chat.slack.people import People
from adapters.chat.slack.said import Said, Way, from_json, where
from engine.errors import OnCallError, Unreachable
from engine.ports import Clock

MODAL_WAITS = 2.0
"""Seconds. Of the three that Slack gives a modal, so many are spent on the answer."""

log = logging.getLogger("slack")


class FrontDesk(front_desk.FrontDesk[Said]):
    def __init__(
        self, handle: Handle, inbox: Inbox, answers: Answers, calls: Calls, people: People, clock: Clock
    ) -> None:
        super().__init__("slack", handle, inbox, clock)
        self._answers = answers
        self._calls = calls
        self._people = people

    async def take_form(self, said: Said, view: Mapping[str, Any]) -> Mapping[str, Any]:
        """The same for a modal; returns what Slack shows in it, which is nothing unless a field was wrong."""
        if not await self._keep(said):
            return {}
        asked = asyncio.create_task(self._ask(said))
        done, _ = await asyncio.wait({asked}, timeout=MODAL_WAITS)
        if done and (wrong := asked.result().wrong):
            await self._done(said)
            return modal.errors(view, wrong)
        self._begin(self._answer(said, asked))
        return {}

    def open_form(self, body: Mapping[str, Any]) -> None:
        """Show the form behind a button; Slack gives us three seconds for it."""
        self._begin(self._open_form(body))

    async def _open_form(self, body: Mapping[str, Any]) -> None:
        place = where(body, self._now())
        try:
            form = modal.from_value(str(body["actions"][0].get("value") or ""))
            view = modal.modal(form, {"place": place.to_json()})
            await self._calls.now("views.open", trigger_id=body["trigger_id"], view=view)
        except (OnCallError, ValueError) as error:
            log.warning("a form was not opened: %s", error)
            await self._give(place, sorry("The form could not be opened", str(error)))

    def _read(self, body: str) -> Said:
        return from_json(body)

    async def _person(self, said: Said) -> Person:
        return await self._people.person(said.user)

    async def _bring(self, said: Said, card: Card, *, again: bool) -> None:
        await self._answers.give(said, card, again=again)

    async def _keep(self, said: Said) -> bool:
        try:
            return await super()._keep(said)
        except Unreachable:
            why = "My database does not answer. Nothing was done; please try again in a minute."
            self._begin(self._give(said, sorry("Not done", why)))
            raise

    async def _answer(self, said: Said, asked: asyncio.Task[Card] | None = None, *, again: bool = False) -> None:
        await super()._answer(said, asked, again=again)
        if said.at_home:
            home = replace(said, text="home", way=Way.HOME)
            await self._give(home, await self._ask(home))

    async def _too_late(self, said: Said) -> None:
        """Nobody waits for a home tab."""
        await (self._done(said) if said.way is Way.HOME else super()._too_late(said))
