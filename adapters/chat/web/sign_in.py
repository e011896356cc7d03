"""Who is reading: links that sign a person in once, and the signed cookie that remembers it for twelve hours."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

import jwt

from engine.errors import Forbidden
from engine.model import Account
from engine.ports import Clock, Cursors

LINK_VALID = timedelta(hours=24)
SESSION_VALID = timedelta(hours=12)
AUDIENCE = "web chat"
SIGNED_OUT = "web chat: signed out"
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
        self._used: dict[str, float] = {}

    def new_link(self, base_url: str, username: str) -> str:
        """Return an address below ``base_url`` that signs this person in: once, within 24 hours."""
        said = f"{username}.{int(self._clock.now().timestamp())}.{secrets.token_urlsafe(6)}"
        return f"{base_url.rstrip('/')}/sign-in?{urlencode({'token': f'{said}.{self._seal(said)}'})}"

    def redeem(self, token: str) -> str:
        """Return whose link it is and use it up. Raises Forbidden, in words for the person."""
        said, _, seal = token.rpartition(".")
        if not hmac.compare_digest(self._seal(said).encode(), seal.encode()):
            raise Forbidden(UNKNOWN)
        username, made, _ = said.rsplit(".", 2)
        now, until = self._clock.now().timestamp(), int(made) + LINK_VALID.total_seconds()
        if until <= now or int(made) < self._began:
            raise Forbidden(UNKNOWN)
        if said in self._used:
            raise Forbidden(USED)
        self._used = {one: end for one, end in self._used.items() if end > now} | {said: until}
        return username

    def _seal(self, said: str) -> str:
        """Short enough for a terminal, and 132 bits are more than anybody can guess."""
        seal = hmac.digest(self._key, said.encode("utf-8", "replace"), "sha256")
        return base64.urlsafe_b64encode(seal).decode()[:22]


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
        self._ended: dict[str, float] = {}

    def begin(self, username: str) -> str:
        until = self._clock.now() + SESSION_VALID
        claims = {"sub": username, "sid": secrets.token_urlsafe(16), "exp": until, "aud": AUDIENCE}
        return jwt.encode(claims, self._key, algorithm="HS256")

    def read(self, token: str) -> Session | None:
        """Return whose session this is, or None if it is forged, over or signed out."""
        # the clock is ours, so the library must not compare with its own
        options: Any = {"require": ["sub", "sid", "exp"], "verify_exp": False}
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"], audience=AUDIENCE, options=options)
        except jwt.InvalidTokenError:
            return None
        session = Session(str(claims["sid"]), str(claims["sub"]), datetime.fromtimestamp(int(claims["exp"]), UTC))
        return session if self.lasts(session) else None

    def lasts(self, session: Session) -> bool:
        return session.until > self._clock.now() and session.id not in self._ended

    def end(self, session: Session) -> str:
        """From now on it is nobody's. Returns all that were ended and would not be over yet, to be kept."""
        now = self._clock.now().timestamp()
        still = {id: until for id, until in self._ended.items() if until > now}
        self._ended = {**still, session.id: session.until.timestamp()}
        return json.dumps(self._ended)

    def remember(self, ended: str) -> None:
        """What an earlier start had ended."""
        self._ended |= {str(id): float(until) for id, until in json.loads(ended).items()}


class SignIn:
    """The door: links that let people in, sessions that keep them in, and the accounts that say who they are."""

    def __init__(self, people: Directory, clock: Clock, kept: Cursors, *, secret: str) -> None:
        self.links = OneTimeLinks(secret, clock)
        self.sessions = Sessions(secret, clock)
        self._people = people
        self._clock = clock
        self._kept = kept

    async def open(self) -> None:
        """Remember who has signed out: that outlives a restart, as their cookies do."""
        if ended := await self._kept.get(SIGNED_OUT):
            self.sessions.remember(ended)

    async def end(self, session: Session) -> None:
        await self._kept.put(SIGNED_OUT, self.sessions.end(session))

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
