"""Forms on Slack: behind a button, as a modal, and what is sent with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

from adapters.chat.card import Field, Form, Kind
from adapters.chat.carried import sendable
from adapters.chat.slack.forms import to_value
from adapters.chat.slack.modal import errors, from_value, modal, submitted
from tests.adapters.shown_cards import CHANGE
from tests.adapters.slack_seen import CONTEXT, LONG_FORM, REJECT, forms, judged, must_be_valid, slow


def sent(view: Mapping[str, Any], *said: str | None) -> dict[str, Any]:
    """The view as Slack gives it back, with what was typed or picked."""
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    values = {
        block["block_id"]: {block["element"]["action_id"]: _state(block["element"]["type"], value)}
        for block, value in zip(inputs, said, strict=True)
    }
    return {**view, "state": {"values": values}}


def _state(type: str, value: str | None) -> dict[str, Any]:
    if type == "static_select":
        return {"type": type, "selected_option": {"value": value} if value is not None else None}
    return {"type": type, "value": value}


def test_a_sent_modal_says_what_the_form_says() -> None:
    view = modal(CHANGE, CONTEXT)
    line, context = submitted(sent(view, "7", "/var/log/my app", "delete", None))
    assert line == CHANGE.said({"days_old": "7", "path": "/var/log/my app", "mode": "delete"})
    assert line == "approve 17 0badc0de days_old=7 path='/var/log/my app' mode=delete note=''"
    assert context == CONTEXT
    assert submitted(sent(modal(REJECT, {}), " no <b> & co \n")) == ("reject 17 no <b> & co", {})


def test_what_is_wrong_stands_under_its_field() -> None:
    view = modal(CHANGE, {})
    wrong = {"mode": "Not here.", "colour": "There is none.", "days_old": "At least 7."}
    assert errors(view, wrong) == {
        "response_action": "errors",
        "errors": {"field-2": "Not here.", "field-0": "There is none. At least 7."},
    }


def test_a_field_is_asked_for_by_its_kind() -> None:
    elements = [block["element"] for block in modal(CHANGE, {})["blocks"]]
    assert [one["type"] for one in elements] == [
        "number_input",
        "plain_text_input",
        "static_select",
        "plain_text_input",
    ]
    assert [one.get("initial_value") for one in elements] == ["14", "/var/log/app", None, None]
    assert elements[2]["initial_option"]["value"] == "archive"
    assert [one.get("multiline") for one in elements] == [None, False, None, True]


@judged
@pytest.mark.parametrize("choices", [(), ("x" * 151, "y"), ("",), tuple(map(str, range(101))), ("a\x00", "b")])
def test_choices_that_no_menu_takes_are_typed(choices: tuple[str, ...]) -> None:
    view = modal(Form("f", "ask", (Field("a", "b", kind=Kind.CHOICE, choices=choices),)), {})
    must_be_valid(view)
    assert view["blocks"][0]["element"]["type"] == "plain_text_input"


@pytest.mark.parametrize("form", [REJECT, CHANGE, LONG_FORM, Form("é <&>", "a\nb", (Field("", ""),))])
def test_a_button_brings_its_form_back(form: Form) -> None:
    value = to_value(form)
    assert from_value(value) == form
    assert not set("<>&") & set(value)


def test_a_form_too_long_for_a_button_goes_without_what_people_can_do_without() -> None:
    def form(default: int, hint: int, choices: int) -> Form:
        menu = tuple(f"choice {number}" for number in range(choices))
        return Form("l", "a", (Field("n", "l", True, "d" * default, Kind.CHOICE, menu, "h" * hint),))

    [field] = from_value(to_value(form(2_000, 10, 3))).fields
    assert (field.default, field.hint, len(field.choices)) == ("", "h" * 10, 3)
    [field] = from_value(to_value(form(1, 2_000, 3))).fields
    assert (field.default, field.hint, len(field.choices)) == ("", "", 3)
    [field] = from_value(to_value(form(1, 1, 900))).fields
    assert (field.kind, field.choices) == (Kind.TEXT, ())
    with pytest.raises(ValueError, match="too long"):
        to_value(Form("l", "a" * 2_000, (Field("n", "l"),)))


@pytest.mark.parametrize(
    "rubbish",
    [
        "",
        "approve 1",
        "[]",
        "null",
        "{}",
        '{"label":"l","ask":"a"}',
        '{"label":1,"ask":"a","fields":[]}',
        '{"label":"l","ask":"a","fields":[1]}',
        '{"label":"l","ask":"a","fields":[{"kind":"film"}]}',
        '{"label":"l","ask":"a","fields":[{"choices":"abc"}]}',
        "[" * 100_000,
    ],
)
def test_rubbish_is_no_form(rubbish: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which of several, nobody asks
        from_value(rubbish)
    with pytest.raises(ValueError):  # noqa: PT011 - which of several, nobody asks
        submitted({"private_metadata": rubbish})


def test_a_context_too_long_for_a_modal_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        modal(REJECT, {"room": "x" * 3_000})


@judged
@slow
@given(forms)
def test_any_form_that_a_button_holds_is_a_valid_modal(form: Form) -> None:
    try:
        kept = from_value(to_value(form))
    except ValueError:
        return
    must_be_valid(modal(kept, CONTEXT))
    assert (kept.ask, kept.named) == (sendable(form.ask), form.named)
    assert [one.name for one in kept.fields] == [sendable(one.name) for one in form.fields]
