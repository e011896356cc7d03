"""Where Slack comes in, signed over HTTP or through a socket; slack-bolt says which gesture is which."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.logger.messages import warning_token_skipped
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier

from adapters.chat.slack import modal, said
from adapters.chat.slack.calls import Tokens
from adapters.chat.slack.front_desk import FrontDesk
from adapters.chat.slack.said import Payload
from engine.errors import OnCallError

PATH = "/slack/events"
"""Events, commands and interactivity, all on one address."""

SHORTCUT = "report_as_incident"

WINDOW = 5 * 60
"""Seconds for which a signature is good: https://docs.slack.dev/authentication/verifying-requests-from-slack"""

PATIENCE = 10.0
"""Seconds that a request has to arrive whole. Slack itself gives up on us after three."""

log = logging.getLogger("slack")


class Door:
    def __init__(
        self, tokens: Tokens, desk: FrontDesk, now: Callable[[], float] = time.time, patience: float = PATIENCE
    ) -> None:
        self._desk = desk
        self._patience = patience
        self._now = now
        self._verifier = SignatureVerifier(tokens.signing_secret) if tokens.signing_secret else None
        self._used: dict[str, float] = {}
        self._bolt = self._gestures(tokens)

    async def knock(self, request: web.Request) -> web.StreamResponse:
        """One request. Who cannot show Slack's signature, or shows one that was shown before, learns nothing."""
        try:
            async with asyncio.timeout(self._patience):
                body = (await request.read()).decode()
            genuine = self._genuine(request.headers, body)
        except (ValueError, TypeError):  # neither text, nor a time, nor a signature
            genuine = False
        except TimeoutError:
            return web.Response(status=408, headers={"Connection": "close"})
        if not genuine:
            return web.json_response({"error": "invalid request"}, status=401)
        answer = await self._dispatch(AsyncBoltRequest(body=body, headers=dict(request.headers)))
        if answer.status >= 300:
            self._used.pop(request.headers["X-Slack-Signature"], None)
        return await to_aiohttp_response(answer)

    async def envelope(self, kind: str, payload: Mapping[str, Any]) -> str | None:
        """One envelope of the socket. Returns what to acknowledge it with as JSON, None if it must come again."""
        answer = await self._dispatch(AsyncBoltRequest(mode="socket_mode", body=dict(payload)))
        return answer.body if answer.status == 200 else None

    async def _dispatch(self, request: AsyncBoltRequest) -> BoltResponse:
        return await self._bolt.async_dispatch(request)

    def _genuine(self, headers: Mapping[str, str], body: str) -> bool:
        signature, stamp = headers.get("X-Slack-Signature", ""), headers.get("X-Slack-Request-Timestamp", "")
        if self._verifier is None or not self._verifier.is_valid(body, stamp, signature):
            return False
        now = self._now()
        while self._used and next(iter(self._used.values())) < now:
            del self._used[next(iter(self._used))]
        # Slack says when it brings something once more; the inbox knows what was heard already
        if signature in self._used and "X-Slack-Retry-Num" not in headers:
            return False
        self._used[signature] = now + 2 * WINDOW
        return True

    def _gestures(self, tokens: Tokens) -> AsyncApp:
        logger = logging.getLogger("slack.bolt")
        logger.addFilter(_news)
        app = AsyncApp(
            name="oncall",
            logger=logger,
            signing_secret=tokens.signing_secret,
            authorize=_authorize(tokens),
            process_before_response=True,  # else bolt acknowledges an event before we have kept it
            request_verification_enabled=False,  # done above: bolt reads a body before it looks at the signature
            ssl_check_enabled=False,  # it answers without a signature
        )
        app.command(re.compile(".*"))(self._command)
        app.event("app_mention")(self._mention)
        app.event("message")(self._message)
        app.event("app_home_opened")(self._home)
        app.event(re.compile(".*"))(_nothing)
        app.block_action(re.compile("^say"))(self._pressed)
        app.block_action(re.compile("^form"))(self._form)
        app.block_action(re.compile(".*"))(_nothing)
        app.message_shortcut(SHORTCUT)(self._shortcut)
        app.view_submission(modal.CALLBACK)(self._sent)
        app.error(_failed)
        return app

    async def _command(self, ack: AsyncAck, body: Payload) -> None:
        await self._desk.take(said.command(body, self._now()))
        await ack()

    async def _mention(self, body: Payload) -> None:
        await self._desk.take(said.mention(body, self._now()))

    async def _message(self, body: Payload) -> None:
        await self._desk.take(said.direct(body, self._now()))

    async def _home(self, body: Payload) -> None:
        await self._desk.take(said.opened_home(body, self._now()))

    async def _pressed(self, ack: AsyncAck, body: Payload) -> None:
        await self._desk.take(said.pressed(body, self._now()))
        await ack()

    async def _form(self, ack: AsyncAck, body: Payload) -> None:
        self._desk.open_form(body)
        await ack()

    async def _shortcut(self, ack: AsyncAck, body: Payload) -> None:
        await self._desk.take(said.reported(body, self._now()))
        await ack()

    async def _sent(self, ack: AsyncAck, body: Payload) -> None:
        answer = await self._desk.take_form(said.sent(body), body["view"])
        await ack(dict(answer) if answer else "")


def _news(record: logging.LogRecord) -> bool:
    """Bolt finds our setting SLACK_BOT_TOKEN, and warns that it asks ``_authorize`` instead, as it should."""
    return record.getMessage() != warning_token_skipped()


async def _nothing(ack: AsyncAck) -> None:
    """A link that was opened, or an event nobody asked for."""
    await ack()


async def _failed(error: Exception) -> BoltResponse:
    """Not acknowledged: Slack brings events again, and tells people that the rest did not work."""
    expected = isinstance(error, OnCallError)
    log.warning("something on Slack was not taken: %s", error, exc_info=None if expected else error)
    return BoltResponse(status=503, body="")


def _authorize(tokens: Tokens) -> Callable[..., Any]:
    async def ours(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        """There is one workspace and one token."""
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=tokens.bot)

    return ours
