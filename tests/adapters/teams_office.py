"""A program with nothing but Teams in it, and somebody who answers as the test wants."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Button, Card, Facts, Field, Form, Kind, Link, Text, Tone
from adapters.chat.pace import Rate
from adapters.chat.platform import Platform, Ref
from adapters.chat.teams.limits import RATES
from adapters.chat.teams.platform import Registration, TeamsChat
from engine.ports import Cursors
from storage.memory import MemoryCursors
from tests.adapters.clerk import Clerk
from tests.servers.adaptive_cards import violations
from tests.servers.entra import Entra, entra
from tests.servers.teams.company import BOT_NAME, PEOPLE
from tests.servers.teams.reading import words
from tests.servers.teams.shown import Message
from tests.servers.teams_connector import Teams, connector, served


@dataclass
class Office(Clerk):
    teams: Teams
    cursors: Cursors = field(default_factory=MemoryCursors)
    rates: Mapping[str, Sequence[Rate]] = field(default_factory=lambda: RATES)

    def chat(self, registration: Registration | None = None) -> TeamsChat:
        known = registration or registered(self.teams.microsoft, self.teams)
        return TeamsChat(
            known, self.deliveries, self.inbox, self.cursors, self.clock, rates=self.rates, jitter=lambda: 0.0
        )

    @asynccontextmanager
    async def open(self, registration: Registration | None = None) -> AsyncIterator[TeamsChat]:
        """The program, running; Teams knows its address."""
        chat = self.chat(registration)
        app = web.Application()
        chat.mount(app, self.handle)
        async with served(app) as url:
            self.teams.serves(f"{url}/api/messages")
            yield chat


class World:
    """The company as the contract of all platforms wants it: alice, and the channel in which all can read."""

    room = Room("incidents")
    person = PEOPLE["alice"].aad

    def __init__(self, office: Office) -> None:
        self.office = office
        self.asks = office.asks

    def platform(self) -> Platform:
        return self.office.chat()

    async def close(self, platform: Platform) -> None:
        await platform.close()  # type: ignore[attr-defined] # it is the one from above

    async def roots(self, room: Room) -> list[str]:
        """What the bot said there."""
        teams = self.office.teams
        return [words(one) for one in teams.messages(room) if one.by == BOT_NAME]

    async def replies(self, ref: Ref) -> list[str]:
        return [words(one) for one in self.office.teams.thread(ref.room, ref.message)]

    async def says(self, text: str) -> None:
        answer = await self.office.teams.person("alice").says(text, self.room)
        assert answer
        assert answer.status == 200

    async def sees(self, text: str) -> bool:
        teams = self.office.teams
        rooms = [teams.channel(self.room), teams.personal("alice")]
        shown = [words(one) for one in teams.messages_by_id.values() if one.place in rooms and one.by == BOT_NAME]
        return any(text in one for one in shown)


@asynccontextmanager
async def world(answers: Callable[[Ask], Card]) -> AsyncIterator[World]:
    with entra() as microsoft:
        async with connector(microsoft) as teams:
            office = Office(teams, answers=answers)
            async with office.open():
                await teams.installs("channel")
                yield World(office)
            assert [one for card in teams.cards for one in violations(card)] == []


def registered(microsoft: Entra, teams: Teams) -> Registration:
    return Registration(
        microsoft.app_id,
        microsoft.app_password,
        microsoft.tenant,
        openid=microsoft.openid,
        login=microsoft.token_url,
        service_url=teams.service_url,
    )


def said_in(messages: list[Message]) -> list[str]:
    return [words(one) for one in messages]


async def answered(teams: Teams, look: Callable[[], list[Message]]) -> str:
    """The newest answer, once there is one."""
    return words((await teams.until(look))[-1])


INCIDENTS = Room("incidents")
REJECT = Form("Reject …", "reject 17", (Field("why", "Why not?"),))
CHANGE = Form(
    "Change and approve …",
    "approve 17 0badc0de",
    (
        Field("days_old", "Days", kind=Kind.INTEGER, default="14", hint="At least 7."),
        Field("path", "Path", default="/var/log/my app"),
        Field("mode", "How", kind=Kind.CHOICE, choices=("archive", "delete"), default="archive"),
    ),
    named=True,
)
INCIDENT = Card(
    "#17 The disk is full",
    (
        Text("disk of host db-1: 100 %"),
        Facts((("Host", "db-1"), ("Owner", "-"))),
        Button("Approve", "approve 17 0badc0de", primary=True),
        Button("Kill", "kill 17", danger=True, confirm="Kill it? Risk: high."),
        REJECT,
        CHANGE,
        Link("Open", "https://oncall.test/incidents/17"),
    ),
    tone=Tone.WAITING,
)

logging.getLogger("teams").setLevel(logging.INFO)
