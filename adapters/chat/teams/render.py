"""A card as an Adaptive Card 1.5, the newest that every Teams client draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import assert_never

from adapters.chat import plain
from adapters.chat.card import Button, Card, Code, Control, Divider, Facts, Field, Form, Image, Link, Part, Text, Tone
from adapters.chat.fit import fit
from adapters.chat.plain import MOODS, SIGNS, UNNAMED
from adapters.chat.teams import forms
from adapters.chat.teams.controls import REFRESH, SEND, control, execute, rows, say
from adapters.chat.teams.fit import BOUNDS, SHARES
from adapters.chat.teams.limits import LIMITS, size
from adapters.chat.teams.words import HARD_SPACE, Element, code, heading, lines, one_line, rich
from adapters.chat.visible import visible

STYLES = {
    Tone.NEUTRAL: "emphasis",
    Tone.WAITING: "warning",
    Tone.WORKING: "accent",
    Tone.GOOD: "good",
    Tone.BAD: "attention",
}

BACK = "Back"

ENLARGES = {"allowExpand": True}
"""https://learn.microsoft.com/dotnet/api/microsoft.teams.cards.teamsimageproperties"""


def render(card: Card, *, again: str = "", key: str = "", budget: int = LIMITS.message) -> Element:
    """Return the card, shortened to at most ``budget`` bytes of UTF-16.

    ``again`` is the ask that shows it anew: each client then asks for its own person's view of it. ``key`` comes along
    with that.
    """
    drawn = (_card(fit(card, share, BOUNDS), again, key) for share in SHARES)
    return next((one for one in drawn if size(one) <= budget), _card(Card(card.title[:40]), "", ""))


def answer(card: Card, back: str) -> Element:
    """The card in the place of the one on which something was pressed, with a way back to that."""
    shown = render(card)
    way_back = list(rows([say(BACK, back)])) if back else []
    return {**shown, "body": [*shown["body"], *way_back]}


def corrected(form: Form, values: Mapping[str, str], refused: Card, back: str) -> Element:
    """The form again, open and filled in, with what is wrong under its fields."""
    again = forms.filled(form, values)
    ids = forms.ids(again, set())
    known = {field.name for field in form.fields}
    above = [why for name, why in refused.wrong.items() if name not in known]
    send = execute(one_line(form.label.rstrip("… ."), LIMITS.label), SEND, forms.packed(form, ids), back)
    body = [
        *_title(Card(one_line(form.label.rstrip("… ."), LIMITS.title), tone=Tone.BAD)),
        *(rich(one_line(why, LIMITS.summary), color="Attention") for why in above),
        *forms.inputs(again, ids, refused.wrong),
        *rows([{**send, "style": "positive"}, *([say(BACK, back)] if back else [])]),
    ]
    return _frame(body, refused.title)


def summary(card: Card) -> str:
    """What a notification says, short enough for one."""
    return one_line(plain.summary(card, LIMITS.summary), LIMITS.summary)


def notice(card: Card) -> str:
    """The card as a short text, empty if it is more than that."""
    texts = [part.text for part in card.parts if isinstance(part, Text)]
    whole = "\n".join([card.title, *texts])
    return whole if len(texts) == len(card.parts) and len(whole) <= LIMITS.notice else ""


def _card(card: Card, again: str, key: str) -> Element:
    body = [*_title(card), *_body(card.parts, again)]
    return {**_frame(body, summary(card)), **({"refresh": {"action": _refresh(again, key)}} if again else {})}


def _refresh(again: str, key: str) -> Element:
    data = {"ask": again, **({"key": key} if key else {})}
    return {"type": "Action.Execute", "title": "Refresh", "verb": REFRESH, "data": data}


def _frame(body: list[Element], fallback: str) -> Element:
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.5",
        "fallbackText": one_line(fallback, LIMITS.summary),
        "msteams": {"width": "Full"},
        "body": body,
    }


def _title(card: Card) -> Iterator[Element]:
    mood = f"{SIGNS[card.tone]}{HARD_SPACE}{MOODS[card.tone]}"
    items = [heading(card.title), *([{**rich(mood, size="Small"), "spacing": "None"}] if MOODS[card.tone] else [])]
    yield {"type": "Container", "style": STYLES[card.tone], "bleed": True, "items": items}


def _body(parts: Sequence[Part], back: str) -> Iterator[Element]:
    """A divider becomes the line above what follows it; neighbouring buttons share rows."""
    taken: set[str] = set()
    line = False
    for controls, run in groupby(parts, key=lambda part: isinstance(part, Control)):
        for element in rows([control(part, taken, back) for part in run]) if controls else _elements(run):
            if not element:
                line = True
                continue
            yield {**element, **({"separator": True, "spacing": "Medium"} if line else {})}
            line = False


def _elements(parts: Iterator[Part]) -> Iterator[Element]:
    for part in parts:
        yield from _part(part)


def _part(part: Part) -> Iterator[Element]:
    """A divider is an empty element."""
    match part:
        case Text(text=text, quiet=quiet):
            yield from lines(text, **({"isSubtle": True, "size": "Small"} if quiet else {}))
        case Facts(pairs=pairs):
            yield from (_fact(name, value, number) for number, (name, value) in enumerate(pairs))
        case Code(text=text, caption=caption):
            above = [rich(caption, isSubtle=True, size="Small")] if caption else []
            yield {"type": "Container", "style": "emphasis", "items": [*above, *code(text)]}
        case Image(alt=alt):
            words = one_line(alt, LIMITS.title) or UNNAMED
            yield {"type": "Image", "url": part.address, "altText": words, "size": "Stretch", "msteams": ENLARGES}
        case Divider():
            yield {}
        case Button() | Link() | Form():
            return
        case _:
            assert_never(part)


def _fact(name: str, value: str, number: int) -> Element:
    """A FactSet would do, if it did not read a value of "-" as the beginning of a list."""
    columns = [
        {"type": "Column", "width": 1, "items": [rich(name, weight="Bolder")]},
        {"type": "Column", "width": 3, "items": list(lines(value))},
    ]
    return {"type": "ColumnSet", "columns": columns, "spacing": "Small" if number else "Default"}


def window(field: Field, send: str) -> Element:
    """A window of its own with one long text; ``Action.Execute`` is not taken there."""
    long = {"maxLength": LIMITS.reported, "value": visible(field.default)[: LIMITS.reported]}
    inputs = forms.inputs(Form(send, "", (field,)), [field.name], {})
    body = [{**one, **long} if one["type"] == "Input.Text" else one for one in inputs]
    return {**_frame(body, send), "actions": [{"type": "Action.Submit", "title": send, "style": "positive"}]}
