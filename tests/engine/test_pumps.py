"""Every regex of the engine on texts made to lead that very regex astray; only the literal that calls it is needed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

import pytest

from engine import entries, identify, knowledge, owner, stated
from engine.entries import split
from engine.redact import _SECRETS
from engine.terms import terms
from tests.engine.pumps import hostile
from tests.engine.test_bounds import answered

LENGTH = 16_000
SECONDS = 5.0
"""Of this program's own time: a hundredth of them where a rule is right, a minute where it is not."""

KNOWN = knowledge.load()
NAMES = identify.load()
LOGS = owner.load()
SECRETS = [rule for rule, _, _ in _SECRETS]


def _compiled(rules: Iterable[str]) -> list[re.Pattern[str]]:
    return [re.compile(rule, re.IGNORECASE | re.MULTILINE) for rule in rules]


def _own(module: object) -> list[re.Pattern[str]]:
    return [one for one in vars(module).values() if isinstance(one, re.Pattern)]


REGEXES: dict[str, Iterable[re.Pattern[str]]] = {
    "rules": _compiled(rule for one in KNOWN for rule in one.match),
    "what must stand near": _compiled(rule for one in KNOWN for rule in (*one.unless, *one.near, *one.unless_near)),
    "names": (*NAMES.texts, *NAMES.sources),
    "systems": [mark for _, mark in NAMES.marks],
    "logs": [rule for _, rules in LOGS.lines for rule in rules] + list(LOGS.users.values()),
    "secrets": SECRETS,
    "levels and times": _own(stated),
}


@pytest.mark.parametrize("kind", REGEXES)
def test_no_regex_is_led_astray(kind: str) -> None:
    for regex in dict.fromkeys(REGEXES[kind]):
        for text in hostile(regex, LENGTH):
            began = time.process_time()
            regex.search(text)
            took = time.process_time() - began
            assert took < SECONDS, (regex.pattern, text[:60], took)


def test_a_whole_answer_to_such_a_text_comes_in_time() -> None:
    regexes = [*NAMES.texts, *SECRETS, *_own(entries), *_own(stated)]
    for text in (text for regex in regexes for text in hostile(regex, LENGTH)):
        assert answered(f"{text}\nConnection refused") < SECONDS, text[:60]


@pytest.mark.parametrize("between", ["", " ", "\n", "\n\tat "])
def test_entries_and_terms_of_such_a_text_are_read_in_time(between: str) -> None:
    for text in (between.join([one[:80]] * 5_000) for regex in _own(entries) for one in hostile(regex, 200)):
        began = time.process_time()
        split(text)
        terms(text)
        assert time.process_time() - began < SECONDS, text[:60]
