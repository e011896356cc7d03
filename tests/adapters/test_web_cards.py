"""Cards as HTML: golden pages of every part and tone, hostile text, bounds, and how they are kept."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest

from adapters.chat.card import Button, Card, Code, Divider, Facts, Field, Form, Image, Kind, Link, Part, Text, Tone
from adapters.chat.web.body import Said, from_json, to_json
from adapters.chat.web.limits import LIMITS
from adapters.chat.web.render import Place, render

GOLDEN = Path(__file__).parents[1] / "golden" / "web"
PLACE = Place("incidents", "INC-1", page="p")
LONG = "\n".join(f"line {number}" for number in range(1, 31))

PARTS: dict[str, tuple[Part, ...]] = {
    "text": (Text("It ran too long."), Text("Nobody is on call.", quiet=True)),
    "facts": (Facts((("DAG", "daily_sales"), ("Try", "1 of 1"))),),
    "code": (Code("AirflowTaskTimeout", "the log"), Code(LONG)),
    "image": (Image(b"\x89PNG drawn", "A <curve>"), Image(b"\x89PNG" * LIMITS.picture, "A large one")),
    "button": (
        Button("Approve", "approve 1", primary=True, confirm="Clear the task?"),
        Button("Ack", "ack 1"),
        Button("Kill", "kill 1", danger=True),
    ),
    "link": (Link("Open in Airflow", "https://airflow.example.com/a?b=1&c=2"), Link("Bad", "javascript:alert(1)")),
    "divider": (Text("above"), Divider(), Text("below")),
    "form": (
        Form(
            "Reject …",
            "reject 1",
            (Field("reason", "Why not?", kind=Kind.LONG), Field("who", "Who says so?", required=False, default="me")),
        ),
    ),
}

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</textarea><script>alert(1)</script>",
    "</pre></code><script>alert(1)</script>",
    "{{ 7 * 7 }}{% include 'x' %}",
    "<!--<script>",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\nscript:alert(1)",
    " https://example.com/ onclick=alert(1)",
    'https://example.com/"onmouseover="alert(1)',
    "https://example.com/<script>",
    "https:/\\example.com",
    "https://[broken",
    "data:text/html,<script>alert(1)</script>",
    "//example.com/x",
    "\x00\x1b[31m\u202e\ud800",
]


class Seen(HTMLParser):
    """The elements of a page, and what their attributes say."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        drawn = "data:image/png;base64,"
        named = [value or "" for name, value in attrs if name in ("href", "src", "action")]
        self.addresses += [one for one in named if not (tag == "img" and one.startswith(drawn))]


def golden(name: str, html: str) -> None:
    """Compare with the file; ``ONCALL_WRITE_GOLDEN=1`` writes it anew, to be looked at in the diff."""
    path = GOLDEN / f"{name}.html"
    if os.environ.get("ONCALL_WRITE_GOLDEN") == "1":
        path.write_text(f"{html}\n", encoding="utf-8")
    assert f"{html}\n" == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PARTS)
def test_a_part_looks_as_it_did(name: str) -> None:
    golden(f"part-{name}", render(Card("A card", PARTS[name]), PLACE))


def test_every_kind_of_part_has_its_golden_page() -> None:
    assert {type(part) for parts in PARTS.values() for part in parts} == set(get_args(Part))


@pytest.mark.parametrize("tone", Tone)
def test_a_tone_looks_as_it_did(tone: Tone) -> None:
    golden(f"tone-{tone}", render(Card("A card", tone=tone), PLACE))


def test_a_private_card_says_so() -> None:
    html = render(Card("A secret", private=True), PLACE)
    golden("private", html)
    assert "Only you see this" in html


def everywhere(text: str) -> Card:
    """A card with this text in every place that can hold one."""
    return Card(
        text,
        (
            Text(text),
            Facts(((text, text),)),
            Code(f"{text}\n" * 20, text),
            Image(text.encode(errors="replace"), text),
            Link(text, text),
            Button(text, text, confirm=text),
            Form(text, text, (Field(text, text, default=text), Field(text, text, default=text, kind=Kind.LONG))),
        ),
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    html = render(everywhere(text), PLACE)
    seen = Seen(html)
    assert not seen.tags & {"script", "iframe", "object", "style", "base", "meta"}
    assert not [name for name in seen.attributes if name.startswith("on") or name in ("style", "srcdoc", "autofocus")]
    assert set(seen.addresses) <= {"/chat/incidents"}
    assert "\x1b" not in html


def test_hostile_characters_are_shown_not_obeyed() -> None:
    html = render(Card("t", (Text("a\u202eb\x00c"),)), PLACE)
    assert "a⟨U+202E⟩b␀c" in html


@pytest.mark.parametrize("url", ["https://example.com", "http://10.0.0.1:8080/a?b=c#d", "HTTPS://EXAMPLE.COM/%20"])
def test_web_addresses_are_links(url: str) -> None:
    assert Seen(render(Card("t", (Link("go", url),)), PLACE)).addresses == [url]


@pytest.mark.parametrize("part", [Text("x" * 200_000), Facts((("a", "x" * 200_000),)), Code("x" * 200_000)])
def test_a_huge_text_is_bounded_and_says_what_was_left_out(part: Part) -> None:
    html = render(Card("t", (part,)), PLACE)
    assert len(html) < 30_000
    left = re.search(r"([\d,]+) characters more", html)
    assert left is not None
    assert int(left[1].replace(",", "")) + html.count("x" * 1000) * 1000 == pytest.approx(200_000, abs=1000)


def test_huge_labels_and_titles_are_bounded() -> None:
    html = render(everywhere("x" * 200_000), PLACE)
    visible_text = re.sub(r"<[^>]*>", "", html)
    assert len(visible_text) < 100_000


def test_many_parts_and_facts_are_bounded() -> None:
    many = Card("t", (Facts((("a", "b"),) * 1000), *[Divider()] * 1000))
    html = render(many, PLACE)
    assert html.count("<hr>") == LIMITS.parts - 1
    assert "941 parts more" in html
    assert f"{1000 - LIMITS.facts} facts more" in html


def test_long_code_folds() -> None:
    html = render(Card("t", (Code(LONG),)), PLACE)
    assert html.index("line 12") < html.index("Show all 30 lines") < html.index("line 13")


@pytest.mark.parametrize("name", PARTS)
def test_a_card_is_kept_whole(name: str) -> None:
    card = Card("A card", PARTS[name], Tone.GOOD, private=True)
    assert from_json(to_json(card)) == card


def test_what_a_person_said_is_kept() -> None:
    said = Said("/oncall help \ud800", "Alice Kim")
    assert from_json(to_json(said)) == said


def test_a_part_of_a_later_version_does_not_break_the_page() -> None:
    card = from_json('{"card": {"title": "t", "tone": "violet", "parts": [{"kind": "film"}, {"kind": "text"}]}}')
    assert isinstance(card, Card)
    assert "“film” cannot be shown" in render(card, PLACE)
    assert "“text” cannot be shown" in render(card, PLACE)
