"""Cards as Slack shows them: golden messages of all that the bot shows, hostile text, bounds, forms as modals."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.chat.card import Button, Card, Code, Divider, Facts, Field, Form, Image, Kind, Link, Part, Text, Tone
from adapters.chat.carried import sendable
from adapters.chat.slack.forms import to_value
from adapters.chat.slack.modal import errors, from_value, modal, submitted
from adapters.chat.slack.render import COLOURS, Message, home, render
from tests.adapters.shown_cards import CHANGE, HOSTILE, shown_cards
from tests.servers.block_kit import pings, schemas, violations

GOLDEN = Path(__file__).parents[1] / "golden" / "slack"
REJECT = Form("Reject …", "reject 17", (Field("why", "Why not?", kind=Kind.LONG),))
LONG_FORM = replace(CHANGE, label="Approve restart_dag_task with changes …")
CONTEXT = {"room": "C1", "thread": "1700000000.000100"}


@pytest.fixture(scope="module")
def judges() -> None:
    """What judges messages is made once on a machine; one that cannot make it skips."""
    schemas()


judged = pytest.mark.usefixtures("judges")


def golden(name: str, payload: Mapping[str, Any]) -> None:
    """Compare with the file; ``ONCALL_WRITE_GOLDEN=1`` writes it anew, to be looked at in the diff."""
    path = GOLDEN / f"{name}.json"
    text = f"{json.dumps(payload, indent=1, ensure_ascii=False)}\n"
    if os.environ.get("ONCALL_WRITE_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def texts(payload: object) -> Iterator[str]:
    """Every text that a person sees."""
    match payload:
        case {"text": str(text)}:
            yield text
        case {"image_url": str(), "alt_text": str(text)}:
            yield text
        case dict():
            for value in payload.values():
                yield from texts(value)
        case list():
            for value in payload:
                yield from texts(value)


def dicts(payload: object) -> Iterator[dict[str, Any]]:
    match payload:
        case dict():
            yield payload
            for value in payload.values():
                yield from dicts(value)
        case list():
            for value in payload:
                yield from dicts(value)


def shown(message: Message) -> str:
    return "\n".join(texts([message.blocks, message.attachments]))


def buttons(message: Message) -> list[dict[str, Any]]:
    return [one for one in dicts(asdict(message)) if one.get("type") == "button"]


def below(message: Message) -> list[dict[str, Any]]:
    """The blocks of a card without a tone, but for its title."""
    assert message.attachments == []
    return message.blocks[1:]


def must_be_valid(payload: Mapping[str, Any]) -> None:
    """What Slack would refuse, and what we do not want to say to it."""
    assert violations(payload) == []
    assert pings(payload) == []
    everything = list(dicts(payload))
    assert not [one for one in everything if one.get("type") == "mrkdwn" or one.get("emoji") is True]
    assert all(text for text in texts(payload))
    ids = [one["action_id"] for one in everything if "action_id" in one]
    assert len(ids) == len(set(ids))


OTHERS = {"home", "modal-reject", "modal-change", "modal-long"}


async def test_each_card_looks_as_it_did() -> None:
    cards = await shown_cards()
    for name, card in cards.items():
        golden(name, asdict(render(card)))
    assert {path.stem for path in GOLDEN.glob("*.json")} == {*cards, *OTHERS}


@judged
async def test_each_card_is_what_slack_takes() -> None:
    for card in (await shown_cards()).values():
        must_be_valid(asdict(render(card)))
        must_be_valid(home(card))


async def test_the_home_tab_looks_as_it_did() -> None:
    view = home((await shown_cards())["answer-list"])
    golden("home", view)


@pytest.mark.parametrize(("name", "form"), [("reject", REJECT), ("change", CHANGE), ("long", LONG_FORM)])
def test_each_modal_looks_as_it_did(name: str, form: Form) -> None:
    view = modal(form, CONTEXT)
    golden(f"modal-{name}", view)


def test_the_title_stands_on_top_and_all_else_beside_the_colour() -> None:
    message = render(Card("It broke", (Text("It ran too long."),), Tone.BAD))
    [title] = message.blocks
    [attachment] = message.attachments
    assert list(texts(title)) == [" ", "It broke"]
    assert attachment["color"] == COLOURS[Tone.BAD]
    assert list(texts(attachment)) == ["It ran too long."]
    assert message.text == attachment["fallback"] == "It broke (trouble): It ran too long."


def test_the_tone_is_told_by_more_than_a_colour() -> None:
    signs = [json.dumps(render(Card("t", tone=tone)).blocks) for tone in Tone]
    assert len(set(signs)) == len(Tone)
    assert len(set(COLOURS.values())) == len(COLOURS) == len(Tone) - 1


def test_what_has_no_tone_stands_where_nothing_is_folded_away() -> None:
    [block] = below(render(Card("Noted", (Text("The vendor was told."),))))
    assert list(texts(block)) == ["The vendor was told."]


def test_hostile_text_stays_text() -> None:
    message = render(HOSTILE)
    seen = shown(message)
    for literal in ("<!channel> *bold* :fire:", "<@U123>", "&amp; `code` ~struck~", "<!everyone>", ":tada:"):
        assert literal in seen
    for obeyed in "\u202e\x1b\x00\x07\ud800":
        assert obeyed not in seen + message.text
    assert {one["type"] for one in dicts(asdict(message)) if "type" in one} & {"user", "broadcast", "link"} == set()


def test_a_notification_pings_nobody() -> None:
    message = render(HOSTILE)
    assert "<" not in message.text
    assert message.text.startswith("&lt;!channel&gt; *bold*")


def test_long_code_keeps_both_ends_and_says_what_is_left_out() -> None:
    log = "\n".join(f"line {number}" for number in range(1_254))
    seen = shown(render(Card("t", (Code(log),))))
    assert seen.count("\nline") == 20
    assert "line 0\n" in seen
    assert "… 1,234 lines left out" in seen
    assert seen.endswith("line 1253")


def test_one_endless_line_keeps_both_ends() -> None:
    seen = shown(render(Card("t", (Code(f"begin{'x' * 200_000}end"),))))
    assert "begin" in seen
    assert seen.endswith("end")
    assert "characters left out" in seen


@judged
def test_facts_that_are_left_out_are_counted() -> None:
    message = render(Card("t", (Facts((("name", "value"),) * 500),)))
    must_be_valid(asdict(message))
    left = next(text for text in texts(message.blocks) if "facts left out" in text)
    assert shown(message).count("value") + int(left.split()[1]) == 500


@judged
def test_what_can_be_pressed_outlives_the_text() -> None:
    texts = [part for number in range(60) for part in (Text("x" * 3_000), Button(f"b{number}", f"approve {number}"))]
    message = render(Card("t", (Code("y\n" * 100_000), *texts)))
    must_be_valid(asdict(message))
    assert [one["value"] for one in buttons(message)] == [f"approve {number}" for number in range(60)]
    assert "xxx" in shown(message)


@judged
def test_three_hundred_buttons_are_bounded_and_counted() -> None:
    message = render(Card("t", tuple(Button(f"b{number}", f"approve {number}") for number in range(300))))
    must_be_valid(asdict(message))
    count = len(buttons(message))
    assert count >= 50
    assert f"{300 - count} buttons left out" in shown(message)


def test_buttons_that_follow_each_other_share_a_row() -> None:
    message = render(Card("t", (*[Button("b", "ask")] * 4, Link("l", "https://example.com"), REJECT)))
    assert [len(block["elements"]) for block in below(message)] == [5, 1]
    assert [one["action_id"].split("-")[0] for one in buttons(message)] == ["say"] * 4 + ["open", "form"]


def test_a_line_that_no_button_can_hold_is_named_instead_of_cut() -> None:
    message = render(Card("t", (Button("Report", "report " + "x" * 2_000),)))
    assert buttons(message) == []
    assert "“Report” is too long for a button" in shown(message)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "https://[broken", "file:///etc/passwd", "https://a b", "", "//x"]
)
def test_a_bad_address_stays_text(url: str) -> None:
    message = render(Card("t", (Link("go", url),)))
    assert buttons(message) == []
    assert {block["type"] for block in below(message)} == {"rich_text"}


def test_a_picture_is_said_in_words_where_no_file_can_follow() -> None:
    message = render(Card("t", (Image(b"\x89PNG", "a curve"),)))
    assert [block["type"] for block in below(message)] == ["context"]
    assert "Picture: a curve" in shown(message)


def test_a_line_stands_only_between_two_things() -> None:
    message = render(Card("t", (Divider(), Text("a"), Divider(), Text(" "), Divider(), Text("b"), Divider())))
    assert [block["type"] for block in below(message)] == ["rich_text", "divider", "rich_text"]


@judged
@pytest.mark.parametrize("parts", [(), (Text(""),), (Facts(()),), (Code("\n"),), (Text("\x1b[0m "), Divider())])
def test_nothing_to_show_is_only_a_title(parts: tuple[Part, ...]) -> None:
    message = render(Card("", parts))
    assert below(message) == []
    assert shown(message) == "…"
    must_be_valid(home(Card("", parts)))


def test_a_form_without_fields_is_a_button() -> None:
    [button] = buttons(render(Card("t", (Form("Go", "approve 1", ()),))))
    assert (button["action_id"], button["value"]) == ("say-0", "approve 1")


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


anything = st.one_of(
    st.text(st.characters(), max_size=40),
    st.sampled_from(["", " \n", "\x00\x1b[31m\ud800\u202e", "<!channel> & <@U1>", "x" * 200_000, "é\n" * 30_000]),
    st.sampled_from(
        ["…" * 2_500, "\U0001f600" * 5_000, "https://example.com/" + "a" * 4_000, "https://example.com/a.png"]
    ),
)
fields = st.builds(
    Field,
    anything,
    anything,
    st.booleans(),
    anything,
    st.sampled_from(Kind),
    st.lists(anything, max_size=4).map(tuple) | st.just(tuple(map(str, range(120)))),
    anything,
)
forms = st.builds(Form, anything, anything, st.lists(fields, max_size=5).map(tuple), st.booleans())
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, anything, st.booleans()),
    st.builds(Facts, st.lists(st.tuples(anything, anything), max_size=5).map(tuple)),
    st.builds(Facts, st.tuples(anything, anything).map(lambda pair: (pair,) * 500)),
    st.builds(Code, anything, anything),
    st.builds(Image, st.binary(max_size=50), anything),
    st.builds(Button, anything, anything, st.booleans(), st.booleans(), anything),
    st.builds(Link, anything, anything),
    st.just(Divider()),
    forms,
)
many = st.lists(parts, max_size=12) | st.builds(
    lambda some, times: some * times, st.lists(parts, max_size=4), st.just(80)
)
cards = st.builds(Card, anything, many.map(tuple), st.sampled_from(Tone), st.booleans())
slow = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@judged
@slow
@given(cards)
def test_any_card_is_a_valid_message_and_a_valid_home(card: Card) -> None:
    message = render(card)
    must_be_valid(asdict(message))
    assert len(message.text) < 4_000
    must_be_valid(home(card))


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
