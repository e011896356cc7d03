"""Posts leave once, in order and no faster than a platform takes them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from adapters.chat.ask import Room
from adapters.chat.outbox import Busy, Outbox, Unsure
from adapters.chat.pace import Pace, Rate
from adapters.chat.platform import Ref
from storage.memory import MemoryDeliveries
from tests.clock import FakeClock

ONE, TWO = Room("C1"), Room("C2")
RATES = {"post": (Rate(1, 1.0, each_room=True),), "update": (Rate(3, 60.0),)}


async def test_each_room_has_its_own_second() -> None:
    clock = FakeClock()
    pace, began = Pace(RATES, clock), clock.now()
    await pace.turn("post", ONE)
    await pace.turn("post", TWO)
    assert clock.now() == began
    await pace.turn("post", ONE)
    assert (clock.now() - began).total_seconds() == pytest.approx(1)


async def test_a_rate_of_all_rooms_counts_all_rooms() -> None:
    clock = FakeClock()
    pace, began = Pace(RATES, clock), clock.now()
    for room in (ONE, TWO, ONE, TWO):
        await pace.turn("update", room)
    assert (clock.now() - began).total_seconds() == pytest.approx(60)


async def test_what_has_no_rate_never_waits() -> None:
    clock = FakeClock()
    pace, began = Pace(RATES, clock), clock.now()
    for _ in range(100):
        await pace.turn("open", ONE)
    assert clock.now() == began


async def test_many_at_once_keep_the_rate() -> None:
    clock = FakeClock()
    pace, turns = Pace(RATES, clock), []

    async def call() -> None:
        await pace.turn("post", ONE)
        turns.append(clock.now().timestamp())

    await asyncio.gather(*(call() for _ in range(5)))
    assert all(later - earlier >= 1 for earlier, later in pairwise(turns))


class Vendor:
    """A platform that refuses the first calls with the errors it was given."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.posts: list[str] = []

    def sending(self, text: str, *, arrives: bool = False) -> Callable[[], Awaitable[str]]:
        async def send() -> str:
            error = self.errors.pop(0) if self.errors else None
            if error is None or arrives:
                self.posts.append(text)
            if error:
                raise error
            return f"m{len(self.posts)}"

        return send

    def finding(self, text: str) -> Callable[[], Awaitable[str]]:
        async def find() -> str:
            return f"m{self.posts.index(text) + 1}" if text in self.posts else ""

        return find


def outbox(clock: FakeClock) -> Outbox:
    return Outbox("slack", MemoryDeliveries(), Pace(RATES, clock))


async def test_the_same_key_is_sent_once() -> None:
    out, vendor = outbox(FakeClock()), Vendor()
    refs = [await out.post(ONE, "k", vendor.sending("a"), vendor.finding("a")) for _ in range(3)]
    assert vendor.posts == ["a"]
    assert refs == [Ref(ONE, "m1")] * 3


async def test_who_is_asked_to_wait_waits_as_long_and_sends_then() -> None:
    clock = FakeClock()
    began = clock.now()
    out, vendor = outbox(clock), Vendor(Busy("wait", 30), Busy("wait", 5))
    await out.post(ONE, "k", vendor.sending("a"), vendor.finding("a"))
    assert vendor.posts == ["a"]
    assert (clock.now() - began).total_seconds() >= 35


async def test_what_may_have_arrived_is_looked_for_before_it_is_sent_again() -> None:
    out, vendor = outbox(FakeClock()), Vendor(Unsure("no answer"))
    with pytest.raises(Unsure):
        await out.post(ONE, "k", vendor.sending("a", arrives=True), vendor.finding("a"))
    assert await out.post(ONE, "k", vendor.sending("a"), vendor.finding("a")) == Ref(ONE, "m1")
    assert vendor.posts == ["a"]


async def test_what_did_not_arrive_is_sent_again() -> None:
    out, vendor = outbox(FakeClock()), Vendor(Unsure("no answer"))
    with pytest.raises(Unsure):
        await out.post(ONE, "k", vendor.sending("a"), vendor.finding("a"))
    await out.post(ONE, "k", vendor.sending("a"), vendor.finding("a"))
    assert vendor.posts == ["a"]
