"""Socket Mode: Slack's envelopes through a connection that the agent opens, so it needs no public address.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import aiohttp

from engine.errors import OnCallError

Receive: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[str | None]]
"""From an envelope's type and payload to what it is acknowledged with as JSON; None if it must come again."""

HEARTBEAT = 15.0
"""Seconds between our pings; a connection that does not answer one is gone."""

BACKOFF = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between two tries to connect, each up to a quarter longer."""

log = logging.getLogger("slack")


class Socket:
    """``address`` asks Slack for a new one, good for one connection."""

    def __init__(
        self, address: Callable[[], Awaitable[str]], session: Callable[[], aiohttp.ClientSession], receive: Receive
    ) -> None:
        self._address = address
        self._session = session
        self._receive = receive
        self._trouble = ""

    async def run(self) -> None:
        """Stay connected until cancelled.

        Slack renews connections every few hours, and says so: the next one is open before the last is closed, so
        nothing falls between them.
        """
        async with asyncio.TaskGroup() as lines:
            while True:
                line = await self._dial()
                leaving = asyncio.Event()
                lines.create_task(self._listen(line, leaving))
                await leaving.wait()

    async def _dial(self) -> aiohttp.ClientWebSocketResponse:
        for attempt in range(1_000_000):
            await asyncio.sleep(BACKOFF[min(attempt, len(BACKOFF) - 1)] * random.uniform(1.0, 1.25))  # noqa: S311 - not a secret
            try:
                line = await self._session().ws_connect(await self._address(), heartbeat=HEARTBEAT)
            except (OnCallError, aiohttp.ClientError, TimeoutError, OSError) as error:
                self._tell(str(error) or type(error).__name__)
                continue
            self._tell("")
            return line
        raise AssertionError("a million tries take a year")

    async def _listen(self, line: aiohttp.ClientWebSocketResponse, leaving: asyncio.Event) -> None:
        answering: set[asyncio.Task[None]] = set()
        try:
            async for message in line:
                envelope = _read(message)
                if envelope.get("type") == "disconnect":
                    self._told_to_leave(str(envelope.get("reason")))
                    leaving.set()
                elif "envelope_id" in envelope:
                    task = asyncio.create_task(self._answer(line, envelope))
                    answering.add(task)
                    task.add_done_callback(answering.discard)
        finally:
            leaving.set()
            await asyncio.gather(*answering, return_exceptions=True)
            await line.close()

    async def _answer(self, line: aiohttp.ClientWebSocketResponse, envelope: Mapping[str, Any]) -> None:
        """Acknowledge what was taken. If the connection is gone meanwhile Slack brings it again, and it is known."""
        answer = await self._receive(str(envelope["type"]), envelope.get("payload") or {})
        if answer is None:
            return
        payload = {"payload": json.loads(answer)} if answer.startswith("{") else {}
        try:
            await line.send_json({"envelope_id": envelope["envelope_id"], **payload})
        except (aiohttp.ClientError, ConnectionError):
            log.info("an acknowledgement came too late for its connection")

    def _told_to_leave(self, reason: str) -> None:
        if reason == "link_disabled":
            self._tell("Socket Mode is switched off. Switch it on in the settings of the Slack app.")

    def _tell(self, trouble: str) -> None:
        """Once when it begins, once when it is over, not at every try."""
        if trouble and trouble != self._trouble:
            log.warning("no connection to Slack: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("connected to Slack again")
        self._trouble = trouble


def _read(message: aiohttp.WSMessage) -> dict[str, Any]:
    try:
        envelope = json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else {}
    except ValueError:
        return {}
    return envelope if isinstance(envelope, dict) else {}
