"""Microsoft Teams on this machine without the Playground: in milliseconds, with every refusal and fault of the real one.

    with entra() as microsoft:
        async with connector(microsoft) as teams:
            teams.serves("http://127.0.0.1:…/api/messages")

Everything else is as tests/servers/playground.py says: the same people, the same readers, the same faults. What the real
connector does and this one therefore does too:

- wants the bot's own token for everything (401), and knows only what it gave (``microsoft.revoke()`` ends them);
- 403 BotNotInConversationRoster where the app is not installed, ForbiddenOperationException where a one-to-one
  conversation is wanted with somebody who has no access to it, MessageWritesBlocked (JSON in a text) once blocked;
- 404 for unknown conversations, threads and messages; 413 above 100 KB of UTF-16; 400 for empty messages, for mentions that
  are not in the text, for unknown people and for another tenant;
- 429 when more is sent to a conversation than Teams takes (``teams.is_patient = True`` turns that off);
- members by page (``teams.page_size``), by either id or principal name; guests say so (userRole, tenantId);
- a new post in a channel is a thread of its own, whose id has ``;messageid=``; a group chat has no threads.

``dave`` is neither in the team nor has he the app: nobody can be told less than he.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import aiohttp
from aiohttp import web

from tests.servers import adaptive_cards
from tests.servers.entra import Entra
from tests.servers.lived import lived
from tests.servers.teams import activities
from tests.servers.teams.activities import Activity
from tests.servers.teams.answers import misunderstood
from tests.servers.teams.company import BOT_ID, BOT_NAME, CHANNELS, GROUP, PEOPLE, TEAM, Member, kind, root
from tests.servers.teams.people import Person
from tests.servers.teams.reading import words
from tests.servers.teams.refusals import Fault, Pace
from tests.servers.teams.routes import PREFIX, Routes
from tests.servers.teams.shown import Call, Delivered, Message
from tests.waiting import PATIENCE

SIGNED = "signed"
T = TypeVar("T")


class Behind(Protocol):
    """Who gives messages their ids and makes activities of what people do: the Playground, or nobody but us."""

    async def sends(self, where: str, activity: Mapping[str, Any]) -> str: ...

    async def updates(self, message: Message, activity: Mapping[str, Any]) -> None: ...

    async def says(self, who: Member, where: str, text: str, *, mention: bool) -> Delivered | None: ...

    async def invokes(self, who: Member, message: Message, value: Mapping[str, Any]) -> Delivered: ...

    async def submits(self, who: Member, message: Message, value: Mapping[str, Any]) -> Delivered: ...


@dataclass
class Teams:
    """A company's Teams; see tests/servers/playground.py."""

    microsoft: Entra
    service_url: str = ""
    endpoint: str = ""
    browser_url: str = ""
    page_size: int = 200
    is_patient: bool = False
    calls: list[Call] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    messages_by_id: dict[tuple[str, str], Message] = field(default_factory=dict)
    installed: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    answered: dict[str, list[Delivered]] = field(default_factory=dict)
    personals: dict[str, str] = field(default_factory=lambda: {key: f"a:personal-{key}" for key in PEOPLE})
    in_group: tuple[str, ...] = ("alice", "bob", "cleo", "mallory")
    bot_id: str = BOT_ID
    group: str = GROUP
    team: str = TEAM
    channels: dict[str, str] = field(default_factory=lambda: dict(CHANNELS))
    """Their ids, by name."""
    sits_there: Callable[[str], None] = field(default=lambda _: None)
    _pace: Pace = field(default_factory=Pace)
    _behind: Behind | None = None

    def __post_init__(self) -> None:
        self.installed |= {TEAM, GROUP, *(self.personals[key] for key in self.in_group)}

    @property
    def behind(self) -> Behind:
        assert self._behind is not None
        return self._behind

    @property
    def pace(self) -> Pace:
        return Pace() if self.is_patient else self._pace

    @property
    def tenant(self) -> str:
        return self.microsoft.tenant

    @property
    def app_id(self) -> str:
        return self.microsoft.app_id

    def stands_before(self, behind: Behind) -> None:
        self._behind = behind

    def serves(self, endpoint: str) -> None:
        """Where the bot listens, ``…/api/messages``."""
        self.endpoint = endpoint

    # Who and where.

    def person(self, key: str) -> Person:
        return Person(self, PEOPLE[key])

    def personal(self, key: str) -> str:
        return self.personals[key]

    def renames(self, key: str, conversation: str) -> None:
        """A personal conversation gets the id that the Playground made."""
        old = self.personals[key]
        if old in self.installed:
            self.installed = self.installed - {old} | {conversation}
        self.personals[key] = conversation

    def channel(self, name: str) -> str:
        return self.channels[name]

    def in_team(self) -> tuple[str, ...]:
        return ("alice", "bob", "cleo", "mallory", "gina") if TEAM in self.installed else ()

    def conversation(self, scope: str, key: str = "alice") -> str:
        """From "personal", "group", "channel", a channel's name, or an id."""
        named = {"personal": self.personals[key], "group": GROUP, "channel": self.channel("incidents"), **self.channels}
        return named.get(scope, scope)

    def knows(self, conversation: str) -> bool:
        return conversation in {GROUP, *self.channels.values(), *self.personals.values()}

    def top(self, conversation: str) -> str:
        """Where the app is installed: a team has it as a whole."""
        return TEAM if kind(conversation) == "channel" else conversation

    # What is said.

    async def deliver(self, activity: Activity, header: str | None = SIGNED) -> Delivered:
        """Give the bot an activity. ``header`` is its Authorization; None sends none."""
        activity = {"serviceUrl": self.service_url, **activity}
        signed = self.microsoft.header(activity["serviceUrl"]) if header == SIGNED else header
        headers = {} if signed is None else {"Authorization": signed}
        began = lived()
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as client,
                client.post(self.endpoint, json=activity, headers=headers) as answer,
            ):
                status, text = answer.status, await answer.text()
        except TimeoutError:
            status, text = 504, ""
        delivered = Delivered(status, text, lived() - began, activity)
        self.deliveries.append(delivered)
        return delivered

    async def installs(self, scope: str) -> list[Delivered]:
        """Somebody adds the app to the group chat or to the team."""
        where = self.conversation(scope)
        self.installed.add(self.top(where))
        alice = PEOPLE["alice"]
        added = activities.members_changed(alice, where, [BOT_ID], added=True)
        return [await self.deliver(activities.installation(alice, where, "add")), await self.deliver(added)]

    async def uninstalls(self, scope: str) -> Delivered:
        where = self.conversation(scope)
        self.installed.discard(self.top(where))
        return await self.deliver(activities.installation(PEOPLE["alice"], where, "remove"))

    # What stands there.

    def kept(self, message: Message) -> Message:
        self.messages_by_id[message.place, message.id] = message
        return message

    def keeps(self, where: str, *, by: str, text: str, id_: str = "") -> Message:
        """Something a person wrote; in a channel it begins a thread unless it stands in one."""
        id_ = id_ or fresh_id()
        new_post = kind(where) == "channel" and where == root(where)
        activity = {"type": "message", "text": text}
        return self.kept(Message(id_, f"{where};messageid={id_}" if new_post else where, by, activity))

    def messages(self, scope: str) -> list[Message]:
        where = root(self.conversation(scope))
        return [one for one in self.messages_by_id.values() if one.place == where and one.is_root and not one.deleted]

    def thread(self, scope: str, first: str) -> list[Message]:
        where = root(self.conversation(scope))
        found = (one for one in self.messages_by_id.values() if one.place == where and one.thread == first)
        return [one for one in found if one.id != first and not one.deleted]

    def direct_messages(self, key: str) -> list[Message]:
        return self.messages(self.personals[key])

    def latest(self, scope: str) -> Message:
        """The bot's newest message in a conversation, in whatever thread."""
        where = root(self.conversation(scope))
        return [one for one in self.messages_by_id.values() if one.place == where and one.by == BOT_NAME][-1]

    def now(self, message: Message) -> Message:
        """The message as it stands now."""
        return self.messages_by_id[message.place, message.id]

    def seen_by(self, key: str, message: Message) -> dict[str, Any] | None:
        now = self.now(message)
        return now.own_views.get(key, now.card)

    def shows(self, key: str, message: Message, delivered: Delivered) -> None:
        """An invoke's answer: a card replaces this person's view, a text is shown to them alone."""
        self.answered.setdefault(key, []).append(delivered)
        if delivered.card is not None and (message.place, message.id) in self.messages_by_id:
            self.now(message).own_views[key] = delivered.card

    def private(self, key: str) -> list[Delivered]:
        return self.answered.get(key, [])

    @property
    def cards(self) -> list[dict[str, Any]]:
        """Every card that the bot ever showed."""
        bodies = [call.body for call in self.calls if call.method in {"POST", "PUT"} and isinstance(call.body, dict)]
        messages = [Message("", "", "", body.get("activity", body)) for body in bodies]
        answered = [one.card for one in self.deliveries]
        return [card for card in [*(one.card for one in messages), *answered] if card is not None]

    @property
    def violations(self) -> list[str]:
        """What Teams would refuse, not understand or draw wrong in all that the bot showed and answered."""
        drawn = [f"{said} in {words(card)[:60]!r}" for card in self.cards for said in adaptive_cards.violations(card)]
        return [*drawn, *(said for one in self.deliveries for said in misunderstood(one))]

    # Faults.

    def fails(
        self,
        status: int,
        *,
        times: int | None = 1,
        method: str = "",
        within: str = "",
        retry_after: float | None = None,
    ) -> None:
        self.faults.append(Fault(status, times, method, within, retry_after))

    def swallows(self, *, times: int | None = 1, method: str = "", within: str = "") -> None:
        self.faults.append(Fault(0, times, method, within, swallow=True))

    def heals(self) -> None:
        self.faults.clear()

    def blocks(self, key: str) -> None:
        self.blocked.add(self.personals[key])

    def unblocks(self, key: str) -> None:
        self.blocked.discard(self.personals[key])

    async def until(self, seen: Callable[[], T]) -> T:
        """Wait until something is true, and return it."""
        async with asyncio.timeout(PATIENCE):
            while not (value := seen()):
                await asyncio.sleep(0.02)
        return value


@dataclass
class Memory:
    """Behind the connector stands nobody else."""

    teams: Teams

    async def sends(self, where: str, activity: Mapping[str, Any]) -> str:
        return fresh_id()

    async def updates(self, message: Message, activity: Mapping[str, Any]) -> None:
        return None

    async def says(self, who: Member, where: str, text: str, *, mention: bool) -> Delivered | None:
        written = self.teams.keeps(where, by=who.key, text=text)
        if kind(where) != "personal" and not mention:
            return None
        said = activities.message(who, written.conversation, text, mention=mention, id_=written.id)
        return await self.teams.deliver(said)

    async def invokes(self, who: Member, message: Message, value: Mapping[str, Any]) -> Delivered:
        sent = activities.press(who, message.conversation, message.id, value["action"], trigger=value["trigger"])
        return await self.teams.deliver(sent)

    async def submits(self, who: Member, message: Message, value: Mapping[str, Any]) -> Delivered:
        return await self.teams.deliver(activities.submit(who, message.conversation, message.id, value))


_ids = itertools.count(int(time.time() * 1000))


def fresh_id() -> str:
    """Teams names messages by the millisecond."""
    return str(next(_ids))


@asynccontextmanager
async def connector(microsoft: Entra) -> AsyncIterator[Teams]:
    teams = Teams(microsoft)
    teams.stands_before(Memory(teams))
    async with served(Routes(teams).app()) as url:
        teams.service_url = f"{url}{PREFIX}/"
        yield teams


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
