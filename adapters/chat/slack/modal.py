"""A form as a modal: what it asks for, what was sent with it, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from adapters.chat.card import Field, Form, Kind
from adapters.chat.carried import of
from adapters.chat.shorten import one_line
from adapters.chat.slack.forms import from_json, from_value, to_json, typed
from adapters.chat.slack.limits import LIMITS
from adapters.chat.slack.words import one_line_text
from adapters.chat.visible import visible

__all__ = ["CALLBACK", "errors", "from_value", "modal", "submitted"]

CALLBACK = "form"
"""The callback_id of every modal."""


def modal(form: Form, context: Mapping[str, str]) -> dict[str, Any]:
    """Return a view for ``views.open``; ``context`` comes back with the answer. Raises ValueError if it is too long."""
    title = one_line(_named(form), LIMITS.view_title) or "Please fill in"
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": one_line_text(title, LIMITS.view_title),
        "submit": one_line_text("Send" if title.endswith("…") else title, LIMITS.view_title),
        "close": one_line_text("Cancel", LIMITS.view_title),
        "private_metadata": _kept(form, context),
        "blocks": list(_blocks(form, title)),
    }


def submitted(view: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the line that a sent modal says, and its context. Raises ValueError if the modal is none of ours."""
    form, context = _remembered(view)
    return form.said({field.name: _said(view, index) for index, field in enumerate(form.fields)}), context


def errors(view: Mapping[str, Any], wrong: Mapping[str, str]) -> dict[str, Any]:
    """Return the answer to a sent modal that says under its fields, by name, what is wrong with them."""
    form, _ = _remembered(view)
    names = [field.name for field in form.fields]
    told: dict[str, str] = {}
    for name, why in wrong.items():
        block = _block_id(names.index(name) if name in names else 0)
        told[block] = f"{told.get(block, '')} {why}"
    shown = {block: one_line(why, LIMITS.confirm_text) or "Please change this." for block, why in told.items()}
    return {"response_action": "errors", "errors": shown}


def _blocks(form: Form, title: str) -> Iterator[dict[str, Any]]:
    if title.endswith("…"):
        yield {"type": "section", "text": one_line_text(_named(form), LIMITS.text)}
    for index, field in enumerate(form.fields[: LIMITS.view_blocks - 1]):
        yield _input(field, index)
    if not form.fields:
        yield {"type": "section", "text": one_line_text("There is nothing to fill in.", LIMITS.text)}


def _named(form: Form) -> str:
    return form.label.rstrip("… .")


def _input(field: Field, index: int) -> dict[str, Any]:
    element = _element(field if _can_be_picked(field) else typed(field))
    block = {
        "type": "input",
        "block_id": _block_id(index),
        "label": one_line_text(field.label or field.name, LIMITS.input_label),
        "optional": not field.required,
        "element": {**element, "action_id": f"value-{index}", "focus_on_load": index == 0},
    }
    return block | ({"hint": one_line_text(field.hint, LIMITS.hint)} if field.hint.strip() else {})


def _element(field: Field) -> dict[str, Any]:
    match field.kind:
        case Kind.TEXT | Kind.LONG:
            lines = field.kind is Kind.LONG or "\n" in field.default
            element = {"type": "plain_text_input", "multiline": lines, "max_length": LIMITS.input}
            return element | _initial(visible(field.default)[: LIMITS.input])
        case Kind.INTEGER:
            whole = field.default.isascii() and field.default.removeprefix("-").isdigit()
            return {"type": "number_input", "is_decimal_allowed": False} | _initial(field.default if whole else "")
        case Kind.CHOICE:
            options = {choice: _option(choice) for choice in field.choices}
            chosen = options.get(field.default)
            element = {"type": "static_select", "options": list(options.values())}
            return element | ({"initial_option": chosen} if chosen else {})
        case _:
            assert_never(field.kind)


def _initial(value: str) -> dict[str, str]:
    return {"initial_value": value} if value else {}


def _option(choice: str) -> dict[str, Any]:
    return {"text": one_line_text(choice, LIMITS.option), "value": choice}


def _can_be_picked(field: Field) -> bool:
    """A menu of Slack's takes so many choices and no longer ones; what does not fit is typed."""
    fitting = (choice.isprintable() and 0 < len(choice.strip()) <= LIMITS.option_value for choice in field.choices)
    return 0 < len(field.choices) <= LIMITS.options and all(fitting)


def _kept(form: Form, context: Mapping[str, str]) -> str:
    names = [field.name for field in form.fields]
    kept = to_json({"ask": form.ask, "named": form.named, "names": names, "context": dict(context)})
    if len(kept) > LIMITS.private_metadata:
        raise ValueError("the form is too long for Slack")
    return kept


def _remembered(view: Mapping[str, Any]) -> tuple[Form, dict[str, str]]:
    kept = from_json(of(view, "private_metadata", str))
    names = [str(name) for name in of(kept, "names", list)]
    context = {str(key): str(value) for key, value in of(kept, "context", dict).items()}
    fields = tuple(Field(name, name) for name in names)
    return Form("", of(kept, "ask", str), fields, bool(kept.get("named"))), context


def _said(view: Mapping[str, Any], index: int) -> str:
    """What was typed or picked; Slack says null of a field that was left empty."""
    values = of(of(view, "state", dict, {}), "values", dict, {})
    for element in of(values, _block_id(index), dict, {}).values():
        picked = element.get("selected_option") or {}
        return str(element.get("value") or picked.get("value") or "")
    return ""


def _block_id(index: int) -> str:
    return f"field-{index}"
