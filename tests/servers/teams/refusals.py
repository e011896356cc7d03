"""What Teams says when it does not do what a bot wants, word for word, and how a test makes it say so."""

from __future__ import annotations

import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

LARGEST = 100 * 1024
"""Bytes of UTF-16 that one message may have.
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages"""

PACE = ((1.0, 7), (2.0, 8), (30.0, 60), (3600.0, 1800))
"""Seconds, and messages that one bot may send to one conversation in them.
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit"""


@dataclass
class Refused(Exception):
    """An answer that is no success."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


def refused(status: int, code: str, message: str, **headers: str) -> Refused:
    return Refused(status, {"error": {"code": code, "message": message}}, headers)


def unauthorized() -> Refused:
    return Refused(401, {"message": "Authorization has been denied for this request."})


def not_in_roster() -> Refused:
    return refused(403, "BotNotInConversationRoster", "The bot is not part of the conversation roster.")


def not_installed() -> Refused:
    return refused(403, "ForbiddenOperationException", "The bot is not installed in user's personal scope")


def blocked() -> Refused:
    """The reason is JSON in a text: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages."""
    why = {"subCode": "MessageWritesBlocked", "details": "Thread is blocked from message writes."}
    return Refused(
        403, {"errorCode": 209, "message": json.dumps({**why, "errorCode": None, "errorSubCode": None}, indent=2)}
    )


def throttled(retry_after: float | None) -> Refused:
    """Not every such answer says how long to wait."""
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    return Refused(429, {"error": {"code": "Throttled", "message": "Too many requests."}}, headers)


def no_conversation() -> Refused:
    return refused(404, "ConversationNotFound", "Conversation not found.")


def no_message() -> Refused:
    return refused(404, "ActivityNotFoundInConversation", "Message does not exist in the thread.")


def no_member() -> Refused:
    return refused(404, "MemberNotFoundInConversation", "Member not found in conversation.")


def too_large() -> Refused:
    return refused(413, "MessageSizeTooBig", "Message size too large.")


def empty() -> Refused:
    return refused(400, "BadSyntax", "Activity must include non empty 'text' field or at least 1 attachment")


def bad_member() -> Refused:
    return refused(400, "BadArgument", "Failed to decrypt pairwise id")


WORDS = {
    403: ("Forbidden", "Operation is forbidden."),
    412: ("PreconditionFailed", "Precondition failed, please try again."),
    413: ("MessageSizeTooBig", "Message size too large."),
    500: ("ServiceError", "Internal error."),
    502: ("ServiceError", "Failed to reach a dependency."),
    503: ("ServiceUnavailable", "Service is unavailable."),
    504: ("GatewayTimeout", "Gateway timeout."),
}


@dataclass
class Fault:
    """Requests of this method, with this in their path, are answered so, or take effect and are never answered."""

    status: int
    times: int | None
    method: str
    within: str
    retry_after: float | None = None
    swallow: bool = False

    def takes(self, method: str, path: str) -> bool:
        if self.times == 0 or self.method not in {"", method} or self.within not in path:
            return False
        self.times = None if self.times is None else self.times - 1
        return True

    @property
    def answer(self) -> Refused:
        if self.status == 429:
            return throttled(self.retry_after)
        wait = {} if self.retry_after is None else {"Retry-After": f"{self.retry_after:g}"}
        code, message = WORDS[self.status]
        return Refused(self.status, {"error": {"code": code, "message": message}}, wait)


class Pace:
    """What was sent where, and when: more than Teams takes is refused. ``now`` tells the seconds."""

    def __init__(self) -> None:
        self.now: Callable[[], float] = time.monotonic
        self._sent: defaultdict[str, deque[float]] = defaultdict(deque)

    def takes(self, conversation: str) -> None:
        now = self.now()
        sent = self._sent[conversation]
        for window, most in PACE:
            inside = [at for at in sent if at > now - window]
            if len(inside) >= most:
                raise throttled(round(inside[-most] + window - now + 0.05, 2))
        sent.append(now)


def size(activity: object) -> int:
    """Bytes, as Teams counts them."""
    return 2 * len(json.dumps(activity, ensure_ascii=False, separators=(",", ":")))
