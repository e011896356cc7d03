"""Addresses that come with what people do: five answers within half an hour, without a token."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.servers.slack import shapes
from tests.servers.slack.emulator import APP_ID, BOT_ID, BOT_TOKEN

if TYPE_CHECKING:
    from tests.servers.slack.web_api import WebApi

Json = dict[str, Any]
USES = 5
LIFE = 30 * 60
"""Seconds. https://docs.slack.dev/interactivity/handling-user-interaction"""


@dataclass
class Address:
    """``message`` is the one whose button was pressed, empty for a slash command."""

    channel: str
    user: str
    message: str
    since: float
    uses: int = 0


class ResponseUrls:
    """``base`` is the address under which ``serve`` is reached."""

    def __init__(self, api: WebApi) -> None:
        self.base = ""
        self.aged = 0.0
        """Seconds by which a test makes every address older."""
        self._api = api
        self._known: dict[str, Address] = {}

    def mint(self, channel: str, user: str, message: str = "") -> str:
        key = uuid.uuid4().hex
        self._known[key] = Address(channel, user, message, time.monotonic())
        return f"{self.base}{key}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        body: Json = json.loads(await request.text() or "{}")
        address = self._known.get(request.match_info["key"])
        if (refusal := self._refused(address)) is not None:
            return refusal
        assert address is not None
        arguments = {**body, "channel": address.channel, "user": address.user}
        return await self._api.answered(request, "response_url", arguments, lambda: self._act(address, arguments), {})

    def _refused(self, address: Address | None) -> web.Response | None:
        if address is None:
            return _no("no_service")
        if time.monotonic() - address.since + self.aged > LIFE:
            return _no("expired_url")
        if address.uses >= USES:
            return _no("used_url")
        address.uses += 1
        return None

    async def _act(self, address: Address, body: Json) -> Json:
        content = {name: body[name] for name in shapes.CONTENT if name in body}
        if refusal := self._api.check("response_url", content):
            return refusal
        sent = shapes.with_block_ids({**content, "channel": address.channel, "user": address.user})
        if "thread_ts" in body:
            sent["thread_ts"] = body["thread_ts"]
        if body.get("replace_original") or body.get("delete_original"):
            await self._replace(address, sent, gone=bool(body.get("delete_original")))
        elif body.get("response_type") == "in_channel":
            sent.pop("user")
            await self._api.as_admin("chat.postMessage", BOT_TOKEN, **sent, bot_id=BOT_ID, app_id=APP_ID)
        else:
            ts = f"{int(time.time())}.{time.monotonic_ns() % 1_000_000:06d}"
            self._api.ephemerals.append(shapes.ephemeral(sent, "response_url", ts))
        return {"ok": True}

    async def _replace(self, address: Address, sent: Json, *, gone: bool) -> None:
        own = [one for one in self._api.ephemerals if one["ts"] == address.message]
        if own:
            place = self._api.ephemerals.index(own[0])
            new = shapes.ephemeral(sent, "response_url", address.message)
            self._api.ephemerals[place : place + 1] = [] if gone else [new]
        elif gone:
            await self._api.as_admin("chat.delete", BOT_TOKEN, channel=address.channel, ts=address.message)
        else:
            await self._api.as_admin("chat.update", BOT_TOKEN, ts=address.message, **sent)


def _no(error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error}, status=404)
