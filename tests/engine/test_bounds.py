"""Whatever a log holds, it is read in bounded time and without an exception."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.analysis import analyze
from engine.desk import Policy
from engine.detect import READABLE
from engine.entries import split
from engine.redact import redact
from engine.terms import terms
from tests.engine.desks import DETECTOR

SECONDS = 5.0
"""Milliseconds where the rules are right, minutes where a regex can be led astray; other programs may be busy."""

WORDS = sorted(
    {word for pattern in DETECTOR.patterns.values() for example in pattern.examples for word in example.text.split()}
)

HOSTILE = [
    "ERROR Connection refused " + "a" * 10_000_000,
    "ERROR Connection refused " + "a." * 5_000_000,
    "FATAL: " + "\\" * 65_000,
    'ERROR {"a":' * 10_000 + "1" + "}" * 10_000,
    '{"level":"error","msg":"Connection refused","x":' + "[" * 30_000 + "]" * 30_000 + "}",
    "Container " * 7_000 + "OOMKilled",
    "pod/" * 16_000 + " CrashLoopBackOff",
    "http://" * 9_000 + " Connection refused",
    "http://" + "a@" * 30_000 + " Connection refused",
    "Name:  a\nNamespace:  b\n" * 3_000 + "OOMKilled",
    "Marking run <DagRun " * 3_000 + "failed",
    "Caused by: java.lang.OutOfMemoryError\n\tat org.apache.spark.A\n" * 2_000,
    "No space left on device kafka " * 2_000,
    "ERROR " + "-" * 65_000 + " Connection refused",
    "ERROR Connection refused " + "1" * 65_000,
    "ERROR Connection refused " + "1:" * 32_000,
    "ERROR Connection refused " + "\u0130" * 65_000,
    "x-1 0/1 " * 8_000 + "CrashLoopBackOff",
    ("x" * 60 + "-1  ") * 1_000 + "CrashLoopBackOff",
    "HikariPool " * 6_000 + "Connection is not available",
    "jan  1 00:00:00 " * 4_000 + "systemd[1]: Failed to start x",
    "Permission denied: '" * 3_000,
    "Table '" * 9_000 + "doesn't exist",
    "-----BEGIN RSA PRIVATE KEY-----\n" * 1_500 + "Connection refused",
    "password=" * 7_000 + "Connection refused",
    "ERROR: " * 9_000,
    "Lost executor 1 on " * 3_000,
    "<TaskInstance: a.b " * 3_000 + "AirflowTaskTimeout",
]


def answered(text: str) -> float:
    """Seconds of this program's own time for one answer."""
    return took(lambda whole: json.dumps(analyze(DETECTOR, {}, Policy(), whole)), text)


def took(work: Callable[[str], object], text: str) -> float:
    """Seconds of this program's own time."""
    began = time.process_time()
    work(text)
    return time.process_time() - began


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:24]))
def test_a_hostile_text_is_answered_in_time(text: str) -> None:
    assert answered(text) < SECONDS
    for work in (DETECTOR.places, redact, split, terms):
        assert took(work, text) < SECONDS, work
    assert took(DETECTOR.names, redact(text, READABLE)) < SECONDS


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=30)), max_size=60), st.sampled_from(" \n\t=:"))
def test_a_text_of_words_that_failures_use_is_answered_in_time(words: list[str], between: str) -> None:
    assert answered(between.join(words)) < SECONDS


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.sampled_from(WORDS), st.integers(1, 20_000))
def test_a_word_said_again_and_again_is_answered_in_time(word: str, times: int) -> None:
    assert answered((word * times)[:100_000] + " Connection refused") < SECONDS
