"""Who is reading: links that sign a person in once, and the signed cookie that remembers it for twelve hours."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode

import jwt

from engine.errors import Forbidden
from engine.model import Account
from engine.ports import Clock

LINK_VALID = timedelta(hours=24)
SESSION_VALID = timedelta(hours=12)
USED = "This link has been used. Restart the program, or run `oncall sign-in`, to get another."
UNKNOWN = "This link is not valid, or no longer. Restart the program, or run `oncall sign-in`, to get another."


class Directory(Protocol):
    """The part of engine.ports.People that is asked here."""

    async def named(self, username: str) -> Account | None: ...


@dataclass(frozen=True, slots=True)
class Link:
    username: str
    until: datetime
    used: bool = False


class OneTimeLinks:
    """Links that sign in one person once. Only a hash of each is kept, in memory."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._links: dict[str, Link] = {}

    def new_link(self, base_url: str, username: str) -> str:
        """Return an address below ``base_url`` that signs this person in: once, within 24 hours."""
        token = secrets.token_urlsafe(32)
        self._links = {hash: link for hash, link in self._links.items() if link.until > self._clock.now()}
        self._links[_hash(token)] = Link(username, self._clock.now() + LINK_VALID)
        return f"{base_url.rstrip('/')}/sign-in?{urlencode({'token': token})}"

    def redeem(self, token: str) -> str:
        """Return whose link it is and use it up. Raises Forbidden, in words for the person."""
        link = self._links.get(_hash(token))
        if link is None or link.until <= self._clock.now():
            raise Forbidden(UNKNOWN)
        if link.used:
            raise Forbidden(USED)
        self._links[_hash(token)] = replace(link, used=True)
        return link.username


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    username: str
    until: datetime


class Sessions:
    """Signed tokens that outlive a restart. One that was signed out is refused until it would have ended anyway."""

    def __init__(self, secret: str, clock: Clock) -> None:
        self._key = hmac.digest(secret.encode(), b"oncall web chat session", "sha256")
        self._clock = clock
        self._ended: dict[str, datetime] = {}

    def begin(self, username: str) -> str:
        until = self._clock.now() + SESSION_VALID
        claims = {"sub": username, "sid": secrets.token_urlsafe(16), "exp": until, "aud": "web chat"}
        return jwt.encode(claims, self._key, algorithm="HS256")

    def read(self, token: str) -> Session | None:
        """Return whose session this is, or None if it is forged, over or signed out."""
        # the clock is ours, so the library must not compare with its own
        options = {"require": ["sub", "sid", "exp"], "verify_exp": False}
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"], audience="web chat", options=options)  # type: ignore[arg-type]  # a dict is what it takes
        except jwt.InvalidTokenError:
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
        self.links = OneTimeLinks(clock)
        self.sessions = Sessions(secret, clock)
        self._people = people

    def new_link(self, base_url: str, username: str) -> str:
        return self.links.new_link(base_url, username)

    async def account(self, username: str) -> Account | None:
        """The active account of this name. Raises Unreachable if the database does not answer."""
        account = await self._people.named(username)
        return account if account and account.is_active else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
