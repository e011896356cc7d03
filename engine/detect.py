"""From a log entry to a signal: which known failure is this line?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, MatchKind

from engine.entries import split
from engine.identify import Rules, identify
from engine.knowledge import Knowledge, Pattern
from engine.model import Entry, Signal
from engine.ports import Clock
from engine.redact import LIMIT, clean, redact, shorten
from engine.stated import level, moment

CALM = frozenset({"debug", "info"})
"""Levels at which a program talks about failures rather than having one."""

SHORTEST_LITERAL = 4

READABLE = 64 * 1024
"""Characters in which names are looked for: a JSON line is only readable whole."""

_SPECIAL = re.compile(r"\\[A-Za-z0-9]|\\(.)|\(\?[a-zA-Z]+\)|[\[\](){}|.^$*+?]|([^\\\[\](){}|.^$*+?])")


@dataclass(frozen=True, slots=True)
class Found:
    """One rule of one pattern that matched one entry."""

    pattern: Pattern
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: Pattern
    regex: re.Pattern[str]


class Detector:
    """All patterns at once: a search for the rules' literals decides which few regexes are tried at all."""

    def __init__(self, knowledge: Knowledge, names: Rules) -> None:
        self.patterns: Mapping[str, Pattern] = {pattern.id: pattern for pattern in knowledge}
        self._names = names
        self._rules = [_Rule(p, re.compile(rule, re.IGNORECASE)) for p in knowledge for rule in p.match]
        self._unless = {p.id: [re.compile(rule, re.IGNORECASE) for rule in p.unless] for p in knowledge}
        literals = [literal(rule.regex.pattern) for rule in self._rules]
        self._gate = AhoCorasick(literals, matchkind=MatchKind.Standard)

    def places(self, text: str) -> list[int]:
        """Where an entry may match, in order: the offsets of the rules' literals. Never wrong about 'nowhere'."""
        return [start for _, start, _ in self._gate.find_matches_as_indexes(lowered(text))]

    def find(self, text: str) -> Found | None:
        """The most specific pattern that this one entry matches."""
        found = list(self._matching(text))
        return max(found, key=lambda one: one.pattern.weight) if found else None

    def find_in(self, text: str) -> Found | None:
        """The most specific pattern among all entries of a longer text."""
        found = [one for _, entry in split(text) if (one := self.find(entry))]
        return max(found, key=lambda one: one.pattern.weight) if found else None

    def names(self, text: str, source: str = "") -> dict[str, str]:
        return identify(self._names, text, source)

    def names_around(self, found: Found, text: str, whole: str, source: str) -> dict[str, str]:
        """The names in what matched, and in the rest of ``text`` those it does not say; ``whole`` is it redacted."""
        names = self.names(whole, source)
        return names if found.text == text else {**names, **self.names(redact(found.text, READABLE), source)}

    def signal(self, entry: Entry, clock: Clock) -> Signal | None:
        """What this entry reports, or None if it is none of the known failures."""
        found = self.find(entry.text)
        return self.to_signal(found, entry, clock) if found else None

    def to_signal(self, found: Found, entry: Entry, clock: Clock) -> Signal:
        """The signal of an entry that matched. Names are read from the whole entry, then the text is redacted."""
        pattern, whole, source = found.pattern, redact(entry.text, READABLE), clean(entry.source)
        identifiers = self.names_around(found, entry.text, whole, source)
        return Signal(
            at=entry.at or moment(found.text) or clock.now(),
            pattern=pattern.id,
            title=fill(pattern.title, identifiers),
            service=pattern.service,
            severity=pattern.severity,
            text=shorten(whole, LIMIT),
            identifiers=identifiers,
            source=source,
            position=entry.position,
            rule=found.rule,
        )

    def _matching(self, text: str) -> Iterator[Found]:
        hits = {index for index, _, _ in self._gate.find_matches_as_indexes(lowered(text), overlapping=True)}
        if not hits or level(text) in CALM:
            return
        for rule in (self._rules[index] for index in sorted(hits)):
            vetoes = self._unless[rule.pattern.id]
            if rule.regex.search(text) and not any(veto.search(text) for veto in vetoes):
                yield Found(rule.pattern, rule.regex.pattern, text)


def lowered(text: str) -> str:
    """In lower case, every character at its place: one Turkish letter would become two."""
    low = text.lower()
    return low if len(low) == len(text) else text.replace("\u0130", "I").lower()


def literal(regex: str) -> str:
    """The longest run of plain characters that every match of ``regex`` must hold, in lower case.

    Raises ValueError if there is none of four characters or more, since such a rule would be tried on every line.
    """
    longest = max(_literals(regex), key=len, default="")
    if len(longest) < SHORTEST_LITERAL or _alternates(regex):
        raise ValueError(f"the rule {regex!r} needs {SHORTEST_LITERAL} plain characters in a row, outside of any group")
    return longest.lower()


def _literals(regex: str) -> Iterator[str]:
    """Runs of plain characters outside groups and classes; one that a quantifier may drop is not certain."""
    depth, run = 0, ""
    for match in _SPECIAL.finditer(regex):
        plain, mark = match.group(1) or match.group(2), match.group()
        if plain and depth == 0:
            run += plain
            continue
        yield run[:-1] if mark in "*?{" else run
        run = ""
        depth += (mark in "([{") - (mark in ")]}")
    yield run


def _alternates(regex: str) -> bool:
    """Whether a ``|`` stands outside every group: then no literal is certain."""
    depth = 0
    for mark in (match.group() for match in _SPECIAL.finditer(regex)):
        depth += (mark in ("(", "[")) - (mark in (")", "]"))
        if mark == "|" and depth == 0:
            return True
    return False


_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_NAME = re.compile(r"\{(\w+)\}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into ``{names}``. A part in ``[brackets]`` is left out if one of its names is unknown."""

    def part(match: re.Match[str]) -> str:
        known = all(name in values for name in _NAME.findall(match.group(1)))
        return match.group(1) if known else ""

    return _NAME.sub(lambda match: values.get(match.group(1), "?"), _OPTIONAL.sub(part, template))


def missing(template: str, values: Mapping[str, str]) -> Sequence[str]:
    """The names that a template needs and that are not known."""
    return [name for name in _NAME.findall(template) if name not in values]
