"""What a person sees of a Slack message, whether Slack would take it, and messages of all kinds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from adapters.chat.card import Button, Card, Code, Divider, Facts, Field, Form, Image, Kind, Link, Part, Text, Tone
from tests.adapters.shown_cards import CHANGE
from tests.servers.block_kit import pings, violations

REJECT = Form("Reject …", "reject 17", (Field("why", "Why not?", kind=Kind.LONG),))

LONG_FORM = replace(CHANGE, label="Approve restart_dag_task with changes …")

CONTEXT = {"room": "C1", "thread": "1700000000.000100"}

judged = pytest.mark.usefixtures("judges")


def texts(payload: object) -> Iterator[str]:
    """Every text that a person sees."""
    match payload:
        case {"text": str(text)}:
            yield text
        case {"image_url": str(), "alt_text": str(text)}:
            yield text
        case dict():
            for value in payload.values():
                yield from texts(value)
        case list():
            for value in payload:
                yield from texts(value)


def dicts(payload: object) -> Iterator[dict[str, Any]]:
    match payload:
        case dict():
            yield payload
            for value in payload.values():
                yield from dicts(value)
        case list():
            for value in payload:
                yield from dicts(value)


def must_be_valid(payload: Mapping[str, Any]) -> None:
    """What Slack would refuse, and what we do not want to say to it."""
    assert violations(payload) == []
    assert pings(payload) == []
    everything = list(dicts(payload))
    assert not [one for one in everything if one.get("type") == "mrkdwn" or one.get("emoji") is True]
    assert all(text for text in texts(payload))
    ids = [one["action_id"] for one in everything if "action_id" in one]
    assert len(ids) == len(set(ids))


anything = st.one_of(
    st.text(st.characters(), max_size=40),
    st.sampled_from(["", " \n", "\x00\x1b[31m\ud800\u202e", "<!channel> & <@U1>", "x" * 200_000, "é\n" * 30_000]),
    st.sampled_from(
        ["…" * 2_500, "\U0001f600" * 5_000, "https://example.com/" + "a" * 4_000, "https://example.com/a.png"]
    ),
)

fields = st.builds(
    Field,
    anything,
    anything,
    st.booleans(),
    anything,
    st.sampled_from(Kind),
    st.lists(anything, max_size=4).map(tuple) | st.just(tuple(map(str, range(120)))),
    anything,
)

forms = st.builds(Form, anything, anything, st.lists(fields, max_size=5).map(tuple), st.booleans())

parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, anything, st.booleans()),
    st.builds(Facts, st.lists(st.tuples(anything, anything), max_size=5).map(tuple)),
    st.builds(Facts, st.tuples(anything, anything).map(lambda pair: (pair,) * 500)),
    st.builds(Code, anything, anything),
    st.builds(Image, st.binary(max_size=50), anything),
    st.builds(Button, anything, anything, st.booleans(), st.booleans(), anything),
    st.builds(Link, anything, anything),
    st.just(Divider()),
    forms,
)

many = st.lists(parts, max_size=12) | st.builds(
    lambda some, times: some * times, st.lists(parts, max_size=4), st.just(80)
)

cards = st.builds(Card, anything, many.map(tuple), st.sampled_from(Tone), st.booleans())

slow = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
