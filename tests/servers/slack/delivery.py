"""How Slack brings what people did to a bot: signed over HTTP, or through the socket that the bot has opened."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict
from urllib.parse import urlencode

import aiohttp
from slack_sdk.signature import SignatureVerifier

from tests.servers.lived import lived
from tests.servers.slack_socket import Socket
from tests.waiting import PATIENCE

Kind = Literal["slash_commands", "interactive", "events_api"]


class How(TypedDict, total=False):
    """How it is brought; see the module of the workspace."""

    forge: bool
    unsigned: bool
    age: float
    retry: int
    times: int


@dataclass(frozen=True)
class Delivered:
    """The bot's answer; ``status`` 0 if it did not answer at all. Over a socket an acknowledgement is a 200.

    Slack itself gives up after three ``seconds``."""

    status: int
    body: str
    seconds: float
    kind: Kind = "events_api"
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)
    ts: str = ""

    @property
    def json(self) -> dict[str, Any]:
        """The answer, such as ``{"response_action": "errors", …}``; empty if it has no body."""
        return dict(json.loads(self.body)) if self.body.strip().startswith("{") else {}


class Courier:
    """Brings payloads to the one bot of the workspace: through the socket while one is open or no ``url`` is known."""

    def __init__(self, session: aiohttp.ClientSession, socket: Socket, secret: str) -> None:
        self.url = ""
        self._session = session
        self._socket = socket
        self._secret = secret

    async def deliver(self, kind: Kind, payload: Mapping[str, Any], how: How) -> Delivered:
        bring = self._by_socket if self._socket.connected or not self.url else self._by_http
        answers = await asyncio.gather(*(bring(kind, payload, how) for _ in range(how.get("times", 1))))
        return max(answers, key=lambda answer: answer.status)

    async def _by_socket(self, kind: Kind, payload: Mapping[str, Any], how: How) -> Delivered:
        started = lived()
        ack = await self._socket.send(kind, payload, retry=how.get("retry", 0))
        body = "" if ack is None or ack.payload is None else json.dumps(ack.payload)
        return Delivered(0 if ack is None else 200, body, lived() - started, kind, payload)

    async def _by_http(self, kind: Kind, payload: Mapping[str, Any], how: How) -> Delivered:
        content_type, body = written(kind, payload)
        headers = {"Content-Type": content_type, **self._signed(body, how)}
        if retry := how.get("retry"):
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
        started = lived()
        try:
            timeout = aiohttp.ClientTimeout(total=PATIENCE)
            async with self._session.post(self.url, data=body.encode(), headers=headers, timeout=timeout) as answer:
                text = await answer.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            return Delivered(0, str(error), lived() - started, kind, payload)
        return Delivered(answer.status, text, lived() - started, kind, payload)

    def _signed(self, body: str, how: How) -> dict[str, str]:
        """https://docs.slack.dev/authentication/verifying-requests-from-slack"""
        if how.get("unsigned"):
            return {}
        stamp = str(int(time.time() - how.get("age", 0.0)))
        secret = "somebody-else's" if how.get("forge") else self._secret
        signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature or ""}


def written(kind: Kind, payload: Mapping[str, Any]) -> tuple[str, str]:
    """The content type and the body in which Slack sends it."""
    form = "application/x-www-form-urlencoded"
    match kind:
        case "slash_commands":
            return form, urlencode(payload)
        case "interactive":
            return form, urlencode({"payload": json.dumps(payload)})
        case "events_api":
            return "application/json", json.dumps(payload)
