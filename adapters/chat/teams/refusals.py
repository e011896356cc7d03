"""What Teams' errors mean to whoever set the agent up, and what to do about each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.errors import NotFound, OnCallError, Unreachable

INSTALL = "Add the agent's app there: in Teams, Apps, the agent, Add to a team or chat."

FORBIDDEN: Mapping[str, str] = {
    "MessageWritesBlocked": "The person or an admin has blocked the agent in Teams, and can allow it under Apps.",
    "BotDisabledByAdmin": "An admin of Teams has switched the agent off. Ask them: Teams apps, Manage apps, Allow.",
    "ConversationBlockedByUser": "The person has blocked the agent in Teams. They can allow it again under Apps.",
    "ForbiddenOperationException": "The person has not added the agent in Teams. Ask them to: Apps, the agent, Add.",
    "InvalidBotApiHost": "The agent's bot is registered in another cloud of Microsoft's.",
    "NotEnoughPermissions": "The agent lacks a permission in Teams that this takes.",
}
"""https://learn.microsoft.com/microsoftteams/platform/bots/build-conversational-capability#status-codes-from-bot-conversational-apis"""

NOWHERE: Mapping[str, str] = {
    "BotNotInConversationRoster": f"The agent is not a member of this conversation in Teams. {INSTALL}",
    "ConversationNotFound": f"Teams knows no such conversation, or the agent is not in it. {INSTALL}",
    "ActivityNotFoundInConversation": "The message is no longer there.",
    "MemberNotFoundInConversation": "Teams knows no such person there.",
}


class TooBig(Unreachable):
    """Teams finds the card too long."""


def refusal(status: int, body: object) -> OnCallError:
    """Return what an answer other than success, and other than "try again", is to us."""
    codes, message = _read(body)
    known = next((code for code in codes if code in FORBIDDEN or code in NOWHERE), "")
    tail = f"({' '.join(codes[:1]) or f'HTTP {status}'})"
    if status == 413 or "MessageSizeTooBig" in codes:
        return TooBig(f"Teams found the card too long. {tail}", temporary=False)
    if status == 404 or known in NOWHERE:
        return NotFound(f"{NOWHERE.get(known, NOWHERE['ConversationNotFound'])} {tail}")
    if status == 401:
        return Unreachable(f"Teams does not accept the bot's token: is the bot registered? {tail}", temporary=False)
    words = FORBIDDEN.get(known) or f"Teams refused. {message}".strip()
    return Unreachable(f"{words} {tail}", temporary=False)


def blocks(error: OnCallError) -> bool:
    """Whether a person would have to let the agent in first."""
    return any(words in str(error) for words in FORBIDDEN.values())


def _read(body: object) -> tuple[list[str], str]:
    """The codes, and what is said besides. A reason may be JSON within a text."""
    if not isinstance(body, dict):
        return [], ""
    inside: Any = body["error"] if isinstance(body.get("error"), dict) else body
    message = str(inside.get("message") or "")
    codes = [str(inside[name]) for name in ("subCode", "code") if inside.get(name)]
    try:
        nested = json.loads(message)
    except ValueError:
        return codes, message[:200]
    if isinstance(nested, dict) and nested.get("subCode"):
        return [str(nested["subCode"]), *codes], str(nested.get("details") or "")[:200]
    return codes, message[:200]
