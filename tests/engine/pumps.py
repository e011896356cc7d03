"""Texts that lead a regex astray: its own beginnings said again and again, and its repeats fed without an end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from re import _constants as kind  # type: ignore[attr-defined] # what typeshed leaves out
from re import _parser as parser  # type: ignore[attr-defined] # as above
from typing import Any

REPEATS = (kind.MAX_REPEAT, kind.MIN_REPEAT)
CATEGORIES: dict[Any, str] = {kind.CATEGORY_DIGIT: "1", kind.CATEGORY_WORD: "a", kind.CATEGORY_SPACE: " "}
OTHERS: dict[Any, str] = {kind.CATEGORY_NOT_DIGIT: "a", kind.CATEGORY_NOT_WORD: " ", kind.CATEGORY_NOT_SPACE: "a"}
ANYTHING = "a1 .:-/_=\"'([{<,;\n"


def hostile(regex: re.Pattern[str], length: int) -> Iterator[str]:
    """Texts of about this length, none of which ends as the regex would have it."""
    parts = list(parser.parse(regex.pattern, regex.flags & re.VERBOSE))
    for number, (name, what) in enumerate(parts):
        if name in REPEATS and what[1] > 8:
            before, fed = _sample(parts[:number]), _sample(what[2]) or "a"
            yield _often(before + fed, length)
            yield before + _often(fed, length) + "\0"
            after = _sample(parts[number + 1 :])
            yield before + _often(fed + after[: max(1, len(after) // 2)], length)


def _often(text: str, length: int) -> str:
    return text * (length // len(text))


def _sample(parts: Sequence[Any]) -> str:
    return "".join(_one(name, what) for name, what in parts)


def _one(name: Any, what: Any) -> str:  # noqa: PLR0911 # one line for each kind of part
    if name is kind.LITERAL:
        return chr(what)
    if name is kind.NOT_LITERAL:
        return "b" if what == ord("a") else "a"
    if name is kind.ANY:
        return "a"
    if name is kind.IN:
        return _member(what)
    if name is kind.BRANCH:
        return _sample(what[1][0])
    if name is kind.SUBPATTERN:
        return _sample(what[-1])
    if name in REPEATS:
        return "".join(_sample(what[2]) for _ in range(max(what[0], 1)))
    return ""


def _member(members: Sequence[Any]) -> str:
    """A character that the set holds."""
    if members[0][0] is kind.NEGATE:
        return next(one for one in ANYTHING if not any(_holds(member, one) for member in members[1:]))
    name, what = members[0]
    if name is kind.CATEGORY:
        return CATEGORIES.get(what) or OTHERS[what]
    return chr(what if name is kind.LITERAL else what[0])


def _holds(member: Any, one: str) -> bool:
    name, what = member
    if name is kind.LITERAL:
        return bool(ord(one) == what)
    if name is kind.RANGE:
        return bool(what[0] <= ord(one) <= what[1])
    digit, word, space = one.isdigit(), one.isalnum() or one == "_", one.isspace()
    holds: dict[Any, bool] = {
        kind.CATEGORY_DIGIT: digit,
        kind.CATEGORY_WORD: word,
        kind.CATEGORY_SPACE: space,
        kind.CATEGORY_NOT_DIGIT: not digit,
        kind.CATEGORY_NOT_WORD: not word,
        kind.CATEGORY_NOT_SPACE: not space,
    }
    return holds[what]
