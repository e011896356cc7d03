"""Who is reading: links that sign a person in once, and the signed cookie that remembers it for twelve hours."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

import jwt

from engine.errors import Forbidden
from engine.model import Account
from engine.ports import Clock

LINK_VALID = timedelta(hours=24)
SESSION_VALID = timedelta(hours=12)
LINK, SESSION = "web chat link", "web chat"
USED = "This link has been used. Run `oncall sign-in` where the program runs to get another."
UNKNOWN = "This link is not valid, or no longer. Run `oncall sign-in` where the program runs to get another."


class Directory(Protocol):
    """The part of engine.ports.People that is asked here."""

    async def named(self, username: str) -> Account | None: ...
    async def seen(self, account_id: str, at: datetime) -> None: ...


class OneTimeLinks:
    """Links that sign in one person once. Whoever holds the secret can make one, also from another process.

    Which links were used is only known while the program runs; so none that is older than this start is taken.
    """

    def __init__(self, secret: str, clock: Clock) -> None:
        self._key = _key(secret, "oncall web chat link")
        self._clock = clock
        self._began = int(clock.now().timestamp())
        self._used: dict[str, int] = {}

    def new_link(self, base_url: str, username: str) -> str:
        """Return an address below ``base_url`` that signs this person in: once, within 24 hours."""
        now = int(self._clock.now().timestamp())
        until = now + int(LINK_VALID.total_seconds())
        claims = {"sub": username, "jti": secrets.token_urlsafe(16), "made": now, "exp": until, "aud": LINK}
        token = jwt.encode(claims, self._key, algorithm="HS256")
        return f"{base_url.rstrip('/')}/sign-in?{urlencode({'token': token})}"

    def redeem(self, token: str) -> str:
        """Return whose link it is and use it up. Raises Forbidden, in words for the person."""
        claims, now = _claims(token, self._key, LINK, ("sub", "jti", "made", "exp")), self._clock.now().timestamp()
        if claims is None or int(claims["exp"]) <= now or int(claims["made"]) < self._began:
            raise Forbidden(UNKNOWN)
        if claims["jti"] in self._used:
            raise Forbidden(USED)
        self._used = {id: until for id, until in self._used.items() if until > now}
        self._used[str(claims["jti"])] = int(claims["exp"])
        return str(claims["sub"])


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    username: str
    until: datetime


class Sessions:
    """Signed tokens that outlive a restart. One that was signed out is refused until it would have ended anyway."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._key = _key(secret, "oncall web chat session")
        self._clock = clock
        self._ended: dict[str, datetime] = {}

    def begin(self, username: str) -> str:
        until = self._clock.now() + SESSION_VALID
        claims = {"sub": username, "sid": secrets.token_urlsafe(16), "exp": until, "aud": SESSION}
        return jwt.encode(claims, self._key, algorithm="HS256")

    def read(self, token: str) -> Session | None:
        """Return whose session this is, or None if it is forged, over or signed out."""
        claims = _claims(token, self._key, SESSION, ("sub", "sid", "exp"))
        if claims is None:
            return None
        session = Session(str(claims["sid"]), str(claims["sub"]), datetime.fromtimestamp(int(claims["exp"]), UTC))
        return session if self.lasts(session) else None

    def lasts(self, session: Session) -> bool:
        return session.until > self._clock.now() and session.id not in self._ended

    def end(self, session: Session) -> None:
        now = self._clock.now()
        self._ended = {id: until for id, until in self._ended.items() if until > now} | {session.id: session.until}


class SignIn:
    """The door: links that let people in, sessions that keep them in, and the accounts that say who they are."""

    def __init__(self, people: Directory, clock: Clock, *, secret: str) -> None:
        self.links = OneTimeLinks(secret, clock)
        self.sessions = Sessions(secret, clock)
        self._people = people
        self._clock = clock

    def new_link(self, base_url: str, username: str) -> str:
        return self.links.new_link(base_url, username)

    async def begin(self, username: str) -> str:
        """Let this person in: a session, and a note of when they last came."""
        if account := await self.account(username):
            await self._people.seen(account.id, self._clock.now())
        return self.sessions.begin(username)

    async def account(self, username: str) -> Account | None:
        """The active account of this name. Raises Unreachable if the database does not answer."""
        account = await self._people.named(username)
        return account if account and account.is_active else None


def _key(secret: str, purpose: str) -> bytes:
    """A key of its own for each purpose, so that one token can never pass for another."""
    return hmac.digest(secret.encode(), purpose.encode(), "sha256")


def _claims(token: str, key: bytes, audience: str, names: Sequence[str]) -> Mapping[str, Any] | None:
    """What a token of ours says, or None if it is not one. Its time is the caller's to judge: the clock is ours."""
    options: Any = {"require": list(names), "verify_exp": False}
    try:
        return jwt.decode(token, key, algorithms=["HS256"], audience=audience, options=options)
    except jwt.InvalidTokenError:
        return None
