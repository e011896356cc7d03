"""Cards in the Teams of the tests: what is pressed and filled in as the client does it, and what is judged and drawn."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers.adaptive_cards import picture, violations
from tests.servers.entra import Entra, entra
from tests.servers.teams.answers import misunderstood
from tests.servers.teams.company import GROUP
from tests.servers.teams.reading import WindowRefuses, words
from tests.servers.teams.shown import CARD, Delivered, Message
from tests.servers.teams.small_bot import card, small_bot
from tests.servers.teams_connector import Teams, connector

Json = dict[str, Any]


@pytest.fixture(scope="module")
def microsoft() -> Iterator[Entra]:
    with entra() as service:
        yield service


@pytest.fixture
async def bare(microsoft: Entra) -> AsyncIterator[Teams]:
    async with connector(microsoft) as office:
        yield office


def nested(**field: Any) -> Json:
    execute = {"type": "Action.Execute", "title": "Send", "verb": "say", "data": {"ask": "reject 1"}}
    asked = {"type": "Input.Text", "id": "why", "label": "Reason", **field}
    inner = {"type": "AdaptiveCard", "body": [asked], "actions": [execute]}
    beside = {"type": "AdaptiveCard", "body": [{"type": "Input.Text", "id": "other"}]}
    actions = [
        {"type": "Action.ShowCard", "title": "Reject", "card": inner},
        {"type": "Action.ShowCard", "title": "Note", "card": beside},
    ]
    outer = {"type": "Input.Toggle", "id": "loud", "title": "Loud"}
    return {"type": "AdaptiveCard", "version": "1.5", "body": [outer], "actions": actions}


async def shown_card(bare: Teams, content: Json) -> Message:
    message = bare.keeps(GROUP, by="On-call agent", text="")
    message.activity["attachments"] = [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}]
    return message


async def test_a_press_sends_the_inputs_on_its_way(bare: Teams) -> None:
    async with small_bot(bare.microsoft) as (bot, endpoint):
        bare.serves(endpoint)
        await bare.person("bob").presses(await shown_card(bare, nested()), "Send", {"why": "no"})
    data = {"ask": "reject 1", "why": "no", "loud": "false"}
    assert bot.turns[0].value["action"] == {"type": "Action.Execute", "verb": "say", "title": "Send", "data": data}


async def test_a_card_beside_has_other_inputs(bare: Teams) -> None:
    with pytest.raises(AssertionError, match="No input"):
        await bare.person("bob").presses(await shown_card(bare, nested()), "Send", {"other": "no"})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"isRequired": True, "errorMessage": "Say why"}, ""),
        ({"maxLength": 3}, "four"),
        ({"type": "Input.Number", "min": 1, "max": 5}, "7"),
        ({"type": "Input.ChoiceSet", "choices": [{"title": "A", "value": "a"}]}, "b"),
    ],
)
async def test_the_client_sends_nothing_that_its_fields_do_not_take(bare: Teams, field: Json, value: str) -> None:
    message = await shown_card(bare, nested(**field))
    with pytest.raises(WindowRefuses):
        await bare.person("bob").presses(message, "Send", {"why": value})
    assert bare.deliveries == []


def answered(name: str, body: object, status: int = 200) -> list[str]:
    text = body if isinstance(body, str) else json.dumps(body)
    return list(misunderstood(Delivered(status, text, 0.1, {"type": "invoke", "name": name})))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("adaptiveCard/action", {"statusCode": 200, "type": CARD, "value": card("waiting")}),
        (
            "adaptiveCard/action",
            {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": "Not yours."},
        ),
        (
            "adaptiveCard/action",
            {"statusCode": 400, "type": "application/vnd.microsoft.error", "value": {"code": "Bad", "message": "No."}},
        ),
        ("composeExtension/submitAction", ""),
        ("composeExtension/submitAction", {"task": {"type": "message", "value": "Reported."}}),
        (
            "composeExtension/fetchTask",
            {"task": {"type": "continue", "value": {"title": "R", "card": {"contentType": CARD, "content": {}}}}},
        ),
    ],
)
def test_answers_that_teams_understands(name: str, body: object) -> None:
    assert answered(name, body) == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("adaptiveCard/action", ""),
        ("adaptiveCard/action", {"status": 200}),
        ("adaptiveCard/action", {"statusCode": 200, "type": CARD, "value": "text"}),
        ("adaptiveCard/action", {"statusCode": 200, "type": "card", "value": {}}),
        ("adaptiveCard/action", {"statusCode": 403, "type": CARD, "value": {}}),
        ("adaptiveCard/action", {"statusCode": 400, "type": "application/vnd.microsoft.error", "value": {}}),
        ("composeExtension/fetchTask", {"card": {}}),
        ("composeExtension/fetchTask", {"task": {"type": "continue", "value": {"title": "R", "card": card("x")}}}),
        (
            "composeExtension/fetchTask",
            {"task": {"type": "continue", "value": {"card": {"contentType": CARD, "content": {}}}}},
        ),
        ("composeExtension/submitAction", {"task": {"type": "message", "value": {}}}),
    ],
)
def test_answers_that_teams_does_not_understand(name: str, body: object) -> None:
    assert len(answered(name, body)) == 1


def test_a_failed_or_slow_answer_is_a_violation() -> None:
    assert answered("adaptiveCard/action", "", 500) == ["adaptiveCard/action: HTTP 500"]
    late = Delivered(200, "", 15.5, {"type": "message"})
    assert list(misunderstood(late)) == ["message: 15.5 s"]


def good(**change: Any) -> Json:
    """A card with all that is allowed."""
    fallback = {"type": "Action.Submit", "title": "Approve", "data": {"ask": "approve 1"}}
    execute = {**fallback, "type": "Action.Execute", "verb": "say", "style": "positive", "fallback": fallback}
    link = {"type": "Action.OpenUrl", "title": "Open", "url": "https://oncall.example.com/17"}
    asked = {"type": "Input.Text", "id": "why", "label": "Reason", "isRequired": True, "errorMessage": "Say why"}
    reject = {**execute, "title": "Send", "style": "destructive", "fallback": {**fallback, "title": "Send"}}
    inner = {"type": "AdaptiveCard", "body": [asked], "actions": [reject]}
    facts = [{"title": "Job", "value": "load\\_orders"}, {"title": "By", "value": "—"}]
    run = {"type": "TextRun", "text": "**not** [bold](http://x)", "fontType": "Monospace"}
    body = [
        {"type": "Container", "style": "attention", "items": [text("Spark job failed")]},
        {"type": "FactSet", "facts": facts},
        {"type": "RichTextBlock", "inlines": [run]},
        {"type": "Image", "url": "https://oncall.example.com/a.png", "altText": "a curve"},
    ]
    actions = [execute, {"type": "Action.ShowCard", "title": "Reject", "card": inner}, link]
    return {"type": "AdaptiveCard", "version": "1.5", "body": body, "actions": actions, **change}


def text(said: str, **more: Any) -> Json:
    return {"type": "TextBlock", "text": said, "wrap": True, **more}


def execute(**change: Any) -> Json:
    whole = {"type": "Action.Execute", "title": "A", "verb": "say", "fallback": {"type": "Action.Submit", "title": "A"}}
    return {name: value for name, value in {**whole, **change}.items() if value is not None}


def test_a_good_card_is_good() -> None:
    assert violations(good()) == []


MARKED = ("**b**", "*i*", "_i_", "a __b__ c", "[l](http://x)", "[](x)", "- a", "-", "a\n* b", "1. a", "2) b", "+ x")
PLAIN = (
    "a_b_c",
    "2 * 3 * 4",
    "\\*no\\*",
    "\\_no\\_",
    "\\- a",
    "1\\. a",
    "a - b",
    "[x] (y)",
    "1.5",
    "--flag",
    "__",
    "#1",
)


@pytest.mark.parametrize("said", MARKED)
def test_markdown_that_teams_would_draw_is_seen(said: str) -> None:
    assert len(violations(good(body=[text(said)]))) == 1
    assert len(violations(good(body=[{"type": "FactSet", "facts": [{"title": "a", "value": said}]}]))) == 1
    assert violations(good(body=[{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": said}]}])) == []


@pytest.mark.parametrize("said", PLAIN)
def test_text_without_markdown_is_left_alone(said: str) -> None:
    assert violations(good(body=[text(said)])) == []


@pytest.mark.real
async def test_microsofts_renderer_draws_the_same_texts_as_markdown(tmp_path: Path) -> None:
    body = [text(said) for said in (*MARKED, *PLAIN)]
    drawn = await picture(good(body=body, actions=[]), tmp_path / "card.png")
    assert len(drawn.marks) == len(MARKED), drawn.marks


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": "1.6"}, "version is 1.6"),
        ({"body": [{"type": "Carousel", "pages": []}]}, "1.5 has no Carousel"),
        ({"body": [text("a", colour="red")]}, "schema"),
        ({"body": [{"type": "TextBlock"}]}, "schema"),
        ({"body": [text("x" * 41_000)]}, "bytes of UTF-16"),
        ({"body": [text("x" * 31, wrap=False)]}, "cut off without wrap"),
        ({"body": [text("{{DATE(2026-11-21T10:00:00Z)}}")]}, "markdown in TextBlock"),
        ({"body": [text("hi <at>Bob</at>")]}, "<at>Bob</at> has no entity"),
        ({"msteams": {"entities": [{"type": "mention", "text": "<at>Bob</at>"}]}}, "stands nowhere"),
        ({"body": [text("a", id="x"), text("b", id="x")]}, "id x 2 times"),
        ({"body": [{"type": "Image", "url": "http://x/a.png", "altText": "a"}]}, "image from http://x/a.png"),
        ({"body": [{"type": "Image", "url": "https://x/a.png"}]}, "without altText"),
        ({"body": [{"type": "Input.Text", "id": "a"}]}, "an input without a label"),
        ({"body": [{"type": "Input.Text", "id": "a", "label": "A", "isRequired": True}]}, "no errorMessage"),
        ({"actions": [execute(title=str(n), fallback={"type": "Action.Submit", "title": str(n)}) for n in range(7)]}, "7 actions"),
        ({"actions": [execute(fallback=None)]}, "without an Action.Submit"),
        ({"actions": [execute(fallback="drop")]}, "without an Action.Submit"),
        ({"actions": [execute(fallback={"type": "Action.Submit", "title": "B"})]}, "its fallback is called B"),
        ({"actions": [execute(verb=None)]}, "no verb"),
        ({"actions": [{"type": "Action.OpenUrl", "title": "x", "url": "javascript:alert(1)"}]}, "opens javascript"),
        ({"actions": [{"type": "Action.OpenUrl", "title": " ", "url": "https://x"}]}, "without a title"),
        ({"refresh": {"action": execute(), "userIds": [str(n) for n in range(61)]}}, "refresh for 61 users"),
        ({"refresh": {"action": {"type": "Action.Submit"}, "userIds": []}}, "refresh needs an Action.Execute"),
    ],
)  # fmt: skip
def test_each_rule_sees_its_fault(change: Json, said: str) -> None:
    assert any(said in one for one in violations(good(**change))), violations(good(**change))


@pytest.mark.real
async def test_a_card_is_drawn(pictures: Path) -> None:
    drawn = await picture(good(), pictures / "teams-card.png", press="Reject")
    assert drawn.buttons == ["Approve", "Reject", "Open", "Send"]
    assert drawn.events == []
    assert "Spark job failed" in drawn.text
    assert "**not** [bold](http://x)" in drawn.text
    assert (pictures / "teams-card.png").read_bytes().startswith(b"\x89PNG")


def test_all_that_can_be_read_is_read() -> None:
    read = words(good())
    for said in ("Spark job failed", "Job load\\_orders", "**not** [bold](http://x)", "a curve", "Reject", "Reason"):
        assert said in read
