"""The bot's own token: fetched without keeping anybody waiting, and again before it runs out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from adapters.chat.teams.registration import Registration
from engine.errors import Unreachable
from engine.ports import Clock

EARLY = timedelta(minutes=5)
PATIENCE = aiohttp.ClientTimeout(total=15)

REFUSED = (
    "Microsoft does not accept the app id or its password."
    " Make a new client secret in the bot's app registration, and restart with it."
)


class SignIn:
    def __init__(self, registration: Registration, session: Callable[[], aiohttp.ClientSession], clock: Clock) -> None:
        self._registration = registration
        self._session = session
        self._clock = clock
        self._token = ""
        self._until: datetime | None = None
        self._lock = asyncio.Lock()

    async def header(self) -> dict[str, str]:
        """What a call to Teams carries; nothing without an app id. Raises Unreachable."""
        if not self._registration.app_id:
            return {}
        async with self._lock:
            if self._until is None or self._clock.now() >= self._until:
                await self._fetch()
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """Teams no longer takes this token."""
        self._until = None

    async def _fetch(self) -> None:
        status, body = await self._asked()
        if status in (400, 401, 403):
            said = str(body.get("error_description") or body.get("error") or "").partition("\n")[0]
            raise Unreachable(f"{REFUSED} {said}".strip(), temporary=False)
        token, life = body.get("access_token"), body.get("expires_in")
        if status != 200 or not isinstance(token, str) or not str(life).isdecimal():
            raise Unreachable(f"Microsoft gave the bot no token (HTTP {status}).")
        self._token = token
        self._until = self._clock.now() + max(timedelta(seconds=int(str(life))) - EARLY, timedelta())

    async def _asked(self) -> tuple[int, dict[str, Any]]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._registration.app_id,
            "client_secret": self._registration.password,
            "scope": self._registration.scope,
        }
        url = self._registration.token_url
        try:
            async with self._session().post(url, data=form, timeout=PATIENCE, allow_redirects=False) as answer:
                body = await answer.json(content_type=None)
                return answer.status, body if isinstance(body, dict) else {}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unreachable(f"Microsoft's sign-in does not answer ({type(error).__name__}).") from None
