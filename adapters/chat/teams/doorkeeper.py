"""Who may speak to the bot: Microsoft, in the name of our company, about where it really is; nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt
from aiohttp import web
from yarl import URL

from adapters.chat.teams.keys import Key, Keys
from adapters.chat.teams.registration import Registration, here, safe

CHANNEL = "msteams"

SKEW = 5 * 60
"""Seconds that two clocks may differ: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication"""

REQUIRED = ["iss", "aud", "exp", "serviceurl"]


class TurnedAway(Exception):
    """Nothing of this request is looked at."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Doorkeeper:
    def __init__(self, registration: Registration, keys: Keys) -> None:
        self._registration = registration
        self._keys = keys

    async def know(self, request: web.Request) -> Mapping[str, Any]:
        """What the request's token vouches for, before a byte of its body is read. Raises TurnedAway, Unreachable."""
        if not self._registration.app_id:
            _from_here(request)
            return {}
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            raise TurnedAway(401, "no token")
        return await self._claims(token)

    def admit(self, claims: Mapping[str, Any], activity: Mapping[str, Any]) -> None:
        """Hold the activity against what its token vouches for. Raises TurnedAway."""
        service = activity.get("serviceUrl")
        if activity.get("channelId") != CHANNEL:
            raise TurnedAway(403, "another channel")
        if not isinstance(service, str) or not safe(service):
            raise TurnedAway(403, "no place to answer to")
        if not self._registration.app_id:
            if not here(URL(service).host):
                raise TurnedAway(403, "without an app id only this machine is answered")
            return
        if claims.get("serviceurl") != service:
            raise TurnedAway(403, "another service URL")
        if self._registration.tenant and tenant(activity) != self._registration.tenant:
            raise TurnedAway(403, "another company")

    async def _claims(self, token: str) -> Mapping[str, Any]:
        key = await self._key(token)
        try:
            claims = jwt.decode(
                token,
                key.key,
                algorithms=["RS256"],
                audience=self._registration.app_id,
                issuer=self._registration.issuer,
                leeway=SKEW,
                options={"require": REQUIRED},
            )
        except jwt.InvalidTokenError as error:
            raise TurnedAway(401, f"{type(error).__name__}: {error}") from None
        if CHANNEL not in key.channels:
            raise TurnedAway(403, "the key may not speak for Teams")
        return claims

    async def _key(self, token: str) -> Key:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
        except jwt.InvalidTokenError as error:
            raise TurnedAway(401, f"{type(error).__name__}: {error}") from None
        key = await self._keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise TurnedAway(401, "a key that is not Microsoft's")
        return key


def tenant(activity: Mapping[str, Any]) -> str:
    """The company in which this happened."""
    conversation = activity.get("conversation")
    data = activity.get("channelData")
    told = conversation.get("tenantId") if isinstance(conversation, dict) else None
    if not told and isinstance(data, dict) and isinstance(data.get("tenant"), dict):
        told = data["tenant"].get("id")
    return str(told or "")


def _from_here(request: web.Request) -> None:
    """The Host too: a page in a browser on this machine may have been given a name that leads here."""
    try:
        host = URL(f"http://{request.host}").host
    except ValueError:
        host = None
    if not here(request.remote) or not here(host) or "Origin" in request.headers:
        raise TurnedAway(403, "without an app id only this machine is served")
