"""Slack's Web API: each call in its turn, each error in plain words. What the Slack library raises stops here."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.chat.ask import Room
from adapters.chat.outbox import Outbox, Unsure
from adapters.chat.slack.refusals import refusal
from engine.errors import Unreachable

SLACK = "https://slack.com/api/"

PATIENCE = 20.0
"""Seconds that one call may take."""

READS = frozenset(
    {
        "conversations.list",
        "conversations.info",
        "conversations.history",
        "conversations.replies",
        "users.info",
        "users.lookupByEmail",
    }
)
"""Methods that take no JSON: https://docs.slack.dev/apis/web-api/#methods_supporting_json"""

PAGES = 50
"""Of a list that never ends, so many pages are read."""

FORMS = frozenset({"files.getUploadURLExternal", "files.completeUploadExternal"})
"""Methods that Slack's own libraries send as a form, whatever their pages say of JSON."""

log = logging.getLogger("slack")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What Slack gives out for one app in one workspace. With ``app`` Socket Mode is used, else signed requests."""

    bot: str = field(repr=False)
    signing_secret: str = field(default="", repr=False)
    app: str = field(default="", repr=False)


class Calls:
    def __init__(self, token: str, outbox: Outbox, api_url: str = SLACK) -> None:
        self._outbox = outbox
        # no retries: the library's own would post a message twice when a connection breaks
        self._client = AsyncWebClient(token=token, base_url=api_url, retry_handlers=[], logger=log)
        self._session: aiohttp.ClientSession | None = None
        self.scopes: frozenset[str] = frozenset()
        """What the token may do, as Slack said with its last answer."""

    @property
    def session(self) -> aiohttp.ClientSession:
        """One pool of connections for everything; opened at the first use."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def make(self, method: str, room: str = "", /, **arguments: Any) -> Mapping[str, Any]:
        """Call it when its turn has come. Raises Unreachable, or NotFound for what is not there."""
        return await self._outbox.paced(method, Room(room), lambda: self.now(method, **arguments))

    async def now(self, method: str, /, *, token: str | None = None, **arguments: Any) -> Mapping[str, Any]:
        """Call it at once. Raises as ``make``, Busy if Slack asks for a wait, Unsure if it may have been done."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        given = {name: value for name, value in arguments.items() if value not in (None, "")}
        how = _how(method, given)
        self._client.session = self.session
        try:
            answer = await self._client.api_call(method, headers=headers, **how)
        except SlackApiError as error:
            raise _refused(method, error) from None
        except aiohttp.ClientConnectorError:
            raise Unreachable("Slack cannot be reached from here.") from None
        except (aiohttp.ClientError, SlackClientError, TimeoutError, OSError, ValueError) as error:
            raise Unsure(f"Slack did not answer ({type(error).__name__} from {method}).") from None
        self._noted(answer.headers)
        return answer.data if isinstance(answer.data, dict) else {}

    async def pages(self, method: str, key: str, /, *, at_most: int = PAGES, **arguments: Any) -> AsyncIterator[Any]:
        """What stands under ``key``, page after page."""
        cursor = ""
        for _ in range(at_most):
            answer = await self.make(method, **arguments, cursor=cursor)
            for one in answer.get(key) or []:
                yield one
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return

    async def respond(self, url: str, message: Mapping[str, Any]) -> bool:
        """Answer through the address that came with a command or a click; False if it is no longer good."""
        try:
            async with self.session.post(url, json=dict(message)) as answer:
                said = (await answer.read()).replace(b" ", b"")
                return answer.status == 200 and b'"ok":false' not in said
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    def _noted(self, headers: Mapping[str, str]) -> None:
        if scopes := headers.get("x-oauth-scopes"):
            self.scopes = frozenset(scope.strip() for scope in scopes.split(","))


def _how(method: str, given: dict[str, Any]) -> dict[str, Any]:
    if method in READS:
        return {"http_verb": "GET", "params": given}
    return {"data": given} if method in FORMS else {"json": given}


def _refused(method: str, error: SlackApiError) -> Exception:
    """The library's exception holds either its own answer or, for a body that is no JSON, the raw one of aiohttp."""
    answer = error.response
    status: int = getattr(answer, "status_code", 0) or getattr(answer, "status", 0)
    data = getattr(answer, "data", {})
    return refusal(method, status, data if isinstance(data, dict) else {}, answer.headers.get("Retry-After", ""))
