"""The connector of Teams: each call in its turn, each error in plain words.

The SDK's own client is not used: it fetches its token in the middle of the event loop, works in threads, and tries a
broken POST again, which would say things twice.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from adapters.chat.ask import Room
from adapters.chat.outbox import Busy, Outbox, Unsure
from adapters.chat.teams.refusals import refusal
from adapters.chat.teams.sign_in import SignIn
from engine.errors import Unreachable

PATIENCE = aiohttp.ClientTimeout(total=20, connect=5)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds of the first and the longest wait where Teams asks for one and does not say how long."""

TRIES = 5
"""Of a call that may be made again without harm."""

AGAIN = frozenset({412, 429})
LOST = frozenset({500, 502, 503, 504})
"""Teams asks to try again after 412, 429, 502 and 504; after those of 5xx it may have been done.
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit"""


class Calls:
    """``jitter`` is between 0 and 1: many who wait do not all come back at once."""

    def __init__(
        self,
        sign_in: SignIn,
        outbox: Outbox,
        session: Callable[[], aiohttp.ClientSession],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._sign_in = sign_in
        self._outbox = outbox
        self._session = session
        self._jitter = jitter
        self._waits: dict[str, int] = {}

    async def make(self, what: str, room: str, method: str, url: str, body: Any = None) -> Mapping[str, Any]:
        """A call that does no harm when it is made twice. Raises Unreachable, NotFound, TooBig."""

        async def once() -> Mapping[str, Any]:
            try:
                return await self.now(method, url, body)
            except Unsure as error:
                raise self._later(url, str(error)) from None

        return await self._outbox.paced(what, Room(room), once)

    async def now(self, method: str, url: str, body: Any = None) -> Mapping[str, Any]:
        """Call it at once. Raises as ``make``, Busy if Teams asks for a wait, Unsure if it may have been done."""
        status, answer, wait = await self._sent(method, url, body)
        if status == 401:  # the token may have been taken back before its time
            self._sign_in.forget()
            status, answer, wait = await self._sent(method, url, body)
        if status in AGAIN:
            raise self._later(url, "Teams asks us to wait.", wait)
        if status in LOST:
            raise Unsure(f"Teams has trouble of its own (HTTP {status}).")
        self._waits.pop(url, None)
        if status >= 300:
            raise refusal(status, answer)
        return answer if isinstance(answer, dict) else {}

    async def _sent(self, method: str, url: str, body: Any) -> tuple[int, Any, str]:
        headers = await self._sign_in.header()
        where = URL(url, encoded=True)
        try:
            async with self._session().request(
                method, where, json=body, headers=headers, timeout=PATIENCE, allow_redirects=False
            ) as answer:
                return answer.status, await _json(answer), answer.headers.get("Retry-After", "")
        except aiohttp.ClientConnectorError:
            raise Unreachable("Teams cannot be reached from here.") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unsure(f"Teams did not answer ({type(error).__name__}).") from None

    def _later(self, url: str, why: str, wait: str = "") -> Unreachable:
        """Wait as long as we are told, else twice as long each time; not forever."""
        tried, told = self._waits.get(url, 0) + 1, _seconds(wait)
        self._waits[url] = tried
        if tried >= TRIES and not told:
            del self._waits[url]
            return Unreachable(why)
        pause = min(FIRST_PAUSE * 2 ** (tried - 1), LONGEST_PAUSE) * (0.5 + self._jitter())
        return Busy(why, told or pause)


def address(service_url: str, *path: str, **query: str) -> str:
    """The URL of something at the connector; ids in it are quoted."""
    url = "/".join([service_url.rstrip("/"), "v3", *(quote(part, safe="") for part in path)])
    asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items() if value)
    return f"{url}?{asked}" if asked else url


async def _json(answer: aiohttp.ClientResponse) -> Any:
    try:
        return await answer.json(content_type=None)
    except ValueError:
        return None


def _seconds(wait: str) -> float:
    """0 if it is no number of seconds: Teams sends no dates."""
    return float(wait) if re.fullmatch(r"[0-9]{1,5}(\.[0-9]+)?", wait) else 0.0
