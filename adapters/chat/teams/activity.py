"""What Teams tells of something that happened, as it came."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, Field

from adapters.chat.teams.places import Scope

Raw: TypeAlias = Mapping[str, Any]
"""https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference"""


_QUOTE = re.compile(r"(?is)<blockquote\b[^>]{0,400}schema\.skype\.com/Reply[^>]{0,400}>.*?</blockquote>")
_MENTION = re.compile(r"(?is)<span\b[^>]{0,400}schema\.skype\.com/Mention[^>]{0,400}>(.*?)</span>")
_QUOTED = re.compile(r"(?i)<quoted\b[^>]*/>")


class _Account(BaseModel):
    id: str
    name: str | None = None
    aadObjectId: str | None = None  # noqa: N815 - Teams' own name
    role: str | None = None


class _Conversation(BaseModel):
    id: str
    conversationType: Scope | None = None  # noqa: N815 - Teams' own name
    isGroup: bool | None = None  # noqa: N815 - Teams' own name


class _Shape(BaseModel):
    """What every activity has that we look at."""

    type: str
    id: str
    name: str | None = None
    text: str | None = None
    channelId: str  # noqa: N815 - Teams' own name
    serviceUrl: str  # noqa: N815 - Teams' own name
    replyToId: str | None = None  # noqa: N815 - Teams' own name
    sender: _Account = Field(alias="from")
    recipient: _Account
    conversation: _Conversation
    channelData: dict[str, Any] | None = None  # noqa: N815 - Teams' own name
    entities: list[dict[str, Any]] | None = None
    attachments: list[dict[str, Any]] | None = None
    membersRemoved: list[dict[str, Any]] | None = None  # noqa: N815 - Teams' own name


def check(raw: Raw) -> None:
    """Raises ValueError if this is not as Teams tells of what happened."""
    _Shape.model_validate(raw)


def without_quotes(raw: Raw) -> str:
    """What a person typed. Where they quote a message, Teams runs both together, and only its HTML tells them apart."""
    for one in raw.get("attachments") or ():
        content = one.get("content") if one.get("contentType") == "text/html" else None
        if isinstance(content, str) and _QUOTE.search(content):
            return _without_tags(_MENTION.sub(r"&lt;at&gt;\1&lt;/at&gt;", _QUOTE.sub("", content)))
    return _QUOTED.sub("", str(raw.get("text") or ""))


def words(payload: Raw) -> str:
    """All that a message says; alerts often stand in cards."""
    body = payload.get("body") or {}
    content = str(body.get("content") or "")
    text = content if body.get("contentType") == "text" else _without_tags(content)
    cards = (_opened(one.get("content")) for one in payload.get("attachments") or ())
    return "\n".join(part for part in [text, *(words for card in cards for words in _texts(card))] if part.strip())


def _without_tags(content: str) -> str:
    lines = re.sub(r"<br\s*/?>|</(?:p|div|li|tr|pre|h\d)>", "\n", content, flags=re.IGNORECASE)
    return html.unescape(re.sub(r"<[^<>]*>", "", lines)).replace("\u00a0", " ").strip()


def _opened(content: object) -> object:
    """Teams sends a card of a message as JSON in a text."""
    try:
        return json.loads(content) if isinstance(content, str) else content
    except (ValueError, RecursionError):
        return None


def _texts(card: object, depth: int = 12) -> Iterator[str]:
    """What can be read in a card, from its top."""
    if isinstance(card, list) and depth:
        for one in card:
            yield from _texts(one, depth - 1)
    if isinstance(card, dict) and depth:
        for name, value in card.items():
            if isinstance(value, str) and name in ("text", "value", "title"):
                yield value
            elif name not in ("actions", "data", "refresh"):
                yield from _texts(value, depth - 1)
