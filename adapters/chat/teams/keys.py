"""The keys that Microsoft signs with: read when needed, and again daily, or when a token names one we do not know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import jwt

from adapters.chat.teams.registration import safe
from engine.errors import Unreachable
from engine.ports import Clock

FRESH = timedelta(days=1)
"""https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication"""

LEAST = timedelta(seconds=10)
"""Between two reads: a stranger with invented keys cannot make us ask Microsoft at every request."""

PATIENCE = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, slots=True)
class Key:
    """``channels``: for which of Microsoft's channels it may speak."""

    key: Any
    channels: frozenset[str]


class Keys:
    def __init__(self, openid: str, session: Callable[[], aiohttp.ClientSession], clock: Clock) -> None:
        self._openid = openid
        self._session = session
        self._clock = clock
        self._known: Mapping[str, Key] = {}
        self._read: datetime | None = None
        self._tried: datetime | None = None
        self._lock = asyncio.Lock()

    async def get(self, kid: str) -> Key | None:
        """The key of this name, None if Microsoft has none such. Raises Unreachable if no key could ever be read."""
        async with self._lock:
            if self._old(self._read, FRESH) or (kid not in self._known and self._old(self._tried, LEAST)):
                await self._refresh()
        return self._known.get(kid)

    async def _refresh(self) -> None:
        """Keys that were good an hour ago are better than none."""
        if not self._old(self._tried, LEAST):
            if self._read is None:
                raise Unreachable("Microsoft's keys could not be read.")
            return
        self._tried = self._clock.now()
        try:
            self._known = await self._fetched()
            self._read = self._clock.now()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
            if self._read is None:
                raise Unreachable(f"Microsoft's keys could not be read ({type(error).__name__}).") from None

    async def _fetched(self) -> Mapping[str, Key]:
        metadata = await self._json(self._openid)
        keys = (await self._json(str(metadata["jwks_uri"])))["keys"]
        found = {str(one["kid"]): _key(one) for one in keys if one.get("kty") == "RSA" and one.get("kid")}
        return {kid: key for kid, key in found.items() if key}

    async def _json(self, url: str) -> Mapping[str, Any]:
        if not safe(url):
            raise ValueError("keys do not come over an open line")
        async with self._session().get(url, timeout=PATIENCE, allow_redirects=False) as answer:
            answer.raise_for_status()
            body = await answer.json(content_type=None)
        if not isinstance(body, dict):
            raise TypeError("no object")
        return body

    def _old(self, at: datetime | None, age: timedelta) -> bool:
        return at is None or self._clock.now() - at >= age


def _key(one: Mapping[str, Any]) -> Key | None:
    """None if it is not as it should be: the others are good all the same."""
    try:
        public = jwt.PyJWK(dict(one), algorithm="RS256").key
    except jwt.PyJWTError:
        return None
    return Key(public, frozenset(one.get("endorsements") or ()))
