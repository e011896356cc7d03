"""A program with nothing but Slack in it, and somebody who answers as the test wants."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from adapters.chat.ask import Room
from adapters.chat.card import Button, Card, Field, Form, Kind, Link, Text, Tone
from adapters.chat.platform import Ref
from adapters.chat.slack.platform import SlackChat, Tokens
from engine.errors import Unreachable
from storage.memory import MemoryInbox
from tests.adapters.clerk import Clerk
from tests.servers import free_port
from tests.servers.slack import Slack


@dataclass
class Office(Clerk):
    slack: Slack

    def chat(self, tokens: Tokens | None = None) -> SlackChat:
        return SlackChat(
            tokens or http(self.slack), self.deliveries, self.inbox, self.clock, api_url=self.slack.api_url
        )

    @asynccontextmanager
    async def open(self, tokens: Tokens | None = None) -> AsyncIterator[SlackChat]:
        """The program, running; the workspace knows its address."""
        chat = self.chat(tokens)
        app = web.Application()
        chat.mount(app, self.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.slack.serves(f"http://127.0.0.1:{port}/slack/events")
        try:
            yield chat
        finally:
            await runner.cleanup()


def http(slack: Slack) -> Tokens:
    return Tokens(slack.bot_token, signing_secret=slack.signing_secret)


def by_socket(slack: Slack) -> Tokens:
    return Tokens(slack.bot_token, app=slack.app_token)


class Stumbling(MemoryInbox):
    """Does not answer at first."""

    stumbled = False

    async def hear(self, platform: str, id: str, body: str) -> bool:
        if not self.stumbled:
            self.stumbled = True
            raise Unreachable
        return await super().hear(platform, id, body)


async def sent_to_the_letter(office: Office, times: int) -> list[int]:
    body = "command=%2Foncall&text=approve+17&user_id=U1&channel_id=C1&trigger_id=1.2.3"
    headers = {"Content-Type": "application/x-www-form-urlencoded", **signed(office.slack, body)}
    async with aiohttp.ClientSession() as outside:
        return [(await outside.post(office.slack.courier.url, data=body, headers=headers)).status for _ in range(times)]


def signed(slack: Slack, body: str) -> dict[str, str]:
    stamp = str(int(time.time()))
    signature = SignatureVerifier(slack.signing_secret).generate_signature(timestamp=stamp, body=body)
    assert signature
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}


REJECT = Form("Reject…", "reject 17", (Field("reason", "Reason"),))
CHANGE = Form(
    "Change and approve…",
    "approve 17",
    (Field("days_old", "Days", kind=Kind.INTEGER, default="14"), Field("path", "Path")),
    named=True,
)
INCIDENT = Card(
    "#17 The disk is full",
    (
        Text("disk of host db-1: 100 %"),
        Button("Approve", "approve 17", primary=True),
        REJECT,
        CHANGE,
        Link("Open", "https://oncall.test/incidents/17"),
    ),
    tone=Tone.WAITING,
)


async def standing(office: Office, chat: SlackChat, card: Card = INCIDENT, key: str = "incident-17") -> Ref:
    return await chat.post(Room("incidents"), card, key=key)


logging.getLogger("slack").setLevel(logging.INFO)
