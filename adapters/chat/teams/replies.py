"""What an invoke is answered with: a card in the place of the pressed one, a short word, or a window.

https://learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model#response-format
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.chat.card import Card, Field, Form, Kind
from adapters.chat.plain import render as plain
from adapters.chat.teams.answers import CARD, again
from adapters.chat.teams.limits import LIMITS
from adapters.chat.teams.render import answer, notice, render, window
from adapters.chat.teams.render import corrected as form_again
from adapters.chat.visible import visible

MESSAGE = "application/vnd.microsoft.activity.message"
ERROR = "application/vnd.microsoft.error"

Reply = Mapping[str, Any]

WINDOW = "Report as incident"


def says(text: str) -> Reply:
    return {"statusCode": 200, "type": MESSAGE, "value": visible(text)}


AT_IT = says("I have heard you and am at it. You will see it here, or in our own chat.")


def shown(card: Card, back: str) -> Reply:
    """A short answer leaves the pressed card as it is."""
    if short := notice(card) if card.private else "":
        return says(short)
    return {"statusCode": 200, "type": CARD, "value": answer(card, back)}


def view(card: Card) -> Reply:
    """One person's view of a card that is there already. Where that is refused, they see what everybody sees."""
    if card.private:
        return failed(403, plain(card)[: LIMITS.notice])
    return {"statusCode": 200, "type": CARD, "value": render(card, again=again(card))}


def corrected(form: Form, values: Mapping[str, str], refused: Card, back: str) -> Reply:
    return {"statusCode": 200, "type": CARD, "value": form_again(form, values, refused, back)}


def failed(status: int, text: str) -> Reply:
    return {"statusCode": status, "type": ERROR, "value": {"code": str(status), "message": visible(text)}}


def window_opens(text: str) -> Reply:
    """The message, to be reported as it is or with less of it."""
    field = Field("text", "What happened? The lines of the failure are enough.", kind=Kind.LONG, default=text)
    card = window(field, WINDOW)
    return {
        "task": {
            "type": "continue",
            "value": {
                "title": WINDOW,
                "height": "medium",
                "width": "medium",
                "card": {"contentType": CARD, "content": card},
            },
        }
    }


def window_closes(card: Card | None) -> Reply:
    text = "I have heard you and am at it." if card is None else plain(card)
    return {"task": {"type": "message", "value": text[: LIMITS.notice]}}
