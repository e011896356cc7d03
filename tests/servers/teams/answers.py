"""What Teams would not understand in a bot's answer to an invoke."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.servers.teams.shown import CARD, Delivered

TEXT = "application/vnd.microsoft.activity.message"
ERROR = "application/vnd.microsoft.error"
SHAPES: dict[str, type] = {CARD: dict, TEXT: str, ERROR: dict}
TOO_SLOW = 15.0


def misunderstood(delivered: Delivered) -> Iterator[str]:
    """https://learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model#response-format"""
    name = delivered.activity.get("name", "")
    if delivered.seconds > TOO_SLOW:
        yield f"{name or delivered.activity['type']}: {delivered.seconds:.1f} s"
    if delivered.activity["type"] != "invoke" or delivered.status in {401, 403}:
        return
    if delivered.status != 200:
        yield f"{name}: HTTP {delivered.status}"
        return
    body = delivered.body
    yield from _pressed(body) if name == "adaptiveCard/action" else _window(name, body)


def _pressed(body: Any) -> Iterator[str]:
    if not isinstance(body, dict) or not {"statusCode", "type", "value"} <= body.keys():
        yield f"adaptiveCard/action: answered with {str(body)[:200]}"
        return
    if body["type"] not in SHAPES or not isinstance(body["value"], SHAPES[body["type"]]):
        yield f"adaptiveCard/action: a {body['type']} of {type(body['value']).__name__}"
    if (body["type"] == ERROR) != (body["statusCode"] >= 400):
        yield f"adaptiveCard/action: a {body['type']} with statusCode {body['statusCode']}"
    if body["type"] == ERROR and not {"code", "message"} <= body["value"].keys():
        yield "adaptiveCard/action: an error without code and message"


def _window(name: str, body: Any) -> Iterator[str]:
    """Nothing at all closes the window."""
    if not body:
        return
    task = body.get("task") if isinstance(body, dict) else None
    if task is None:
        if not isinstance(body, dict) or "composeExtension" not in body:
            yield f"{name}: answered with {str(body)[:200]}"
        return
    value = task.get("value")
    if task.get("type") == "continue":
        card = value.get("card") if isinstance(value, dict) else None
        if not isinstance(card, dict) or card.get("contentType") != CARD:
            yield f"{name}: a window without a card as an attachment"
        elif not value.get("title"):
            yield f"{name}: a window without a title"
    elif task.get("type") != "message" or not isinstance(value, str):
        yield f"{name}: a task of type {task.get('type')}"
