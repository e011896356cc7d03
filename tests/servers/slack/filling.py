"""A modal as its reader fills it in: Slack's own window checks what is typed before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]


class WindowRefuses(AssertionError):
    """Slack's window shows this under the field and does not send it."""


def filled(view: Mapping[str, Any], values: Mapping[str, str | None]) -> dict[str, Json]:
    """``state.values`` of a submission. Values are given by label, block_id or action_id; the rest keep their initial."""
    unknown = set(values) - {name for block, element in inputs(view) for name in _names(block, element)}
    assert not unknown, f"the window has no {sorted(unknown)}"
    state: dict[str, Json] = {}
    for block, element in inputs(view):
        value = _given(block, element, values) or None
        _check(block, element, value)
        state[block["block_id"]] = {element["action_id"]: _state(element, value)}
    return state


def untouched(view: Mapping[str, Any]) -> dict[str, Json]:
    """``state.values`` before anybody has typed; nothing is checked."""
    return {
        block["block_id"]: {element["action_id"]: _state(element, _initial(element))} for block, element in inputs(view)
    }


def inputs(view: Mapping[str, Any]) -> Iterator[tuple[Json, Json]]:
    for block in view["blocks"]:
        if block["type"] == "input":
            yield block, block["element"]


def _names(block: Mapping[str, Any], element: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(block["label"]["text"]), str(block["block_id"]), str(element["action_id"])


def _initial(element: Mapping[str, Any]) -> str | None:
    chosen = element.get("initial_option")
    return str(chosen["value"]) if chosen else element.get("initial_value")


def _given(block: Mapping[str, Any], element: Mapping[str, Any], values: Mapping[str, str | None]) -> str | None:
    for name in _names(block, element):
        if name in values:
            return values[name]
    return _initial(element)


def _check(block: Mapping[str, Any], element: Mapping[str, Any], value: str | None) -> None:
    if value is None and not block.get("optional"):
        raise WindowRefuses(f"{block['label']['text']}: Please complete this required field.")
    if element["type"] == "plain_text_input":
        _check_length(element, value)
    if element["type"] == "number_input":
        _check_number(element, value)


def _state(element: Mapping[str, Any], value: str | None) -> Json:
    match element["type"]:
        case "static_select" | "radio_buttons":
            return {"type": element["type"], "selected_option": _option(element, value)}
        case "plain_text_input" | "number_input":
            return {"type": element["type"], "value": value}
        case other:
            raise AssertionError(f"nobody has taught this window to fill in a {other}")


def _option(element: Mapping[str, Any], value: str | None) -> Json | None:
    if value is None:
        return None
    for option in element["options"]:
        if value in {option["value"], option["text"]["text"]}:
            return {"text": option["text"], "value": option["value"]}
    raise WindowRefuses(f"there is no choice {value!r}")


def _check_length(element: Mapping[str, Any], value: str | None) -> None:
    if value is not None and not element.get("min_length", 0) <= len(value) <= element.get("max_length", 3000):
        raise WindowRefuses("the text is too short or too long")
    if value is not None and "\n" in value and not element.get("multiline"):
        raise WindowRefuses("this field has one line")


def _check_number(element: Mapping[str, Any], value: str | None) -> None:
    if value is None:
        return
    form = r"-?\d+(\.\d+)?" if element.get("is_decimal_allowed") else r"-?\d+"
    if not re.fullmatch(form, value):
        raise WindowRefuses("Enter a number.")
    if not float(element.get("min_value", "-inf")) <= float(value) <= float(element.get("max_value", "inf")):
        raise WindowRefuses("the number is too small or too large")
