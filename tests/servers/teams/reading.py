"""How a person reads a card, presses its buttons, and fills in its inputs, as the client does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Card: TypeAlias = dict[str, Any]
Element: TypeAlias = dict[str, Any]
ACTIONS = ("Action.Execute", "Action.Submit", "Action.OpenUrl", "Action.ShowCard", "Action.ToggleVisibility")
READ = ("text", "title", "value", "label", "placeholder", "altText", "errorMessage")


class WindowRefuses(AssertionError):
    """The client does not send what was filled in: {}."""


UNREAD = {"fallback", "data", "refresh", "msteams"}


def elements(part: object, *, nested: bool = True) -> Iterator[Element]:
    """Return every element, action and run of a card, as they are read; with ``nested`` those behind buttons too."""
    if isinstance(part, list):
        for one in part:
            yield from elements(one, nested=nested)
    elif isinstance(part, dict):
        if "type" in part:
            yield part
        for name, inner in part.items():
            if name not in UNREAD and (nested or name != "card"):
                yield from elements(inner, nested=nested)


def words(shown: object) -> str:
    """Return all that can be read in a card, or in a message."""
    card = getattr(shown, "card", shown)
    text = [getattr(shown, "text", "")]
    for one in elements(card or {}):
        text += [str(one[name]) for name in READ if isinstance(one.get(name), str | int | float)]
        text += [f"{fact.get('title')} {fact.get('value')}" for fact in one.get("facts", ())]
        text += [run for run in one.get("inlines", ()) if isinstance(run, str)]
    return "\n".join(line for line in text if line)


def buttons(card: Card | None) -> list[str]:
    """Titles of all actions, those of nested cards among them."""
    return [str(one.get("title", "")) for one in actions(card)]


def actions(card: Card | None) -> list[Element]:
    return [one for one in elements(card or {}) if one["type"] in ACTIONS]


def action(card: Card | None, wanted: str) -> Element:
    """The button with this title, verb or id."""
    found = [one for one in actions(card) if wanted in {one.get("title"), one.get("verb"), one.get("id")}]
    if not found:
        msg = f"No button {wanted!r} among {buttons(card)}"
        raise AssertionError(msg)
    return found[0]


def pressed(card: Card, button: Element, filled: Mapping[str, str]) -> Card:
    """Return the ``data`` that the client sends: the button's own and its inputs, which it checks first."""
    own = button.get("data") or {}
    if button.get("associatedInputs") == "none":
        return dict(own)
    inputs = {one["id"]: one for one in _inputs(card, button)}
    unknown = filled.keys() - inputs.keys()
    assert not unknown, f"No input {sorted(unknown)} among {sorted(inputs)}"
    values = {name: filled.get(name, _default(one)) for name, one in inputs.items()}
    for name, one in inputs.items():
        _check(one, values[name])
    return {**own, **values}


def _inputs(card: Card, button: Element) -> list[Element]:
    """Those on the card where the button is, and on the cards around it, but not on cards beside."""
    return [one for layer in _way(card, button) or [] for one in layer if one["type"].startswith("Input.")]


def _way(card: Card, button: Element) -> list[list[Element]] | None:
    """Return the elements of each card on the way from the outermost to the one with the button."""
    here = list(elements(card, nested=False))
    if any(one is button for one in here):
        return [here]
    for inner in here:
        way = _way(inner["card"], button) if inner["type"] == "Action.ShowCard" else None
        if way is not None:
            return [here, *way]
    return None


def _default(field: Element) -> str:
    off = "false" if field["type"] == "Input.Toggle" else ""
    return str(field.get("value", off))


def _check(field: Element, value: str) -> None:
    """What the client checks before it sends."""
    name = field.get("label") or field["id"]
    if field.get("isRequired") and not value:
        raise WindowRefuses(f"{name}: {field.get('errorMessage', 'required')}")
    if field["type"] == "Input.Number" and value:
        number = float(value)
        if not field.get("min", number) <= number <= field.get("max", number):
            raise WindowRefuses(f"{name}: {value} is out of range")
    if field["type"] == "Input.ChoiceSet" and value:
        chosen = value.split(",") if field.get("isMultiSelect") else [value]
        if not {one["value"] for one in field.get("choices", ())} >= set(chosen):
            raise WindowRefuses(f"{name}: no choice {value}")
    if len(value) > int(field.get("maxLength", len(value))):
        raise WindowRefuses(f"{name}: too long")
