"""Texts made to keep a program busy for ever: what reads them takes a time that grows as they do, and no faster."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from multidict import MultiDict, MultiDictProxy

from adapters.chat.slack import said as slack
from adapters.chat.teams import activity
from adapters.chat.teams import said as teams
from adapters.chat.visible import visible
from adapters.chat.web import lines
from engine.errors import Refused

LONG = 300_000
"""Characters. A reading whose time grows with their square takes minutes for them, any other one a moment."""

PATIENCE = 10.0
"""Seconds of this process's own time."""


def _web(text: str) -> str:
    with suppress(Refused):  # it is too long, and that is only known once it is one line
        return lines.read(MultiDictProxy(MultiDict(text=text))).text
    return ""


def _form(value: str) -> str:
    with suppress(Refused):
        return lines.read(MultiDictProxy(MultiDict(text="reject 17", value=value))).text
    return ""


def _message(html: str) -> str:
    return activity.words({"body": {"contentType": "html", "content": html}})


def _typed(text: str) -> str:
    return teams.addressed({"recipient": {"id": "28:bot"}, "text": text})


@pytest.mark.parametrize(
    ("read", "piece"),
    [
        (slack.plain, "<http:"),
        (slack.plain, "<http:a|"),
        (slack.plain, "<mailto:a"),
        (slack.plain, "<#C1|"),
        (slack.plain, "<@U1|"),
        (_message, "<"),
        (_message, "<br "),
        (_typed, "<at>"),
        (_typed, "<at "),
        (_web, " "),
        (_web, "a \r"),
        (_form, " "),
        (visible, "\x1b]"),
        (visible, "\x1b[0;"),
    ],
)
def test_a_text_without_end_is_soon_read(read: Callable[[str], str], piece: str) -> None:
    began = time.process_time()
    read((piece * LONG)[:LONG])
    assert time.process_time() - began < PATIENCE


def test_what_they_find_is_what_they_found() -> None:
    assert slack.plain("see <https://a.example/x|the page> in <#C1|general> &lt;b&gt;") == (
        "see https://a.example/x in #general <b>"
    )
    assert _message("<div>one<br>two <b>three</b></div>") == "one\ntwo three"
    assert _typed('<at id="0">On-call agent</at> help') == "On-call agent help"
    assert _web(" report \r\n  a line\r\n\n") == "report \n  a line", "a pasted log keeps its lines"
    assert _form(" a \r\n\n  b \n") == "reject 17 a b", "a field of a form is words of one line"
