"""Slack's Web API: the emulator's answers, with the refusals, limits and side effects that only Slack itself has."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tests.servers import block_kit
from tests.servers.slack import shapes
from tests.servers.slack.emulator import ADMIN_TOKEN, APP_ID, BOT_ID, BOT_TOKEN, BOT_USER, PROFILES, TOKENS
from tests.servers.slack.faults import Fault, Faults, Limit
from tests.servers.slack.files import Files
from tests.servers.slack.response_urls import ResponseUrls
from tests.servers.slack.windows import Windows
from tests.servers.slack_socket import Socket

Json = dict[str, Any]
STRUCTURED = ("blocks", "attachments", "view", "metadata")
"""Arguments that arrive as JSON in a form field."""
SHOWN = ("chat.postMessage", "chat.postEphemeral", "chat.update")
IN_ROOM = ("chat.postMessage", "chat.postEphemeral", "conversations.history", "conversations.replies")


@dataclass(frozen=True)
class Call:
    """One call of the bot. ``status`` 0 means that the connection broke; ``time`` is monotonic, in seconds."""

    method: str
    arguments: Mapping[str, Any]
    answer: Mapping[str, Any]
    status: int
    time: float


@dataclass
class WebApi:
    """``posted`` is told of each message or change of the bot, so that Slack can send it as an event."""

    upstream: str
    session: aiohttp.ClientSession
    socket: Socket
    scopes: list[str]
    posted: Callable[[Mapping[str, Any], bool], None]
    calls: list[Call] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    ephemerals: list[Json] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self.windows = Windows(self)
        self.response_urls = ResponseUrls(self)
        self.files = Files(self)
        self._own: dict[str, Callable[[Json, str], Awaitable[Json]]] = {
            "apps.connections.open": self._connections_open,
            "auth.test": self._auth_test,
            "chat.postMessage": self._post,
            "chat.postEphemeral": self._whisper,
            "chat.update": self._update,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "files.completeUploadExternal": self.files.complete,
            "files.getUploadURLExternal": self.files.address,
            "users.info": self._user,
            "users.lookupByEmail": self._user,
            "views.open": self.windows.open,
            "views.push": self.windows.push,
            "views.update": self.windows.update,
            "views.publish": self.windows.publish,
        }

    def fail(self, method: str, what: Fault | str, *, channel: str = "", **limits: Any) -> None:
        """Plan a fault: see the module of the workspace. ``times`` calls, or for ``seconds``; ``after`` in seconds."""
        self.faults.plan(method, what, channel=self.names.get(channel, channel), **limits)

    def limit(self, method: str, calls: int, seconds: float) -> None:
        """From now on, so many calls within the seconds in each channel; more are answered 429, as Slack does."""
        self.faults.limits[method] = Limit(calls, seconds)

    def made(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One call of the bot's."""
        method = request.match_info["method"]
        arguments = await read(request)
        token = bearer(request, arguments)
        return await self.answered(
            request, method, arguments, lambda: self._answer(method, arguments, token), self._headers(token)
        )

    async def answered(
        self,
        request: web.Request,
        method: str,
        arguments: Json,
        act: Callable[[], Awaitable[Json]],
        headers: Mapping[str, str],
    ) -> web.StreamResponse:
        """Act, unless a fault was planned; keep what was asked and answered."""
        planned = self.faults.strikes(method, str(arguments.get("channel", "")))
        match planned.what if planned else None:
            case Fault.BUSY:
                assert planned is not None
                return self._busy(method, arguments, planned.after)
            case Fault.BROKEN:
                self._keep(method, arguments, {}, 500)
                return web.Response(status=500, text="Internal Server Error")
            case Fault.LOST:
                self._keep(method, arguments, {}, 0)
                return broken(request)
            case Fault.SWALLOWED:
                self._keep(method, arguments, await act(), 0)
                return broken(request)
            case Fault.SLOW:
                assert planned is not None
                answer = await act()
                await asyncio.sleep(planned.after)
            case None:
                answer = await act()
            case error:
                answer = {"ok": False, "error": error}
        self._keep(method, arguments, answer, 200)
        return web.json_response(answer, headers=headers)

    def check(self, what: str, payload: Mapping[str, Any]) -> Json | None:
        """Slack's refusal of blocks, kept for the test to see; None if they are as they should be."""
        wrong = block_kit.violations(payload)
        if not wrong:
            return None
        self.violations += [f"{what}: {one}" for one in wrong]
        return {
            "ok": False,
            "error": _refusal(wrong),
            "response_metadata": {"messages": [f"[ERROR] {one}" for one in wrong]},
        }

    async def forward(self, method: str, arguments: Mapping[str, Any], token: str) -> Json:
        """Ask the emulator. What it does not know as a method or as a token is named as Slack names it."""
        if token not in TOKENS:
            return {"ok": False, "error": "invalid_auth" if token else "not_authed"}
        headers = {"Authorization": f"Bearer {token}"}
        async with self.session.post(f"{self.upstream}/api/{method}", json=arguments, headers=headers) as answer:
            if answer.status == 404:
                return {"ok": False, "error": "unknown_method"}
            body: Json = await answer.json()
        return body

    async def as_admin(self, method: str, token: str = ADMIN_TOKEN, **arguments: Any) -> Json:
        """A call of the test's own, past every check. Raises AssertionError if Slack says no."""
        answer = await self.forward(method, arguments, token)
        assert answer.get("ok"), f"{method}: {answer}"
        return answer

    async def pages(self, method: str, token: str = ADMIN_TOKEN, **arguments: Any) -> list[Json]:
        """All messages of a conversation."""
        found: list[Json] = []
        cursor = ""
        while True:
            answer = await self.as_admin(method, token, **arguments, limit=1000, cursor=cursor)
            found += answer["messages"]
            cursor = (answer.get("response_metadata") or {}).get("next_cursor", "")
            if not cursor:
                return found

    async def _answer(self, method: str, arguments: Json, token: str) -> Json:
        if method in IN_ROOM and token == BOT_TOKEN and (refusal := await self.outside(arguments)):
            return refusal
        if method in SHOWN and (refusal := self._unfit(method, arguments)):
            return refusal
        act = self._own.get(method)
        return await act(arguments, token) if act else await self.forward(method, arguments, token)

    def _unfit(self, method: str, arguments: Json) -> Json | None:
        metadata = arguments.get("metadata")
        if metadata and not (
            isinstance(metadata.get("event_type"), str) and isinstance(metadata.get("event_payload"), dict)
        ):
            return {"ok": False, "error": "invalid_metadata_format"}
        return self.check(method, {name: arguments[name] for name in shapes.CONTENT if name in arguments})

    async def outside(self, arguments: Json) -> Json | None:
        """The bot speaks and reads only where it was invited. https://docs.slack.dev/reference/methods/chat.postMessage"""
        room = str(arguments.get("channel", ""))
        if room.startswith(("U", "D")):
            return None
        found = await self.forward("conversations.info", {"channel": room}, ADMIN_TOKEN)
        channel = found.get("channel") or {}
        if not found.get("ok") or channel.get("is_private"):
            members = await self.forward("conversations.members", {"channel": room}, ADMIN_TOKEN)
            return None if BOT_USER in members.get("members", []) else {"ok": False, "error": "channel_not_found"}
        members = await self.as_admin("conversations.members", channel=room)
        return None if BOT_USER in members["members"] else {"ok": False, "error": "not_in_channel"}

    async def _connections_open(self, _arguments: Json, token: str) -> Json:
        return self.socket.opened(token)

    async def _auth_test(self, arguments: Json, token: str) -> Json:
        return {**await self.forward("auth.test", arguments, token), "is_enterprise_install": False}

    async def _post(self, arguments: Json, token: str) -> Json:
        sent = shapes.with_block_ids({**arguments, "bot_id": BOT_ID, "app_id": APP_ID})
        answer = await self.forward("chat.postMessage", sent, token)
        if answer.get("ok"):
            self.posted({**answer["message"], "channel": answer["channel"]}, False)
        return answer

    async def _whisper(self, arguments: Json, token: str) -> Json:
        sent = shapes.with_block_ids(arguments)
        answer = await self.forward("chat.postEphemeral", sent, token)
        if answer.get("ok"):
            self.ephemerals.append(shapes.ephemeral(sent, "chat.postEphemeral", str(answer["message_ts"])))
        return answer

    async def _update(self, arguments: Json, token: str) -> Json:
        answer = await self.forward("chat.update", shapes.with_block_ids(arguments), token)
        if answer.get("ok"):
            self.posted({**answer["message"], "channel": answer["channel"]}, True)
        return answer

    async def _history(self, arguments: Json, token: str) -> Json:
        return await self._read("conversations.history", arguments, token)

    async def _replies(self, arguments: Json, token: str) -> Json:
        return await self._read("conversations.replies", arguments, token)

    async def _read(self, method: str, arguments: Json, token: str) -> Json:
        """The emulator checks token and scope; which messages, and what of them, is decided here as Slack does."""
        answer = await self.forward(method, {**arguments, "cursor": "", "limit": 1}, token)
        if not answer.get("ok"):
            return answer
        where = {name: arguments[name] for name in ("channel", "ts") if name in arguments}
        if method == "conversations.history":
            where.pop("ts", None)
        found = await self.pages(method, token, **where)
        if method == "conversations.replies" and not found:
            return {"ok": False, "error": "thread_not_found"}
        return shapes.page(found, arguments)

    async def _user(self, arguments: Json, token: str) -> Json:
        method = "users.lookupByEmail" if "email" in arguments else "users.info"
        answer = await self.forward(method, arguments, token)
        if not answer.get("ok"):
            return answer
        user = {**answer["user"], "is_email_confirmed": True, **PROFILES.get(answer["user"]["name"], {})}
        if method == "users.lookupByEmail" and user["deleted"]:
            return {"ok": False, "error": "users_not_found"}
        return {**answer, "user": user}

    def _busy(self, method: str, arguments: Json, after: float) -> web.Response:
        answer = {"ok": False, "error": "ratelimited"}
        self._keep(method, arguments, answer, 429)
        return web.json_response(answer, status=429, headers={"Retry-After": f"{after:g}"})

    def _keep(self, method: str, arguments: Json, answer: Json, status: int) -> None:
        self.calls.append(Call(method, arguments, answer, status, time.monotonic()))

    def _headers(self, token: str) -> dict[str, str]:
        return {"X-OAuth-Scopes": ",".join(self.scopes)} if token == BOT_TOKEN else {}


def _refusal(wrong: list[str]) -> str:
    if any(block_kit.TOO_LONG in one for one in wrong):
        return "msg_blocks_too_long"
    return "no_text" if any("no_text" in one for one in wrong) else "invalid_blocks"


async def read(request: web.Request) -> Json:
    """The arguments, however they were sent: in the address, as a form, or as JSON."""
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        arguments |= json.loads(await request.text() or "{}")
    elif request.can_read_body:
        arguments |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    for name in STRUCTURED:
        if isinstance(arguments.get(name), str) and arguments[name]:
            arguments[name] = json.loads(arguments[name])
    return arguments


def bearer(request: web.Request, arguments: Json) -> str:
    written = str(arguments.pop("token", ""))
    return request.headers.get("Authorization", "").removeprefix("Bearer ").strip() or written


def broken(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
