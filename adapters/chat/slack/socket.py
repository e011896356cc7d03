"""Socket Mode: Slack's envelopes through a connection that the agent opens, so it needs no public address.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any, TypeAlias

import aiohttp

from adapters.chat.outbox import Busy
from engine.errors import OnCallError

Receive: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[str | None]]
"""From an envelope's type and payload to what it is acknowledged with as JSON; None if it must come again."""

HEARTBEAT = 15.0
"""Seconds between our pings; a connection that does not answer one is gone."""

BACKOFF = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between two tries to connect, each up to a quarter longer."""

ENDS: Mapping[str, str] = {
    "link_disabled": "Socket Mode is switched off. Switch it on in the settings of the Slack app.",
    "too_many_websockets": "Too many programs are connected with this app token. Stop those that are not needed.",
}
"""Reasons for which Slack ends a connection, other than to renew it."""

SETTLED = 60.0
"""Seconds. A connection that breaks sooner is not made again at once."""

log = logging.getLogger("slack")


class Socket:
    """``address`` asks Slack for a new one, good for one connection."""

    def __init__(
        self,
        address: Callable[[], Awaitable[str]],
        session: Callable[[], aiohttp.ClientSession],
        receive: Receive,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._heartbeat = heartbeat
        self._address = address
        self._session = session
        self._receive = receive
        self._trouble = ""

    async def run(self) -> None:
        """Stay connected until cancelled.

        Slack renews connections every few hours, and says so: the next one is open before the last is closed, so
        nothing falls between them.
        """
        attempt, loop = 0, asyncio.get_running_loop()
        async with asyncio.TaskGroup() as lines:
            while True:
                line, began = await self._dial(attempt), loop.time()
                leaving: asyncio.Future[bool] = loop.create_future()
                lines.create_task(self._listen(line, leaving))
                asked_to = await leaving
                attempt = 0 if asked_to or loop.time() > began + SETTLED else attempt + 1

    async def _dial(self, attempt: int) -> aiohttp.ClientWebSocketResponse:
        asked = 0.0
        for number in count(attempt):
            pause = max(asked, BACKOFF[min(number, len(BACKOFF) - 1)])
            await asyncio.sleep(pause * random.uniform(1.0, 1.25))  # noqa: S311 - not a secret
            try:
                line = await self._session().ws_connect(await self._address(), heartbeat=self._heartbeat)
            except (OnCallError, aiohttp.ClientError, TimeoutError, OSError) as error:
                # others' texts hold the address, and with it the ticket
                self._tell(str(error) if isinstance(error, OnCallError) else type(error).__name__)
                asked = error.after if isinstance(error, Busy) else 0.0
                continue
            self._tell("")
            return line
        raise AssertionError("there is always a next try")

    async def _listen(self, line: aiohttp.ClientWebSocketResponse, leaving: asyncio.Future[bool]) -> None:
        answering: set[asyncio.Task[None]] = set()
        try:
            async for message in line:
                envelope = _read(message)
                if envelope.get("type") == "disconnect":
                    _leave(leaving, asked_to=self._may_come_back(str(envelope.get("reason"))))
                elif "envelope_id" in envelope:
                    task = asyncio.create_task(self._answer(line, envelope))
                    answering.add(task)
                    task.add_done_callback(answering.discard)
        finally:
            _leave(leaving, asked_to=False)
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

    def _may_come_back(self, reason: str) -> bool:
        """At once, that is; else after a while."""
        if why := ENDS.get(reason):
            self._tell(why)
        return not why

    def _tell(self, trouble: str) -> None:
        """Once when it begins, once when it is over, not at every try."""
        if trouble and trouble != self._trouble:
            log.warning("no connection to Slack: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("connected to Slack again")
        self._trouble = trouble


def _leave(leaving: asyncio.Future[bool], *, asked_to: bool) -> None:
    if not leaving.done():
        leaving.set_result(asked_to)


def _read(message: aiohttp.WSMessage) -> dict[str, Any]:
    try:
        envelope = json.loads(message.data) if message.type is aiohttp.WSMsgType.TEXT else {}
    except ValueError:
        return {}
    return envelope if isinstance(envelope, dict) else {}
