"""Whose request it is, by the session cookie."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from adapters.chat.web.sign_in import SESSION_VALID, Session, SignIn
from engine.errors import Forbidden
from engine.model import Account

COOKIE = "oncall_session"


class SignedOut(Forbidden):
    """You are not signed in."""


@dataclass(frozen=True, slots=True)
class Visitor:
    account: Account
    session: Session

    @property
    def username(self) -> str:
        return self.account.username


async def visitor(request: web.Request, sign_in: SignIn) -> Visitor:
    """Raises SignedOut, also for somebody whose account is no longer active."""
    session = sign_in.sessions.read(request.cookies.get(COOKIE, ""))
    account = await sign_in.account(session.username) if session else None
    if session is None or account is None:
        raise SignedOut
    return Visitor(account, session)


def remember(response: web.StreamResponse, session: str, *, encrypted: bool) -> None:
    response.set_cookie(
        COOKIE,
        session,
        max_age=int(SESSION_VALID.total_seconds()),
        path="/",
        httponly=True,
        samesite="Strict",
        secure=encrypted,
    )


def forget(response: web.StreamResponse) -> None:
    response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
