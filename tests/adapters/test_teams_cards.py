"""Cards as Teams shows them: golden Adaptive Cards of all that the bot shows, hostile text, bounds, forms."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.chat.card import Button, Card, Code, Divider, Facts, Field, Form, Image, Kind, Link, Part, Text, Tone
from adapters.chat.teams import forms
from adapters.chat.teams.answers import again
from adapters.chat.teams.limits import LIMITS, size
from adapters.chat.teams.render import STYLES, answer, corrected, notice, render, summary
from adapters.chat.teams.replies import window_opens
from tests.adapters.shown_cards import CHANGE, HOSTILE, shown_cards
from tests.adapters.teams_office import INCIDENT, REJECT
from tests.servers.adaptive_cards import picture, violations
from tests.servers.teams.reading import elements

GOLDEN = Path(__file__).parents[1] / "golden" / "teams"


@pytest.fixture(scope="module")
def judges() -> None:
    """What judges cards is made once on a machine; one that cannot make it skips."""
    violations(render(Card("")))


judged = pytest.mark.usefixtures("judges")


def golden(name: str, payload: Mapping[str, Any]) -> None:
    """Compare with the file; ``ONCALL_WRITE_GOLDEN=1`` writes it anew, to be looked at in the diff."""
    path = GOLDEN / f"{name}.json"
    text = f"{json.dumps(payload, indent=1, ensure_ascii=False)}\n"
    if os.environ.get("ONCALL_WRITE_GOLDEN") == "1":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def found(card: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one for one in elements(dict(card)) if one["type"] == kind]


def titled(card: Mapping[str, Any], title: str) -> dict[str, Any]:
    [one] = [one for one in elements(dict(card)) if one.get("title") == title and one["type"] != "Action.Submit"]
    return one


def texts(card: Mapping[str, Any]) -> str:
    """All that can be read, a line each."""
    return "\n".join(
        one["text"] if one["type"] == "TextBlock" else "".join(run["text"] for run in one["inlines"])
        for one in elements(dict(card))
        if one["type"] in ("TextBlock", "RichTextBlock")
    )


@judged
async def test_every_card_that_the_bot_shows_is_as_it_was_looked_at() -> None:
    cards = await shown_cards()
    for name, card in cards.items():
        drawn = render(card, again=again(card), key=name)
        assert violations(drawn) == [], name
        golden(name, drawn)
    if os.environ.get("ONCALL_WRITE_GOLDEN") != "1":
        assert {path.stem for path in GOLDEN.glob("*.json")} == set(cards)


@judged
@pytest.mark.parametrize("tone", Tone)
def test_a_tone_is_a_colour_and_a_word(tone: Tone) -> None:
    card = render(Card("Title", tone=tone))
    assert violations(card) == []
    assert card["body"][0]["style"] == STYLES[tone]
    assert ("you" in texts(card)) == (tone is Tone.WAITING)


def test_buttons_say_their_line_whichever_client_presses_them() -> None:
    button = titled(render(INCIDENT, again="show 17"), "Approve")
    assert (button["type"], button["verb"], button["style"]) == ("Action.Execute", "say", "positive")
    assert button["data"] == {"ask": "approve 17 0badc0de", "back": "show 17"}
    assert button["fallback"]["type"] == "Action.Submit"
    assert button["fallback"]["data"] == button["data"]


def test_a_dangerous_button_asks_first() -> None:
    shown = titled(render(INCIDENT), "Kill")
    assert (shown["type"], shown["style"]) == ("Action.ShowCard", "destructive")
    assert "Risk: high" in texts(shown["card"])
    [really] = shown["card"]["actions"]
    assert (really["title"], really["data"]) == ("Yes: Kill", {"ask": "kill 17"})


def test_a_form_has_an_input_for_each_field() -> None:
    shown = titled(render(INCIDENT), "Change and approve …")
    number, text, choice = shown["card"]["body"][0], shown["card"]["body"][2], shown["card"]["body"][3]
    assert (number["type"], number["value"], number["isRequired"]) == ("Input.Number", 14, True)
    assert (text["type"], text["value"]) == ("Input.Text", "/var/log/my app")
    assert [one["value"] for one in choice["choices"]] == ["archive", "delete"]
    assert choice["value"] == "archive"
    assert "At least 7." in texts(shown["card"])


@pytest.mark.parametrize("given_", [{"days_old": "30"}, {"days_old": 30}, {"days_old": 30.0}])
def test_what_was_sent_is_what_a_person_would_have_typed(given_: dict[str, Any]) -> None:
    [send] = titled(render(INCIDENT), "Change and approve …")["card"]["actions"]
    form, values = forms.sent({**send["data"], **given_, "path": "/var/log/my app", "mode": "delete"})
    assert form.said(values) == "approve 17 0badc0de days_old=30 path='/var/log/my app' mode=delete"
    assert replace(form, fields=()) == replace(CHANGE, label=form.label, fields=(), ask=form.ask)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"form": 1},
        {"form": {}},
        {"form": {"fields": 1}},
        {"form": {"fields": [1]}},
        {"form": {"fields": [{"kind": "bomb"}]}},
        {"form": {"fields": [{"kind": "text", "choices": 1}]}},
        {"form": {"fields": [], "label": 1}},
        {"ask": 1, "form": {"fields": []}},
    ],
)
def test_data_that_is_no_form_of_ours_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        forms.sent(data)


def test_two_forms_with_the_same_field_do_not_mix() -> None:
    both = Card("t", (REJECT, replace(REJECT, label="Doubt …", ask="doubt 17"), Form("A", "a", (Field("ask", "Ask"),))))
    card = render(both)
    ids = [one["id"] for one in found(card, "Input.Text")]
    assert ids == ["why", "why-2", "ask-2"]
    [send] = titled(card, "Doubt …")["card"]["actions"]
    form, values = forms.sent({**send["data"], "why": "wrong one", "why-2": "right one"})
    assert form.said(values) == "doubt 17 right one"


@judged
def test_a_form_comes_back_with_what_is_wrong_under_its_fields() -> None:
    refused = Card("Not done", wrong={"days_old": "It must be at least 7.", "moon": "There is no moon."})
    card = corrected(CHANGE, {"days_old": "3", "path": "/etc"}, refused, "show 17")
    assert violations(card) == []
    kinds = [one["type"] for one in card["body"]]
    number = kinds.index("Input.Number")
    assert card["body"][number]["value"] == 3
    assert "at least 7" in texts({"type": "x", "body": card["body"][number + 1 : number + 3]})
    assert "There is no moon." in texts({"type": "x", "body": card["body"][:number]})
    assert titled(card, "Back")["data"]["ask"] == "show 17"
    form, values = forms.sent({**titled(card, "Approve with changes")["data"], "days_old": 9, "path": "/etc"})
    assert form.said(values).startswith("approve 17 0badc0de days_old=9 path=/etc")


@judged
def test_an_answer_has_a_way_back() -> None:
    card = answer(Card("Why?", (Text("Because."),)), "show 17")
    assert violations(card) == []
    assert titled(card, "Back")["data"] == {"ask": "show 17"}
    assert found(answer(Card("Why?"), ""), "Action.Execute") == []


@judged
def test_the_window_for_reporting() -> None:
    card = window_opens("OOM\nkilled")["task"]["value"]["card"]["content"]
    assert violations(card) == []
    assert found(card, "Input.Text")[0]["value"] == "OOM\nkilled"
    assert found(card, "Action.Execute") == []


@judged
def test_a_long_message_is_reported_to_its_end() -> None:
    card = window_opens("x\n" * 5_000 + "OOM")["task"]["value"]["card"]["content"]
    assert violations(card) == []
    [shown] = found(card, "Input.Text")
    assert shown["value"].endswith("OOM")
    assert len(shown["value"]) <= shown["maxLength"]


def test_a_card_is_about_one_incident_or_none() -> None:
    assert again(INCIDENT) == "show 17"
    assert again(Card("", (Button("a", "show 1"), Button("b", "show 2")))) == ""
    assert again(Card("", (Button("a", "list"), Text("approve 17")))) == ""


@pytest.mark.parametrize(
    "text",
    [
        "**bold** _it_ [x](https://evil.example) <at>all</at> # h",
        "- a\n- b\n1. c",
        "{{DATE(2026-11-21T00:00:00Z, SHORT)}} {{ TIME(2026-11-21T00:00:00Z) }}",
        "<script>alert(1)</script> &lt;b&gt; &amp;",
        "\u202eevil \x1b[31mred\x1b[0m \x00 \ud800 \u200b",
        "https://evil.example www.evil.example",
        "-",
        "",
        " ",
    ],
)
@judged
def test_what_a_stranger_wrote_is_text(text: str) -> None:
    parts = (
        Text(text),
        Text(text, quiet=True),
        Facts(((text, text),)),
        Code(text, text),
        Button(text, "a", confirm=text),
    )
    form = Form(text, "b", (Field("f", text, hint=text, default=text, choices=(text,), kind=Kind.CHOICE),))
    card = render(Card(text, (*parts, form, Link(text, "https://a.example"), Image(b"\x89PNG", text))))
    assert violations(card) == []
    shown = texts(card) + "".join(one.get("title", "") + one.get("label", "") for one in elements(card))
    assert not any(one in shown for one in "\x00\x1b\u202e\ud800\u200b")
    assert "{{D" not in shown
    assert "{{ T" not in shown
    assert card.get("msteams") == {"width": "Full"}
    json.dumps(card, ensure_ascii=False).encode()


def test_code_keeps_its_columns() -> None:
    shown = texts(render(Card("t", (Code("if x:\n    y  z\n\tq"),))))
    assert "\n\u00a0\u00a0\u00a0\u00a0y\u00a0\u00a0z\n\u00a0\u00a0\u00a0\u00a0q" in shown


HUGE = {
    "a log": (Code("\n".join(f"{n} {'x' * 300}" for n in range(2_000)), "log"),),
    "one line": (Code("x" * 400_000), Text("y" * 400_000)),
    "facts": (Facts(tuple((f"n{n}", "v" * 500) for n in range(500))),),
    "texts": tuple(Text("ü€😀" * 300) for _ in range(300)),
    "buttons": tuple(Button(f"do {n}", f"do {n}") for n in range(300)),
    "forms": tuple(replace(CHANGE, label=f"f{n}") for n in range(40)),
    "nothing": (Text(""), Code(""), Facts(()), Divider(), Divider()),
    "choices": (Form("f", "a", (Field("c", "C", kind=Kind.CHOICE, choices=tuple(map(str, range(5_000)))),)),),
    "long ask": (Button("x", "y" * 5_000),),
}


@judged
@pytest.mark.parametrize("name", HUGE)
def test_a_huge_card_is_shortened_and_says_so(name: str) -> None:
    last = Button("Approve", "approve 17")
    first, after = ([last], []) if name in ("buttons", "forms") else ([], [last])
    card = render(Card("t" * 500, (*first, *HUGE[name], *after)))
    assert violations(card) == []
    assert size(card) <= LIMITS.message
    assert titled(card, "Approve")
    if name not in ("nothing", "choices", "long ask"):
        assert "left out" in texts(card)
    if name == "long ask":
        assert "please type it" in texts(card)


def test_a_short_word_is_a_notice_and_more_is_a_card() -> None:
    assert notice(Card("Approved.", (Text("I run it now."),))) == "Approved.\nI run it now."
    assert notice(Card("Why?", (Facts((("a", "b"),)),))) == ""
    assert notice(Card("x", (Text("y" * 5_000),))) == ""


def test_a_notification_says_the_most_telling_line() -> None:
    assert summary(INCIDENT) == "#17 The disk is full (waiting for you): disk of host db-1: 100 %"


anything = st.text(st.characters() | st.sampled_from("*_-<>[](){}\ud800\x00\n\u202e"), max_size=60)
fields = st.builds(
    Field, anything, anything, st.booleans(), anything, st.sampled_from(Kind), st.tuples(anything, anything), anything
)
part: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, anything, st.booleans()),
    st.builds(Facts, st.lists(st.tuples(anything, anything), max_size=4).map(tuple)),
    st.builds(Code, anything, anything),
    st.builds(Image, st.binary(max_size=50) | st.just(b"\x89PNG" * 20_000), anything),
    st.builds(Button, anything, anything, st.booleans(), st.booleans(), anything),
    st.builds(Link, anything, anything | st.just("https://a.example")),
    st.just(Divider()),
    st.builds(Form, anything, anything, st.lists(fields, max_size=3).map(tuple), st.booleans()),
)


@judged
@given(st.builds(Card, anything, st.lists(part, max_size=8).map(tuple), st.sampled_from(Tone)))
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_card_can_be_shown(card: Card) -> None:
    drawn = render(card, again=again(card))
    assert violations(drawn) == []
    json.dumps(drawn, ensure_ascii=False).encode()


@pytest.mark.real
async def test_the_official_renderer_draws_it_as_it_is_meant(tmp_path: Path) -> None:
    drawn = await picture(render(HOSTILE), tmp_path / "hostile.png")
    assert (drawn.events, drawn.marks) == ([], [])
    assert "<@U123> <https://example.com|click here>" in drawn.text.replace("\u00a0", " ")
    drawn = await picture(render(INCIDENT), tmp_path / "incident.png", press="Reject …")
    assert drawn.events == []
    assert "Why not?" in drawn.text
    assert "Owner\n-" in drawn.text.replace("\n\n", "\n")
    assert {"Approve", "Reject", "Open"} <= set(drawn.buttons)
