"""All that a message on Slack says: alerts often say it in attachments or blocks, and little or nothing in the text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def written(message: Mapping[str, Any]) -> str:
    """Return every text of the message once, a line each. A person's blocks say the same as the text."""
    texts = [message.get("text"), *(_shown(message.get("blocks")) if message.get("bot_id") else ())]
    for one in message.get("attachments") or []:
        texts += [*_attached(one)] or [one.get("fallback")]
    said = ""
    for text in filter(None, texts):
        said += f"\n{text}" if str(text) not in said else ""
    return said.strip()


def _attached(attachment: Mapping[str, Any]) -> Iterator[str]:
    """https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments"""
    yield from (str(text) for name in ("pretext", "title", "text") if (text := attachment.get(name)))
    for field in attachment.get("fields") or []:
        yield f"{field.get('title') or ''}: {field.get('value') or ''}".strip(" :")
    yield from _shown(attachment.get("blocks"))


def _shown(part: object) -> Iterator[str]:
    """The texts of blocks, but not what can be pressed."""
    match part:
        case {"type": "actions" | "button"}:
            return
        case {"type": "rich_text_section" | "rich_text_preformatted" | "rich_text_quote", "elements": list(pieces)}:
            yield "".join(str(one.get("text") or one.get("url") or "") for one in pieces)
        case {"text": str(text)}:
            yield text
        case dict():
            for value in part.values():
                yield from _shown(value)
        case list():
            for value in part:
                yield from _shown(value)
