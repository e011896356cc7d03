"""What can be pressed: buttons that say a line, open a form, or lead to a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from adapters.chat.card import Button, Form, Link, Part
from adapters.chat.carried import sendable
from adapters.chat.slack.forms import to_value
from adapters.chat.slack.limits import LIMITS
from adapters.chat.slack.words import one_line_text

SAY, FORM, OPEN = "say", "form", "open"
"""How an action_id begins: its value is a line to say, its value is a form, it is only a link."""


def control(part: Part, number: int) -> dict[str, Any]:
    """Return a button; ``number`` tells it from the others of its message."""
    match part:
        case Form(label=label):
            return _button(label, f"{FORM}-{number}", value=to_value(part))
        case Link(label=label, url=url):
            return _button(label, f"{OPEN}-{number}", url=url)
        case Button(label=label, ask=ask):
            said = sendable(ask) or " "  # Slack takes no empty value
            return _button(label, f"{SAY}-{number}", value=said, **_style(part), **_confirm(part))
        case _:
            raise TypeError(f"{type(part).__name__} cannot be pressed")


def rows(controls: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(controls), LIMITS.row):
        yield {"type": "actions", "elements": list(controls[start : start + LIMITS.row])}


def _button(label: str, action_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": one_line_text(label, LIMITS.label), **more}


def _style(button: Button) -> dict[str, str]:
    if button.danger:
        return {"style": "danger"}
    return {"style": "primary"} if button.primary else {}


def _confirm(button: Button) -> dict[str, Any]:
    if not button.confirm:
        return {}
    asked = {
        "title": one_line_text(button.label, LIMITS.confirm_title),
        "text": one_line_text(button.confirm, LIMITS.confirm_text),
        "confirm": one_line_text("Yes", LIMITS.confirm_answer),
        "deny": one_line_text("No, go back", LIMITS.confirm_answer),
    }
    return {"confirm": asked | ({"style": "danger"} if button.danger else {})}
