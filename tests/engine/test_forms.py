"""The forms in which programs talk of failures: those that call nobody, and those that somebody must see."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.engine.desks import DETECTOR

HERE = Path(__file__).parent


def texts(name: str) -> list[tuple[str, str]]:
    """Each text with the line above it."""
    heads = re.split(r"^=== (.*)\n", (HERE / name).read_text("utf-8"), flags=re.MULTILINE)[1:]
    return [(head, text.rstrip("\n")) for head, text in zip(heads[::2], heads[1::2], strict=True)]


CALM, FAILING = texts("calm.txt"), texts("failing.txt")


@pytest.mark.parametrize("text", [text for _, text in CALM], ids=[head for head, _ in CALM])
def test_a_calm_form_calls_nobody(text: str) -> None:
    found = DETECTOR.find_in(text)
    assert found is None, found.pattern.id


@pytest.mark.parametrize(("head", "text"), FAILING)
def test_a_failing_form_is_told_as_what_it_is(head: str, text: str) -> None:
    """The line above names service, categories that fit, and actions that fit, if any must."""
    service, categories, *actions = head.split()
    found = DETECTOR.find_in(text)
    assert found is not None
    assert found.service == service
    assert found.pattern.category in categories.split("/")
    first = found.pattern.proposals[0].name if found.pattern.proposals else "escalate"
    assert not actions or first in actions[0].split("/")
