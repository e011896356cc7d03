"""A code that shows two chat identities to be one person: asked for in one place, said in the other, once."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime, timedelta

from adapters.chat.inbox import Inbox
from engine.errors import Refused
from engine.ports import Clock, Cursors

VALID = timedelta(minutes=10)
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Letters that nobody mistakes for another; eight of them are 40 bits, and are tried for ten minutes at most."""


class LinkCodes:
    def __init__(self, cursors: Cursors, inbox: Inbox, clock: Clock) -> None:
        self._cursors = cursors
        self._inbox = inbox
        self._clock = clock

    async def new(self, account_id: str) -> str:
        code = "".join(secrets.choice(ALPHABET) for _ in range(8))
        until = self._clock.now() + VALID
        await self._cursors.put(_name(code), json.dumps({"account": account_id, "until": until.isoformat()}))
        return code

    async def redeem(self, code: str) -> str:
        """The account's id. Raises Refused for a code that is unknown, used or too old."""
        kept = await self._cursors.get(_name(code.upper()))
        body = json.loads(kept) if kept else None
        if not body or datetime.fromisoformat(body["until"]) < self._clock.now():
            raise Refused("That code is not valid, or no longer. Say link in the web chat for a new one.")
        if not await self._inbox.hear("link", _name(code.upper()), ""):
            raise Refused("That code was used already. Say link in the web chat for a new one.")
        await self._inbox.answered("link", _name(code.upper()))
        return str(body["account"])


def _name(code: str) -> str:
    """What is kept cannot be said."""
    return f"link:{hashlib.sha256(code.encode()).hexdigest()}"
