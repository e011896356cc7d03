"""Microsoft's sign-in service on this machine: the keys that Teams signs with, tokens true and forged, tokens for the bot.

    with entra() as microsoft:                     # in its own thread: blocking clients may ask it from any loop
        microsoft.app_id, microsoft.app_password, microsoft.tenant
        microsoft.openid                           # ".../v1/.well-known/openidconfiguration", whose jwks_uri has the keys
        microsoft.token_url                        # where the bot gets its own token (client_credentials)
        microsoft.issuer                           # "https://api.botframework.com"
        microsoft.header(service_url)              # "Bearer …", as Teams sends it with an activity
        microsoft.token(service_url, expires=-301, audience="…")     # any claim changed
        microsoft.vouches_for("Bearer …")          # did it give this token to the bot, and is it still good?

Tokens that must be refused, and the few odd ones that must be let in, are tables in tests/servers/teams/forgeries.py.
What was asked is in ``microsoft.asked`` ("openid", "keys", "token"). ``microsoft.rotate()`` changes the key, as Microsoft
does; ``microsoft.down = True`` answers 503; while ``microsoft.silent`` nobody is answered.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from tests.waiting import PATIENCE

ISSUER = "https://api.botframework.com"
SCOPE = f"{ISSUER}/.default"
TENANT = "11111111-0000-4000-8000-000000000001"
APP_ID = "22222222-0000-4000-8000-000000000002"
APP_PASSWORD = "s3cret-of-the-app"
LIFE = 3600
"""Seconds that a token lives."""


def _key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Entra:
    """A running sign-in service; see the module."""

    url: str = ""
    app_id: str = APP_ID
    app_password: str = APP_PASSWORD
    tenant: str = TENANT
    issuer: str = ISSUER
    down: bool = False
    silent: bool = False
    asked: list[str] = field(default_factory=list)
    given: dict[str, float] = field(default_factory=dict, repr=False)
    key: RSAPrivateKey = field(default_factory=_key, repr=False)
    other_key: RSAPrivateKey = field(default_factory=_key, repr=False)
    stranger: RSAPrivateKey = field(default_factory=_key, repr=False)
    kid: str = "key-1"

    @property
    def openid(self) -> str:
        return f"{self.url}/v1/.well-known/openidconfiguration"

    @property
    def token_url(self) -> str:
        return f"{self.url}/{self.tenant}/oauth2/v2.0/token"

    @property
    def settings(self) -> dict[str, str]:
        """What the program's settings say of it."""
        return {
            "TEAMS_APP_ID": self.app_id,
            "TEAMS_APP_PASSWORD": self.app_password,
            "TEAMS_TENANT_ID": self.tenant,
            "TEAMS_OPENID_URL": self.openid,
            "TEAMS_ISSUER": self.issuer,
            "TEAMS_LOGIN_URL": self.url,
        }

    def rotate(self) -> None:
        """From now on another key signs, and the old one is no longer published."""
        self.key, self.kid = _key(), f"key-{int(self.kid.removeprefix('key-')) + 1}"

    def header(self, service_url: str) -> str:
        return f"Bearer {self.token(service_url)}"

    def token(self, service_url: str | None, **changed: Any) -> str:
        """Return a token as Teams signs it. ``key`` (this, of_webchat, stranger), ``kid``, ``algorithm`` sign; ``audience``, ``issuer``, ``starts``, ``expires`` claim.

        ``starts`` and ``expires`` are seconds from now. A service URL of None leaves the claim away.
        """
        key = {"this": self.key, "of_webchat": self.other_key, "stranger": self.stranger}[changed.get("key", "this")]
        headers = {"kid": changed.get("kid", self.kid)}
        claims = {
            "iss": changed.get("issuer", self.issuer),
            "aud": changed.get("audience", self.app_id),
            "nbf": int(time.time()) + changed.get("starts", -60),
            "exp": int(time.time()) + changed.get("expires", LIFE),
        }
        if service_url is not None:
            claims["serviceurl"] = service_url
        return jwt.encode(claims, key, algorithm=changed.get("algorithm", "RS256"), headers=headers)

    def vouches_for(self, header: str | None) -> bool:
        token = (header or "").removeprefix("Bearer ")
        return self.given.get(token, 0.0) > time.time()

    def revoke(self) -> None:
        """Tokens that the bot holds are good for nothing from now on."""
        self.given.clear()

    async def gives_openid(self, _: web.Request) -> web.Response:
        signing = {"id_token_signing_alg_values_supported": ["RS256"]}
        return await self._answer(
            "openid", {"issuer": self.issuer, "jwks_uri": f"{self.url}/v1/.well-known/keys", **signing}
        )

    async def gives_keys(self, _: web.Request) -> web.Response:
        keys = [published(self.key, self.kid, ["msteams"]), published(self.other_key, "of-webchat", ["webchat"])]
        return await self._answer("keys", {"keys": keys})

    async def gives_token(self, request: web.Request) -> web.Response:
        """Wants exactly what the real endpoint wants, and says no as it does."""
        form = await request.post()
        wanted = {"grant_type": "client_credentials", "client_id": self.app_id, "client_secret": self.app_password}
        if any(form.get(name) != value for name, value in {**wanted, "scope": SCOPE}.items()):
            refusal = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
            return await self._answer("token", refusal, 401)
        token = self.token(
            None, issuer=f"https://sts.windows.net/{self.tenant}/", audience=ISSUER, kid=str(len(self.given))
        )
        self.given[token] = time.time() + LIFE
        return await self._answer("token", {"token_type": "Bearer", "expires_in": LIFE, "access_token": token})

    async def _answer(self, asked: str, body: Mapping[str, object], status: int = 200) -> web.Response:
        self.asked.append(asked)
        while self.silent:
            await asyncio.sleep(0.01)
        if self.down:
            return web.json_response({"error": "temporarily_unavailable"}, status=503)
        return web.json_response(body, status=status)


def published(key: RSAPrivateKey, kid: str, endorsements: list[str]) -> dict[str, object]:
    """Return the public half as a JWK; an endorsement is a channel that the key may speak for."""
    jwk = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
    return {**jwk, "kid": kid, "use": "sig", "endorsements": endorsements}


@contextmanager
def entra() -> Iterator[Entra]:
    """In a thread with a loop of its own, so that a client that blocks its loop is still answered."""
    service, loop, runner = Entra(), asyncio.new_event_loop(), None
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        runner = asyncio.run_coroutine_threadsafe(_serve(service), loop).result(PATIENCE)
        yield service
    finally:
        if runner is not None:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


async def _serve(service: Entra) -> web.AppRunner:
    app = web.Application()
    app.router.add_get("/v1/.well-known/openidconfiguration", service.gives_openid)
    app.router.add_get("/v1/.well-known/keys", service.gives_keys)
    app.router.add_post(f"/{service.tenant}/oauth2/v2.0/token", service.gives_token)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    service.url = f"http://{host}:{port}"
    return runner


@pytest.fixture
def microsoft() -> Iterator[Entra]:
    with entra() as service:
        yield service
