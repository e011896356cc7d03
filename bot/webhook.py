"""Tells a webhook of Teams of every escalation: to be read there, and decided elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import groupby

from adapters.chat.card import Card, Link
from bot.cards import wake_card
from bot.standing import Describe
from bot.words import clock
from engine.errors import Unreachable
from engine.events import Escalated
from engine.model import Incident
from engine.ports import Incidents, Untold

LISTENER = "webhook"

AT_ONCE = 200

Post = Callable[[Card], Awaitable[None]]
Page = Callable[[Incident], str]
"""The address of the incident's page."""


class WebhookTeller:
    """``at_most`` escalations in one round are posts of their own; more are one."""

    def __init__(self, incidents: Incidents, post: Post, describe: Describe, page: Page, at_most: int) -> None:
        self._incidents = incidents
        self._post = post
        self._describe = describe
        self._page = page
        self._at_most = at_most

    async def tell(self) -> None:
        """What the address refuses for good is left out, so that it keeps nothing back. Raises Unreachable."""
        while untold := await self._incidents.untold(LISTENER, AT_ONCE):
            escalated = [one for one in untold if isinstance(one.event, Escalated)]
            try:
                await self._tell(escalated)
            except Unreachable as error:
                if error.temporary:
                    raise
                await self._done(untold)
                raise
            await self._done(untold)

    async def _tell(self, escalated: Sequence[Untold]) -> None:
        if len(escalated) > self._at_most:
            await self._post(self._many(escalated))
            return
        for one in escalated:
            await self._post(self._card(one))
            await self._done([one])

    async def _done(self, untold: Sequence[Untold]) -> None:
        ordered = sorted(untold, key=lambda one: one.incident.number)
        for id, group in groupby(ordered, key=lambda one: one.incident.id):
            await self._incidents.told(LISTENER, id, max(one.sequence for one in group))

    def _card(self, one: Untold) -> Card:
        assert isinstance(one.event, Escalated)  # noqa: S101 - only those come here
        card = wake_card(self._describe(one.incident), one.incident, one.event.reason)
        return replace(card, parts=(*card.parts, Link("Open", self._page(one.incident))))

    def _many(self, escalated: Sequence[Untold]) -> Card:
        first = escalated[0]
        card = self._card(first)
        title = f"{len(escalated)} incidents were escalated since {clock(first.event.at)}"
        return replace(card, title=f"{title}, first: {card.title}")
