"""A form in a card: its inputs, and what comes back with them. The form travels along, so none is kept here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, assert_never

from adapters.chat import carried
from adapters.chat.card import Field, Form, Kind
from adapters.chat.carried import of, sendable, unpacked
from adapters.chat.plain import UNNAMED
from adapters.chat.teams.limits import LIMITS
from adapters.chat.teams.words import Element, one_line, rich
from adapters.chat.visible import visible

OURS = frozenset({"ask", "form", "back", "key"})
"""Names in a button's data that no input may take: Teams mixes inputs and data."""


def inputs(form: Form, ids: Sequence[str], wrong: Mapping[str, str]) -> Iterator[Element]:
    """Each field with its hint, and under it what is wrong with it."""
    for field, id in zip(form.fields, ids, strict=True):
        yield _input(field, id)
        if field.hint.strip():
            yield {**rich(one_line(field.hint, LIMITS.title), isSubtle=True, size="Small"), "spacing": "None"}
        if why := wrong.get(field.name):
            yield {**rich(one_line(why, LIMITS.summary), color="Attention", weight="Bolder"), "spacing": "None"}


def ids(form: Form, taken: set[str]) -> list[str]:
    """An id for each field, unlike all that are taken already: its name, where that can be."""
    given = []
    for field in form.fields:
        name = sendable(field.name) or "value"
        number = 1
        while (id := name if number == 1 else f"{name}-{number}") in taken | OURS:
            number += 1
        taken.add(id)
        given.append(id)
    return given


def packed(form: Form, ids: Sequence[str]) -> dict[str, Any]:
    """Return the form as data of a button."""
    fields = [_packed(field, id) for field, id in zip(form.fields, ids, strict=True)]
    return {"ask": sendable(form.ask), "form": {"label": sendable(form.label), "named": form.named, "fields": fields}}


def sent(data: Mapping[str, Any]) -> tuple[Form, dict[str, str]]:
    """Return the form that was sent, and its values by name. Raises ValueError if the data holds none of ours."""
    form = of(data, "form", dict)
    known = [(unpacked(one), of(one, "id", str)) for one in of(form, "fields", list)]
    fields = tuple(field for field, _ in known)
    whole = Form(of(form, "label", str, ""), of(data, "ask", str, ""), fields, bool(form.get("named")))
    return whole, {field.name: _value(data.get(id)) for field, id in known}


def filled(form: Form, values: Mapping[str, str]) -> Form:
    """The same form with what a person has written in it."""
    return replace(form, fields=tuple(replace(one, default=values.get(one.name, one.default)) for one in form.fields))


def _input(field: Field, id: str) -> Element:
    label = one_line(field.label, LIMITS.title) or one_line(field.name, LIMITS.title) or UNNAMED
    asked: Element = {"id": id, "label": label, "isRequired": field.required}
    if field.required:
        asked["errorMessage"] = "Please fill this in."
    return {**_kind(field), **asked}


def _kind(field: Field) -> Element:
    default = visible(field.default)[: LIMITS.input]
    match field.kind:
        case Kind.CHOICE if 0 < len(field.choices) <= LIMITS.choices:
            choices = [{"title": one_line(one, LIMITS.title), "value": sendable(one)} for one in field.choices]
            chosen = sendable(field.default) if field.default in field.choices else ""
            return {"type": "Input.ChoiceSet", "choices": choices, **_set(chosen)}
        case Kind.INTEGER:
            whole = default.isascii() and default.removeprefix("-").isdigit()
            return {"type": "Input.Number", **({"value": int(default)} if whole and len(default) < 16 else {})}
        case Kind.TEXT | Kind.LONG | Kind.CHOICE:
            long = field.kind is Kind.LONG or "\n" in default
            return {"type": "Input.Text", "isMultiline": long, "maxLength": LIMITS.input, **_set(default)}
        case _:
            assert_never(field.kind)


def _set(value: str) -> Element:
    return {"value": value} if value else {}


def _packed(field: Field, id: str) -> dict[str, Any]:
    """What a person has not changed need not come back, nor what is not picked from a list."""
    choices = field.choices if len(field.choices) <= LIMITS.choices else ()
    return {"id": id, **carried.packed(replace(field, default="", choices=choices))}


def _value(value: object) -> str:
    """Some clients send numbers as numbers."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
