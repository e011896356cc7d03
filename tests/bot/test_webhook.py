"""A webhook is told of escalations, of nothing else, and nothing can be approved through it."""

from __future__ import annotations

import pytest

from adapters.chat.card import Card, Link
from adapters.chat.teams.workflows import payload
from bot.cards import incident_card
from bot.webhook import LISTENER, WebhookTeller
from engine import group
from engine.desk import Desk
from engine.errors import Unreachable
from engine.events import Escalated
from engine.model import Entry
from storage.memory import MemoryIncidents
from tests.clock import FakeClock
from tests.engine.desks import DETECTOR, Machine, entry, settle


class Hook:
    """What was posted, and what becomes of the first posts: None is one that arrives."""

    def __init__(self, *failures: Unreachable | None) -> None:
        self.posted: list[Card] = []
        self.failures = list(failures)
        self.clock = FakeClock()
        ids = iter(f"{number:032x}"[::-1] for number in range(1000))
        memory = MemoryIncidents((LISTENER,))
        self.desk = Desk(memory, DETECTOR, {"airflow": Machine()}, self.clock, lambda: next(ids))
        self.teller = WebhookTeller(
            memory,
            self.post,
            incident_card,
            lambda incident: f"https://oncall.example.com/{incident.number}",
            at_most=3,
        )

    async def post(self, card: Card) -> None:
        failure = self.failures.pop(0) if self.failures else None
        if failure:
            raise failure
        self.posted.append(card)

    async def escalate(self, *dags: str) -> None:
        for dag in dags:
            entries = [Entry(entry().text.replace("orders", dag), f"/logs/{dag}.log", 0)]
            [incident] = await group.hear(self.desk, entries)
            await settle(self.desk, incident)
            await self.desk.record_fact(incident.id, Escalated(self.clock.now(), "ada", "Nobody has answered."))


async def test_an_escalation_is_posted_once_with_a_link_and_nothing_to_press() -> None:
    hook = Hook()
    await hook.escalate("orders")
    await hook.teller.tell()
    await hook.teller.tell()
    [card] = hook.posted
    assert "orders.transform ran into its timeout" in card.title
    assert Link("Open", "https://oncall.example.com/1") in card.parts
    sent = str(payload(card, "https://prod.logic.azure.com/x"))
    assert "approve" not in sent.lower().replace("approval", "")


async def test_what_is_not_escalated_is_not_posted_and_not_left_waiting() -> None:
    hook = Hook()
    [incident] = await group.hear(hook.desk, [entry()])
    await settle(hook.desk, incident)
    await hook.teller.tell()
    assert hook.posted == []
    assert await hook.desk.incidents.untold(LISTENER) == []


async def test_what_was_posted_is_not_posted_again_when_the_next_one_fails() -> None:
    hook = Hook(None, Unreachable("busy"))
    await hook.escalate("orders", "bills")
    with pytest.raises(Unreachable):
        await hook.teller.tell()
    await hook.teller.tell()
    assert ["orders" in one.title for one in hook.posted] == [True, False]


async def test_many_at_once_are_one_post() -> None:
    hook = Hook()
    await hook.escalate(*(f"dag_{number}" for number in range(9)))
    await hook.teller.tell()
    [card] = hook.posted
    assert card.title.startswith("9 incidents were escalated since 03:00:00 UTC")


async def test_an_address_that_is_busy_is_told_later_and_one_that_refuses_keeps_nothing_back() -> None:
    hook = Hook(Unreachable("busy"))
    await hook.escalate("orders")
    with pytest.raises(Unreachable, match="busy"):
        await hook.teller.tell()
    await hook.teller.tell()
    assert len(hook.posted) == 1
    hook = Hook(Unreachable("gone", temporary=False))
    await hook.escalate("orders")
    with pytest.raises(Unreachable, match="gone"):
        await hook.teller.tell()
    await hook.teller.tell()
    assert hook.posted == []
