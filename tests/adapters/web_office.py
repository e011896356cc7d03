"""A small office around the web chat: three people, posts in memory, and an agent that answers with real cards."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from aiohttp import ClientResponse, ClientSession, CookieJar, web

from adapters.chat.ask import Ask, Room
from adapters.chat.card import Button, Card, Code, Facts, Field, Form, Kind, Link, Text, Tone
from adapters.chat.platform import Ref
from adapters.chat.web.lines import Completion
from adapters.chat.web.memory import MemoryPosts
from adapters.chat.web.platform import WebChat
from adapters.chat.web.routes import DemoPerson
from adapters.chat.web.sign_in import SignIn
from engine.model import Account, Role
from storage.memory import MemoryCursors
from tests.clock import FakeClock
from tests.waiting import PATIENCE

ROOM = Room("incidents")
HERE = "/chat/incidents"
OURS = {"Sec-Fetch-Site": "same-origin"}
"""What a browser adds to what our own page sends."""

ALICE = Account("1", "alice", "Alice Kim", "alice@example.com", Role.RESPONDER)
BOB = Account("2", "bob", "Bob Osei", "bob@example.com", Role.APPROVER)
GONE = Account("3", "gone", "Gina Gone", "gina@example.com", Role.ADMIN, is_active=False)
DEMO = (DemoPerson("alice", "Alice Kim", "asks for things"), DemoPerson("bob", "Bob Osei", "approves them"))
COMMANDS = (
    Completion("help", "What I can do"),
    Completion("status", "What is going on now"),
    Completion("approve <number>", "Let me run the proposed action"),
    Completion("apply <file>", "Learn from a file"),
    Completion("secret", "Only you see the answer"),
)
LOG_LINE = "[2026-11-21T03:12:44.120+0000] {taskinstance.py:3313} ERROR - Task failed with exception"
TRACE = "\n".join(
    [
        LOG_LINE,
        "Traceback (most recent call last):",
        *(f'  File "/opt/airflow/dags/daily_sales.py", line {40 + n}, in step_{n}' for n in range(14)),
        "airflow.exceptions.AirflowTaskTimeout: Timeout, PID: 4211",
    ]
)


NOW = datetime(2026, 11, 21, 9, 16, tzinfo=UTC)


class OfficePeople:
    def __init__(self) -> None:
        self.came: dict[str, datetime] = {}
        self.switched_off: set[str] = set()

    async def seen(self, account_id: str, at: datetime) -> None:
        self.came[account_id] = at

    async def named(self, username: str) -> Account | None:
        account = {one.username: one for one in (ALICE, BOB, GONE)}.get(username)
        return replace(account, is_active=False) if account and username in self.switched_off else account


def timed_out() -> Card:
    return Card(
        "#1 Airflow task transform timed out",
        (
            Facts(
                (
                    ("DAG", "daily_sales"),
                    ("Run", "scheduled__2026-11-21T03:00:00+00:00"),
                    ("Task", "transform"),
                    ("Try", "1 of 1"),
                    ("Seen", "3 times since 03:12"),
                )
            ),
            Code("AirflowTaskTimeout: Timeout, PID: 4211", "daily_sales/transform, attempt 1"),
            Text("The task ran longer than its execution_timeout of 10 minutes. The input was 4 times its usual size."),
            Text("I propose to clear the task so that it runs again. This worked 7 of 9 times here."),
            Button(
                "Approve",
                "approve 1",
                primary=True,
                confirm="Clear the task transform of daily_sales and run it again?",
            ),
            Form("Reject …", "reject 1", (Field("reason", "Why not?", kind=Kind.LONG),)),
            Button("Acknowledge", "ack 1"),
            Link("Open in Airflow", "https://airflow.example.com/dags/daily_sales"),
        ),
        Tone.WAITING,
    )


def mended() -> Card:
    return Card(
        "#1 Airflow task transform timed out",
        (Facts((("Approved by", "Bob Osei"), ("Mended in", "2 min 10 s"))), Text("The task ran again and succeeded.")),
        Tone.GOOD,
    )


@dataclass
class Office:
    """``asked`` is all that reached the agent."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    demo_people: Sequence[DemoPerson] = ()
    asked: list[Ask] = field(default_factory=list)
    patience: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""
    address: str = ""
    runner: web.AppRunner | None = None

    def __post_init__(self) -> None:
        self.posts = MemoryPosts(self.clock)
        self.people, self.kept = OfficePeople(), MemoryCursors()
        self.sign_in = SignIn(self.people, self.clock, self.kept, secret="a secret of this office")
        self.chat = WebChat(
            self.posts,
            self.sign_in,
            hosts=["127.0.0.1", "localhost"],
            commands=COMMANDS,
            demo_people=self.demo_people,
            address=self.address,
        )

    async def handle(self, ask: Ask) -> Card:
        self.asked.append(ask)
        match ask.verb:
            case "help":
                return Card("What I can do", (Facts(tuple((one.usage, one.help) for one in COMMANDS)),))
            case "approve":
                await self.chat.update(Ref(ROOM, "INC-1"), mended())
                return Card("Approved. I clear the task now.", tone=Tone.WORKING)
            case "secret":
                return Card("Your secret is 4711", tone=Tone.BAD, private=True)
            case "wait":
                await self.patience.wait()
        return Card(f"You said: {ask.text}")

    def app(self) -> web.Application:
        app = web.Application()
        self.chat.mount(app, self.handle)
        return app

    async def stop(self) -> None:
        assert self.runner is not None
        await self.runner.cleanup()

    def drop_lines(self) -> None:
        """Cut every open connection, as a bad network does."""
        assert self.runner is not None
        assert self.runner.server is not None
        for connection in self.runner.server.connections:
            connection.force_close()

    def link(self, username: str = "alice") -> str:
        return self.sign_in.new_link(self.url, username)


@asynccontextmanager
async def opened(office: Office) -> AsyncIterator[Office]:
    """The office on a free port of this machine."""
    office.runner = web.AppRunner(office.app(), access_log=None, shutdown_timeout=PATIENCE)
    await office.runner.setup()
    try:
        await web.TCPSite(office.runner, "127.0.0.1", 0).start()
        office.url = f"http://127.0.0.1:{office.runner.addresses[0][1]}"
        yield office
    finally:
        await office.stop()


@asynccontextmanager
async def visit(office: Office, username: str = "") -> AsyncIterator[ClientSession]:
    """A browser, signed in if somebody is named."""
    async with ClientSession(office.url, cookie_jar=CookieJar(unsafe=True)) as browser:
        if username:
            async with browser.get(office.link(username)) as answer:
                assert answer.status == 200
        yield browser


async def say(browser: ClientSession, text: str, path: str = HERE, **fields: str) -> ClientResponse:
    async with browser.post(path, data={"text": text, **fields}, headers=OURS, allow_redirects=False) as answer:
        await answer.read()
        return answer


async def read(browser: ClientSession, path: str = HERE) -> str:
    async with browser.get(path) as answer:
        assert answer.status == 200
        return await answer.text()


class Listener:
    """An open stream."""

    def __init__(self, answer: ClientResponse) -> None:
        self.answer = answer

    async def news(self) -> tuple[int, list[dict[str, str]]]:
        """The next event: its revision and its patches."""
        async with asyncio.timeout(PATIENCE):
            async for line in self.answer.content:
                if line.startswith(b"id: "):
                    revision = int(line[4:])
                if line.startswith(b"data: "):
                    return revision, json.loads(line[6:])
        raise EOFError

    async def silent(self) -> bool:
        try:
            async with asyncio.timeout(0.2):
                await self.news()
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def listen(browser: ClientSession, after: int = 0, resume: int | None = None) -> AsyncIterator[Listener]:
    """Open the stream of the main room; ``resume`` is the last revision that was heard before the line was lost."""
    where = {"room": "incidents", "after": str(after)}
    headers = {} if resume is None else {"Last-Event-ID": str(resume)}
    async with browser.get("/chat/stream", params=where, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        yield Listener(answer)
