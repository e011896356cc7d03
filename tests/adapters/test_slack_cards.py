"""Cards as Slack shows them: golden messages of all that the bot shows, hostile text, bounds."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from adapters.chat.card import Button, Card, Code, Divider, Facts, Form, Image, Link, Part, Text, Tone
from adapters.chat.slack.modal import modal
from adapters.chat.slack.render import COLOURS, Message, home, render
from tests.adapters.shown_cards import CHANGE, HOSTILE, shown_cards
from tests.adapters.slack_seen import CONTEXT, LONG_FORM, REJECT, cards, dicts, judged, must_be_valid, slow, texts

GOLDEN = Path(__file__).parents[1] / "golden" / "slack"


def golden(name: str, payload: Mapping[str, Any]) -> None:
    """Compare with the file; ``ONCALL_WRITE_GOLDEN=1`` writes it anew, to be looked at in the diff."""
    path = GOLDEN / f"{name}.json"
    text = f"{json.dumps(payload, indent=1, ensure_ascii=False)}\n"
    if os.environ.get("ONCALL_WRITE_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def shown(message: Message) -> str:
    return "\n".join(texts([message.blocks, message.attachments]))


def buttons(message: Message) -> list[dict[str, Any]]:
    return [one for one in dicts(asdict(message)) if one.get("type") == "button"]


def below(message: Message) -> list[dict[str, Any]]:
    """The blocks of a card without a tone, but for its title."""
    assert message.attachments == []
    return message.blocks[1:]


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


@judged
@slow
@given(cards)
def test_any_card_is_a_valid_message_and_a_valid_home(card: Card) -> None:
    message = render(card)
    must_be_valid(asdict(message))
    assert len(message.text) < 4_000
    must_be_valid(home(card))
