"""What Slack takes, and what it refuses and why."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def marked(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def button(id: str = "say1", **more: Any) -> Json:
    return {"type": "button", "action_id": id, "text": plain("Approve"), "value": "approve 17", **more}


def section(text: str = "hello", **more: Any) -> Json:
    return {"type": "section", "text": plain(text), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def line(text: str) -> Json:
    return {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}


def field(block_id: str = "reason", **element: Any) -> Json:
    inner = {"type": "plain_text_input", "action_id": "value", **element}
    return {"type": "input", "block_id": block_id, "label": plain("Reason"), "element": inner}


def confirm(**more: Any) -> Json:
    return {
        "title": plain("Sure?"),
        "text": plain("It runs at once."),
        "confirm": plain("Run"),
        "deny": plain("No"),
        **more,
    }


def message(*blocks: Json, **more: Any) -> Json:
    return {"text": "hello", "blocks": list(blocks), **more}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("Reject"), "submit": plain("Reject"), "blocks": list(blocks), **more}


def select(count: int, **more: Any) -> Json:
    options = [{"text": plain(f"choice {number}"), "value": str(number)} for number in range(count)]
    return {"type": "static_select", "action_id": "s", "options": options, **more}


CODE = rich({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "Traceback …"}]})

BULLETS = rich({"type": "rich_text_list", "style": "bullet", "elements": [line("one"), line("two")]})

FINE = {
    "everything at once": message(
        section(),
        {"type": "header", "text": plain("x" * 150)},
        rich(line("x" * 3000)),
        CODE,
        BULLETS,
        {"type": "context", "elements": [plain("quiet"), marked("*loud*")]},
        {"type": "divider"},
        actions(*(button(f"say{number}") for number in range(25))),
        actions(button("open1", url="https://acme.test/17"), button("say", style="danger", confirm=confirm())),
        {"type": "image", "image_url": "https://acme.test/a.png", "alt_text": "a curve"},
        attachments=[{"color": "#d72b3f", "fallback": "x", "blocks": [section(), actions(button())]}],
    ),
    "text alone": {"text": "x" * 40_000},
    "a modal": modal(
        field(initial_value="x" * 3000),
        field("days", type="number_input", is_decimal_allowed=False),
        {"type": "input", "block_id": "mode", "label": plain("Mode"), "element": select(100)},
        private_metadata="x" * 3000,
    ),
    "a home": {"type": "home", "blocks": [section() for _ in range(100)]},
}

WRONG: dict[str, tuple[Json, str]] = {
    "51 blocks": (message(*[{"type": "divider"}] * 51), "51 blocks"),
    "51 blocks, half of them attached": (
        message(*[{"type": "divider"}] * 25, attachments=[{"blocks": [{"type": "divider"}] * 26}]),
        "51 blocks",
    ),
    "a long section": (message(section("x" * 3001)), "3000"),
    "an empty text": (message(section("")), "empty text"),
    "an empty rich text": (message(rich(line(""))), "empty text"),
    "a rich text without elements": (message(rich()), "no elements"),
    "a section in a section": (message(rich({"type": "rich_text_section", "elements": [line("x")]})), "RichTextBlock"),
    "a list in a section": (
        message(rich({"type": "rich_text_section", "elements": BULLETS["elements"]})),
        "RichTextBlock",
    ),
    "a section with nothing": (message({"type": "section"}), "text or fields"),
    "11 fields": (message({"type": "section", "fields": [plain("x")] * 11}), "11 fields"),
    "a long field": (message({"type": "section", "fields": [plain("x" * 2001)]}), "more than 2000"),
    "a long header": (message({"type": "header", "text": plain("x" * 151)}), "150"),
    "a marked header": (message({"type": "header", "text": marked("x")}), "header is plain_text"),
    "26 buttons": (message(actions(*(button(f"a{number}") for number in range(26)))), "26 elements"),
    "no buttons": (message(actions()), "no elements"),
    "a long label": (message(actions(button(text=plain("x" * 76)))), "75"),
    "a long value": (message(actions(button(value="x" * 2001))), "2000"),
    "a long action_id": (message(actions(button("x" * 256))), "255"),
    "an empty action_id": (message(actions(button(""))), "empty action_id"),
    "a long address": (message(actions(button(url="https://acme.test/" + "x" * 3000))), "3000"),
    "an address of no kind": (message(actions(button(url="javascript:alert(1)"))), "no address"),
    "an unknown style": (message(actions(button(style="blue"))), "style"),
    "two equal action_ids": (message(actions(button(), button())), "stands there 2 times"),
    "a long block_id": (message(section(block_id="x" * 256)), "255"),
    "two equal block_ids": (
        message(section(block_id="b"), attachments=[{"blocks": [section(block_id="b")]}]),
        "block_id 'b' stands there 2 times",
    ),
    "11 quiet texts": (message({"type": "context", "elements": [plain("x")] * 11}), "11 elements"),
    "an unknown block": (message({"type": "poem"}), "no block of type 'poem'"),
    "an unknown key": (message({"type": "divider", "colour": "red"}), "DividerBlock"),
    "a picture without words": (message({"type": "image", "image_url": "https://acme.test/a.png"}), "alt_text"),
    "a picture over http": (
        message({"type": "image", "image_url": "http://acme.test/a", "alt_text": "x"}),
        "https only",
    ),
    "a long question": (message(actions(button(confirm=confirm(text=plain("x" * 301))))), "300"),
    "a long question's title": (message(actions(button(confirm=confirm(title=plain("x" * 101))))), "100"),
    "a long answer": (message(actions(button(confirm=confirm(deny=plain("x" * 31))))), "30"),
    "101 choices": (message(actions(select(101))), "100"),
    "a choice that is none": (
        message(actions(select(2, initial_option={"text": plain("other"), "value": "9"}))),
        "none of the options",
    ),
    "a long choice": (
        message(actions(select(1, options=[{"text": plain("x" * 76), "value": "1"}]))),
        "option.text",
    ),
    "a long choice's value": (
        message(actions(select(1, options=[{"text": plain("x"), "value": "1" * 151}]))),
        "option.value",
    ),
    "a long placeholder": (message(actions(select(1, placeholder=plain("x" * 151)))), "placeholder"),
    "too much in all": (message(*(section("x" * 2700) for _ in range(5))), "characters of blocks in all"),
    "too much in all, attached": (
        message(attachments=[{"blocks": [section("x" * 2700) for _ in range(5)]}]),
        "characters of blocks in all",
    ),
    "long markdown": (message({"type": "markdown", "text": "x" * 12_001}), "12000"),
    "a long text": ({"text": "x" * 40_001}, "40000"),
    "nothing": ({"text": ""}, "no_text"),
    "blocks without a text": ({"blocks": [section()]}, "needs a text"),
    "21 attachments": (
        message(attachments=[{"blocks": [section(str(number))]} for number in range(21)]),
        "21 attachments",
    ),
    "an unknown colour": (message(attachments=[{"color": "crimson", "blocks": [section()]}]), "no colour"),
    "an unknown key in an attachment": (message(attachments=[{"colour": "#fff000"}]), "MessageAttachment"),
    "a null byte": (message(section("a\x00b")), "drops or refuses"),
    "half a character": (message(section("a\ud800b")), "drops or refuses"),
    "101 blocks in a home": ({"type": "home", "blocks": [{"type": "divider"}] * 101}, "100"),
    "a home with a title": ({"type": "home", "title": plain("Home"), "blocks": [section()]}, "title"),
    "a modal without a title": ({"type": "modal", "blocks": [section()]}, "needs a title"),
    "a long title": (modal(section(), title=plain("x" * 25)), "24"),
    "a long submit": (modal(section(), submit=plain("x" * 25)), "24"),
    "a long close": (modal(section(), close=plain("x" * 25)), "24"),
    "inputs without submit": ({"type": "modal", "title": plain("x"), "blocks": [field()]}, "needs a submit"),
    "much to remember": (modal(section(), private_metadata="x" * 3001), "3000"),
    "a long callback_id": (modal(section(), callback_id="x" * 256), "255"),
    "a number field that does not say": (modal(field(type="number_input")), "is_decimal_allowed"),
    "a marked label": (modal({**field(), "label": marked("x")}), "label"),
    "a long label of a field": (modal({**field(), "label": plain("x" * 2001)}), "2000"),
    "a long hint": (modal({**field(), "hint": plain("x" * 2001)}), "2000"),
    "a long initial value": (modal(field(initial_value="x" * 3001)), "initial_value"),
}

REJECT = modal(field(), private_metadata="17", callback_id="reject")
