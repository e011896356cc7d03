"""Slack's end of Socket Mode: it hands out a web socket, sends envelopes through it, and takes acknowledgements.

    acme.socket.connected           # whether the bot is there; acme.socket.connections counts all there ever were
    await acme.socket.ready()       # waits until it is
    acme.socket.acks                # Ack(envelope_id, payload, seconds), in the order they came
    acme.socket.sent                # every envelope, with each repetition
    await acme.socket.disconnect("refresh_requested")   # asks the bot to connect anew; closes after ``grace`` seconds
    await acme.socket.disconnect("warning")             # only says that this will happen
    await acme.socket.drop()        # the connection is gone without a word
    acme.socket.deaf = True         # takes no new connections (the API answers 500 to apps.connections.open)
    acme.socket.patience = 0.5      # seconds until an event is held to be lost and sent again, as Slack does after 3

An event (events_api) that was not acknowledged is sent again, with ``retry_attempt`` and ``retry_reason``: at once if a
connection is open, otherwise on the next one; three times in all. Slash commands and interactions are not: the person
sees that the app did not answer. https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import WSMsgType, web

from tests.servers.lived import lived
from tests.waiting import PATIENCE

RETRIES = 3


@dataclass(frozen=True)
class Ack:
    """``payload`` is what the bot answers with, such as errors of a modal; ``seconds`` since the envelope was sent."""

    envelope_id: str
    payload: Any
    seconds: float


@dataclass(frozen=True)
class Waiting:
    """An envelope nobody has acknowledged yet."""

    envelope: Mapping[str, Any]
    answer: asyncio.Future[Ack | None]
    since: float


class Socket:
    """``address`` is where the web socket can be reached, ``token`` the app-level token that may open one."""

    def __init__(self, app_token: str, app_id: str) -> None:
        self.address = ""
        self.deaf = False
        self.patience = 3.0
        self.connections = 0
        self.acks: list[Ack] = []
        self.sent: list[Mapping[str, Any]] = []
        self._token = app_token
        self._app_id = app_id
        self._tickets: set[str] = set()
        self._open: dict[web.WebSocketResponse, web.Request] = {}
        self._waiting: dict[str, Waiting] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        return any(not one.closed for one in self._open)

    async def ready(self, connections: int = 1) -> None:
        """Wait for the bot, or for so many connections in all. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while not self.connected or self.connections < connections:
                await asyncio.sleep(0.01)

    def opened(self, token: str) -> dict[str, Any]:
        """The answer of apps.connections.open: an address that works once."""
        if not token.startswith("xapp-"):
            return {"ok": False, "error": "not_allowed_token_type" if token.startswith("xox") else "not_authed"}
        if token != self._token:
            return {"ok": False, "error": "invalid_auth"}
        if self.deaf:
            return {"ok": False, "error": "internal_error"}
        ticket = uuid.uuid4().hex
        self._tickets.add(ticket)
        return {"ok": True, "url": f"{self.address}?ticket={ticket}&app_id={self._app_id}"}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection of the bot, until either side ends it."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            raise web.HTTPForbidden
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(self._hello())
        self.connections += 1
        self._open[socket] = request
        try:
            await self._again(socket)
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._heard(json.loads(message.data))
        finally:
            del self._open[socket]
        return socket

    async def send(self, kind: str, payload: Mapping[str, Any], retry: int = 0) -> Ack | None:
        """Send one envelope on the newest connection. None if it was never acknowledged."""
        envelope: dict[str, Any] = {
            "envelope_id": str(uuid.uuid4()),
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        future: asyncio.Future[Ack | None] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = Waiting(envelope, future, lived())
        await self._transmit(envelope)
        try:
            return await self._acknowledged(envelope["envelope_id"], future)
        finally:
            self._waiting.pop(envelope["envelope_id"], None)

    async def disconnect(self, reason: str = "refresh_requested", grace: float = 1.0) -> None:
        """Tell every connection; all but a warning are closed ``grace`` seconds later."""
        for socket in list(self._open):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "wss-local"}})
            if reason != "warning":
                task = asyncio.create_task(self._close(socket, grace))
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)

    async def drop(self) -> None:
        """Every connection breaks: no close frame, nothing."""
        for request in list(self._open.values()):
            if request.transport is not None:
                request.transport.abort()
        while self.connected:
            await asyncio.sleep(0.01)

    async def close(self) -> None:
        for task in list(self._closing):
            task.cancel()
        for socket in list(self._open):
            await socket.close()

    async def _close(self, socket: web.WebSocketResponse, grace: float) -> None:
        await asyncio.sleep(grace)
        await socket.close()

    async def _acknowledged(self, id: str, future: asyncio.Future[Ack | None]) -> Ack | None:
        """Wait, and send an event again each time that the patience is over."""
        is_event = self._waiting[id].envelope["type"] == "events_api"
        for left in range(RETRIES if is_event else 0, -1, -1):
            since = lived()
            while not future.done() and lived() - since < self.patience:
                await asyncio.wait({future}, timeout=0.05)
            if future.done() or not left:
                break
            with suppress(TimeoutError):
                await self.ready()
            if not future.done() and self.connected:
                await self._repeat(id)
        return future.result() if future.done() else None

    async def _again(self, socket: web.WebSocketResponse) -> None:
        """What the last connection took to its grave."""
        for id, waiting in list(self._waiting.items()):
            if waiting.envelope["type"] == "events_api":
                await self._repeat(id, socket)

    async def _repeat(self, id: str, socket: web.WebSocketResponse | None = None) -> None:
        waiting = self._waiting[id]
        attempt = int(waiting.envelope["retry_attempt"]) + 1
        envelope = {**waiting.envelope, "retry_attempt": attempt, "retry_reason": "timeout"}
        self._waiting[id] = replace(waiting, envelope=envelope)
        await self._transmit(envelope, socket)

    async def _transmit(self, envelope: Mapping[str, Any], socket: web.WebSocketResponse | None = None) -> None:
        self.sent.append(envelope)
        target = socket or next((one for one in reversed(list(self._open)) if not one.closed), None)
        if target is not None:
            with suppress(ConnectionError):
                await target.send_json(envelope)

    def _heard(self, message: Mapping[str, Any]) -> None:
        id = str(message.get("envelope_id", ""))
        if waiting := self._waiting.get(id):
            ack = Ack(id, message.get("payload"), lived() - waiting.since)
            self.acks.append(ack)
            if not waiting.answer.done():
                waiting.answer.set_result(ack)

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self._open) + 1,
            "debug_info": {"host": "wss-local", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._app_id},
        }
