"""Text in the objects that Slack knows. Nothing here is markup: what a stranger wrote can ping and format nothing."""

from __future__ import annotations

from html import escape
from typing import Any

from adapters.chat.plain import UNNAMED
from adapters.chat.shorten import one_line


def plain_text(text: str) -> dict[str, Any]:
    """Text that Slack shows as it is, ``:emoji:`` included."""
    return {"type": "plain_text", "text": text or UNNAMED, "emoji": False}


def one_line_text(text: str, at_most: int) -> dict[str, Any]:
    return plain_text(one_line(text, at_most))


def letters(text: str, **style: bool) -> dict[str, Any]:
    """A stretch of rich text, shown as it is."""
    return {"type": "text", "text": text} | ({"style": style} if style else {})


def rich_text(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}


def section(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements)}


def escaped(text: str) -> str:
    """The text where Slack allows only markup: https://docs.slack.dev/messaging/formatting-message-text#escaping"""
    return escape(text, quote=False)
