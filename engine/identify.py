"""Finds the exact names of what broke, verbatim, in a log entry and in the path it stood in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.stated import fields

RULES = Path(__file__).parent / "knowledge" / "identifiers.toml"

LIMIT = 250
"""Characters of one identifier: the longest name that Airflow, Kubernetes or a database allows."""

_NOTHING = frozenset({"", "none", "null", "unknown", "n/a", "-"})


@dataclass(frozen=True, slots=True)
class Rules:
    """``names``: a log field's name to our name. ``texts`` and ``sources``: regexes whose groups carry our names."""

    names: Mapping[str, str]
    texts: tuple[re.Pattern[str], ...]
    sources: tuple[re.Pattern[str], ...]


def load(file: Path = RULES) -> Rules:
    """Raises ValueError where a rule is not a regex."""
    head = tomllib.loads(file.read_text("utf-8"))
    return Rules(
        names={field: name for name, fields in head["fields"].items() for field in fields},
        texts=tuple(re.compile(rule) for rule in head["text"]),
        sources=tuple(re.compile(rule) for rule in head["source"]),
    )


def identify(rules: Rules, text: str, source: str = "") -> dict[str, str]:
    """Our names and their values. The entry's own fields win over its text, and both over the path."""
    found = _fields(rules, text)
    for rule, place in (*((rule, text) for rule in rules.texts), *((rule, source) for rule in rules.sources)):
        for match in rule.finditer(place):
            _add(found, match.groupdict().items())
    return found


def _fields(rules: Rules, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    known = ((rules.names.get(name, ""), value) for name, value in fields(text).items())
    _add(found, ((name, value) for name, value in known if name))
    return found


def _add(found: dict[str, str], pairs: Iterable[tuple[str, str | None]]) -> None:
    """The first value of a name stays: what stands nearest to the failure is read first."""
    for name, value in pairs:
        if value and value.lower() not in _NOTHING and len(value) <= LIMIT:
            found.setdefault(name, value)
