"""Somebody who answers as the test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from adapters.chat.ask import Ask
from adapters.chat.card import Card, Text
from adapters.chat.inbox import Inbox
from adapters.chat.outbox import Deliveries
from bot.clock import SystemClock
from engine.ports import Clock
from storage.memory import MemoryDeliveries, MemoryInbox


def said(ask: Ask) -> Card:
    return Card(f"You said {ask.text}", (Text("That is all."),), private=ask.verb != "list")


def _open() -> asyncio.Event:
    door = asyncio.Event()
    door.set()
    return door


@dataclass(kw_only=True)
class Clerk:
    """``answers`` may be exchanged while it runs; ``slow`` are the seconds that each answer takes, none comes while the ``door`` is shut."""

    inbox: Inbox = field(default_factory=MemoryInbox)
    deliveries: Deliveries = field(default_factory=MemoryDeliveries)
    clock: Clock = field(default_factory=SystemClock)
    answers: Callable[[Ask], Card] = said
    slow: float = 0.0
    door: asyncio.Event = field(default_factory=_open)
    asks: list[Ask] = field(default_factory=list)

    async def handle(self, ask: Ask) -> Card:
        self.asks.append(ask)
        await asyncio.sleep(self.slow)
        await self.door.wait()
        return self.answers(ask)

    @property
    def texts(self) -> list[str]:
        return [ask.text for ask in self.asks]
