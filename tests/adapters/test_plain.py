"""A card as plain text says everything, and nothing that a terminal would obey."""

from __future__ import annotations

from typing import get_args

import pytest

from adapters.chat.card import Button, Card, Code, Divider, Facts, Field, Form, Image, Link, Part, Text, Tone
from adapters.chat.plain import render
from adapters.chat.visible import visible

EVERYTHING = Card(
    "#1 Airflow task transform timed out",
    (
        Text("It ran too long."),
        Facts((("DAG", "daily_sales"), ("Task", "transform"))),
        Code("one\n\ntwo", "the log"),
        Code("alone"),
        Image(b"\x89PNG", "A curve"),
        Divider(),
        Button("Approve", "approve 1", confirm="Sure?"),
        Link("Open", "https://example.com/"),
        Form("Reject", "reject 1", (Field("reason", "Reason"), Field("more", "More", required=False))),
    ),
    Tone.WAITING,
    private=True,
)


def test_every_part_is_said() -> None:
    assert render(EVERYTHING).splitlines() == [
        "#1 Airflow task transform timed out (waiting for you, only you see this)",
        "It ran too long.",
        "DAG: daily_sales",
        "Task: transform",
        "the log:",
        "    one",
        "    ",
        "    two",
        "    alone",
        "(Picture: A curve)",
        "---",
        "[Approve] approve 1",
        "Open: https://example.com/",
        "[Reject] reject 1 <Reason> [<More>]",
    ]
    assert {type(part) for part in EVERYTHING.parts} == set(get_args(Part))


@pytest.mark.parametrize(
    ("tone", "title"),
    [
        (Tone.NEUTRAL, "News"),
        (Tone.WAITING, "News (waiting for you)"),
        (Tone.WORKING, "News (working on it)"),
        (Tone.GOOD, "News (all good)"),
        (Tone.BAD, "News (trouble)"),
    ],
)
def test_a_tone_is_a_word(tone: Tone, title: str) -> None:
    assert render(Card("News", tone=tone)) == title


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("\x1bcreset", "reset"),
        ("nul\x00 bell\x07 back\x08", "nul␀ bell␇ back␈"),
        ("lone \x1b", "lone ␛"),
        ("abc\u202egnp.exe", "abc⟨U+202E⟩gnp.exe"),
        ("zero\u200bwidth\ufeff", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("half \ud800", "half ⟨U+D800⟩"),
        ("one\r\ntwo\tthree\rfour", "one\ntwo\tthree␍four"),
        ("שלום 👩\u200d🚒 café", "שלום 👩\u200d🚒 café"),
    ],
)
def test_what_a_screen_would_obey_is_made_visible(text: str, seen: str) -> None:
    assert visible(text) == seen
    assert visible(seen) == seen
    assert seen in render(Card("t", (Text(text),)))
