"""A form as the value of a button: Slack gives it back when the button is pressed, so no form is kept here.

It is JSON in ASCII. Slack escapes ``&``, ``<`` and ``>`` in some of what it gives back and not in other
(https://github.com/slackapi/bolt-python/issues/513); here they never appear as such, so both are right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from adapters.chat.card import Field, Form, Kind
from adapters.chat.carried import of, packed, sendable, unpacked
from adapters.chat.slack.limits import LIMITS

_ESCAPED = str.maketrans({letter: f"\\u{ord(letter):04x}" for letter in "&<>"})


def to_value(form: Form) -> str:
    """Return the form as a button's value. Raises ValueError if even the shortest way of asking is too long."""
    for smaller in _smaller(form):
        if _letters(smaller) <= LIMITS.value:  # a huge form costs no time
            value = to_json(_packed(smaller))
            if len(value) <= LIMITS.value:
                return value
    raise ValueError("the form is too long for a button")


def from_value(text: str) -> Form:
    """Return the form that a button's value holds. Raises ValueError if it holds none."""
    said = from_json(text)
    fields = tuple(unpacked(one) for one in of(said, "fields", list))
    return Form(of(said, "label", str), of(said, "ask", str), fields, bool(said.get("named")))


def to_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":")).translate(_ESCAPED)


def from_json(text: str) -> dict[str, Any]:
    """Return the object that the text is. Raises ValueError."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("not an object: too deep") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _smaller(form: Form) -> Iterator[Form]:
    """The form, then without what people can do without: defaults, then hints, then choices to click on."""
    yield form
    yield (form := replace(form, fields=tuple(replace(field, default="") for field in form.fields)))
    yield (form := replace(form, fields=tuple(replace(field, hint="") for field in form.fields)))
    yield replace(form, fields=tuple(typed(field) for field in form.fields))


def _letters(form: Form) -> int:
    """The least that its value can take."""
    fields = (text for one in form.fields for text in (one.name, one.label, one.default, one.hint, *one.choices))
    return sum(map(len, (form.label, form.ask, *fields)))


def typed(field: Field) -> Field:
    """The same field for somebody who types the choice instead of picking it."""
    return replace(field, kind=Kind.TEXT, choices=()) if field.kind is Kind.CHOICE else field


def _packed(form: Form) -> dict[str, Any]:
    fields = [packed(field) for field in form.fields]
    named = {"named": 1} if form.named else {}
    return {"label": sendable(form.label), "ask": sendable(form.ask), "fields": fields, **named}
