"""What every chat platform promises: a card stands once, changes in place, and whoever asks is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import pytest

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Button, Card, Code, Divider, Facts, Field, Form, Link, Text, Tone
from adapters.chat.platform import Platform, Ref
from adapters.chat.web.platform import WebChat
from bot.platforms import PLATFORMS
from engine.errors import NotFound
from tests.adapters import slack_office, teams_office, web_office
from tests.clock import FakeClock
from tests.servers.slack import slack, words
from tests.waiting import PATIENCE

HOSTILE = (
    "<!channel> <@U1> <script>alert(1)</script> **b** [x](javascript:1) \u202eevil \x1b[31mred \x00 \ud800 <at>x</at>"
)
FULL = Card(
    f"title {HOSTILE}",
    (
        Text(HOSTILE),
        Text("", quiet=True),
        Facts((("DAG", "daily_sales"), ("", "-"), (HOSTILE, HOSTILE))),
        Code(f"{HOSTILE}\n" * 4000, "log"),
        Divider(),
        *(Button(f"do {number}", f"do {number}", confirm="Sure?") for number in range(30)),
        Link("wiki", "https://wiki.example.com/?a=1&b=2"),
        Form("Reject…", "reject 17", (Field("reason", "Reason"),)),
    ),
    tone=Tone.BAD,
)


class World(Protocol):
    """One platform with people on it. ``asks`` is what reached us; every ask is answered with ``answer``."""

    room: Room
    person: str
    asks: list[Ask]

    def platform(self) -> Platform:
        """A new one with the same memory, as after a restart; it need not be mounted."""

    async def close(self, platform: Platform) -> None: ...

    async def roots(self, room: Room) -> list[str]:
        """What stands in the room, oldest first, without what stands in threads."""

    async def replies(self, ref: Ref) -> list[str]: ...

    async def says(self, text: str) -> None:
        """The person says it where everybody in the room can see it."""

    async def sees(self, text: str) -> bool:
        """The person can see such an answer, wherever it is."""


def answer(ask: Ask) -> Card:
    return Card(f"You said {ask.text}", private=ask.verb == "secret")


class WebWorld:
    room = web_office.ROOM
    person = "alice"

    def __init__(self, office: web_office.Office) -> None:
        self.office = office
        self.asks = office.asked

    def platform(self) -> Platform:
        return WebChat(
            self.office.posts, self.office.sign_in, hosts=["127.0.0.1"], address="https://oncall.example.com"
        )

    async def close(self, platform: Platform) -> None: ...

    async def roots(self, room: Room) -> list[str]:
        return [post.body for post in await self.office.posts.room(room, thread="") if not post.only_for]

    async def replies(self, ref: Ref) -> list[str]:
        return [post.body for post in await self.office.posts.room(ref.room, thread=ref.message)]

    async def says(self, text: str) -> None:
        async with web_office.visit(self.office, self.person) as browser:
            assert (await web_office.say(browser, text)).status < 400

    async def sees(self, text: str) -> bool:
        async with web_office.visit(self.office, self.person) as browser:
            return text in await web_office.read(browser)


class OfficeOfTheContract(web_office.Office):
    async def handle(self, ask: Ask) -> Card:
        self.asked.append(ask)
        return answer(ask)


class SlackWorld:
    room = Room("incidents")

    def __init__(self, office: slack_office.Office) -> None:
        self.office = office
        self.acme = office.slack
        self.asks = office.asks
        self.person = self.acme.users["alice"]

    def platform(self) -> Platform:
        return self.office.chat()

    async def close(self, platform: Platform) -> None:
        await platform.close()  # type: ignore[attr-defined] # it is the one from above

    async def roots(self, room: Room) -> list[str]:
        return [words(one) for one in await self.acme.messages(room)]

    async def replies(self, ref: Ref) -> list[str]:
        return [words(one) for one in await self.acme.thread(ref.room, ref.message)]

    async def says(self, text: str) -> None:
        assert (await self.acme.person("alice").mention(text, self.room)).status == 200

    async def sees(self, text: str) -> bool:
        found = [words(one) for one in self.acme.ephemerals("alice")]
        for one in await self.acme.messages(self.room):
            found += [words(reply) for reply in await self.acme.thread(self.room, one["ts"])]
        return any(text in one for one in found)


@asynccontextmanager
async def on_the_web() -> AsyncIterator[World]:
    async with web_office.opened(OfficeOfTheContract(FakeClock())) as office:
        yield WebWorld(office)


@asynccontextmanager
async def on_slack() -> AsyncIterator[World]:
    async with slack() as acme:
        office = slack_office.Office(acme, answers=answer)
        async with office.open():
            yield SlackWorld(office)
        assert acme.api.violations == []


@asynccontextmanager
async def on_teams() -> AsyncIterator[World]:
    async with teams_office.world(answer) as world:
        yield world


WORLDS: dict[str, Callable[[], AbstractAsyncContextManager[World]]] = {
    "web": on_the_web,
    "slack": on_slack,
    "teams": on_teams,
}


@pytest.fixture(params=[pytest.param(name, marks=[pytest.mark.real] * (name != "web")) for name in WORLDS])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with WORLDS[request.param]() as opened:
        yield opened


@pytest.fixture
async def platform(world: World) -> AsyncIterator[Platform]:
    made = world.platform()
    yield made
    await world.close(made)


async def until(look: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not look():
            await asyncio.sleep(0.02)


def test_every_platform_of_the_table_is_held_to_it() -> None:
    assert set(PLATFORMS) <= set(WORLDS), "a new platform needs its world here"


async def test_a_card_stands_where_it_was_posted_and_changes_in_place(world: World, platform: Platform) -> None:
    ref = await platform.post(world.room, Card("the disk is full"), key="17")
    await platform.post(world.room, Card("another"), key="18")
    await platform.update(ref, Card("the disk is well"))
    first, second = await world.roots(ref.room)
    assert "the disk is well" in first
    assert "the disk is full" not in first
    assert "another" in second


async def test_the_same_key_stands_once(world: World, platform: Platform) -> None:
    refs = await asyncio.gather(*(platform.post(world.room, Card("once"), key="17") for _ in range(3)))
    later = world.platform()
    refs.append(await later.post(world.room, Card("once"), key="17"))
    await world.close(later)
    assert len(set(refs)) == 1
    assert len(await world.roots(refs[0].room)) == 1


async def test_steps_stand_in_their_thread_in_order(world: World, platform: Platform) -> None:
    ref = await platform.post(world.room, Card("incident"), key="17")
    other = await platform.post(world.room, Card("other"), key="18")
    for number in range(3):
        step = await platform.post(ref.room, Card(f"step {number}"), key=f"17-{number}", thread=ref)
    await platform.update(step, Card("step 2, done"))
    replies = await world.replies(ref)
    assert [f"step {number}" in text for number, text in enumerate(replies)] == [True, True, True]
    assert "step 2, done" in replies[2]
    assert await world.replies(other) == []
    assert len(await world.roots(ref.room)) == 2


async def test_one_person_is_spoken_to_alone(world: World, platform: Platform) -> None:
    room = await platform.direct(world.person)
    assert room != world.room
    assert await platform.direct(world.person) == room
    ref = await platform.post(room, Card("wake up"), key="17-wake")
    await platform.update(ref, Card("sleep well"))
    assert "sleep well" in (await world.roots(ref.room))[-1]
    assert await world.roots(world.room) == []


async def test_what_is_not_there_cannot_change(world: World, platform: Platform) -> None:
    ref = await platform.post(world.room, Card("here"), key="17")
    with pytest.raises(NotFound):
        await platform.update(Ref(ref.room, "1700000000.000001"), Card("gone"))


async def test_a_link_leads_to_the_card_or_nowhere(world: World, platform: Platform) -> None:
    ref = await platform.post(world.room, Card("here"), key="17")
    assert platform.link(ref) == "" or platform.link(ref).startswith("https://")


async def test_any_card_can_be_shown_and_nothing_in_it_acts(world: World, platform: Platform) -> None:
    ref = await platform.post(world.room, FULL, key="17")
    await platform.update(ref, FULL)
    await platform.post(ref.room, Card(""), key="18", thread=ref)
    assert len(await world.replies(ref)) == 1


async def test_who_asks_is_answered(world: World) -> None:
    await world.says("list open")
    await until(lambda: world.asks)
    [ask] = world.asks
    assert (ask.text, ask.identity) == ("list open", world.person)
    assert ask.platform in WORLDS
    assert ask.name
    async with asyncio.timeout(PATIENCE):
        while not await world.sees("You said list open"):
            await asyncio.sleep(0.05)


async def test_a_private_answer_is_for_one_pair_of_eyes(world: World) -> None:
    await world.says("secret")
    async with asyncio.timeout(PATIENCE):
        while not await world.sees("You said secret"):
            await asyncio.sleep(0.05)
    everywhere = await world.roots(world.asks[0].room)
    assert not any("You said secret" in text for text in everywhere)
