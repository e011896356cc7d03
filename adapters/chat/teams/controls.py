"""What can be pressed: buttons that say a line, forms, and links.

``Action.Execute`` is answered at once and only to who pressed it; clients that lack it send ``Action.Submit`` instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from adapters.chat.card import Button, Form, Link, Part
from adapters.chat.carried import sendable
from adapters.chat.plain import UNNAMED
from adapters.chat.teams import forms
from adapters.chat.teams.limits import LIMITS
from adapters.chat.teams.words import Element, lines, one_line
from adapters.chat.visible import visible

FRAME = 5
"""Characters that would fit into a button's frame."""

SAY, SEND, REFRESH = "say", "form", "refresh"
"""Verbs of what is pressed: it says a line, it sends a form, or a client wants its own view of the card."""


def control(part: Part, taken: set[str], back: str) -> Element:
    """Return an action. ``taken`` are the ids of inputs so far; ``back`` is what shows the card again."""
    match part:
        case Form():
            return form(part, taken, back)
        case Link(label=label, url=url):
            return {"type": "Action.OpenUrl", "title": _title(label), "url": url}
        case Button():
            return _button(part, back)
        case _:
            raise TypeError(f"{type(part).__name__} cannot be pressed")


def rows(actions: Sequence[Element]) -> Iterator[Element]:
    """As many in a row as can be read: Teams cuts titles off where there is no room."""
    row: list[Element] = []
    for action in actions:
        if row and (len(row) == LIMITS.actions or _width([*row, action]) > LIMITS.row):
            yield {"type": "ActionSet", "actions": row}
            row = []
        row.append(action)
    if row:
        yield {"type": "ActionSet", "actions": row}


def form(part: Form, taken: set[str], back: str) -> Element:
    """A form behind its label. Required fields are asked for by the client, before anything is sent."""
    ids = forms.ids(part, taken)
    send = execute(_title(part.label.rstrip("… .")), SEND, forms.packed(part, ids), back, style="positive")
    return _behind(part.label, list(forms.inputs(part, ids, {})), send)


def execute(title: str, verb: str, data: Element, back: str = "", **more: Any) -> Element:
    said = {**data, **({"back": back} if back else {})}
    fallback = {"type": "Action.Submit", "title": title, "data": said, **more}
    return {"type": "Action.Execute", "title": title, "verb": verb, "data": said, **more, "fallback": fallback}


def say(label: str, ask: str, back: str = "", **more: Any) -> Element:
    """A button of nothing but a line; it takes no input along."""
    return execute(_title(label), SAY, {"ask": sendable(ask)}, back, associatedInputs="none", **more)


def _button(button: Button, back: str) -> Element:
    style = {"style": "destructive"} if button.danger else {"style": "positive"} if button.primary else {}
    if not button.confirm:
        return say(button.label, button.ask, back, **style)
    return _behind(
        button.label,
        list(lines(visible(button.confirm))),
        say(f"Yes: {button.label}", button.ask, back, **style),
        **style,
    )


def _behind(label: str, body: list[Element], action: Element, **style: Any) -> Element:
    card = {"type": "AdaptiveCard", "body": body, "actions": [action]}
    return {"type": "Action.ShowCard", "title": _title(label), "card": card, **style}


def _width(row: Sequence[Element]) -> int:
    return sum(len(one["title"]) + FRAME for one in row)


def _title(label: str) -> str:
    return one_line(label, LIMITS.label) or UNNAMED
