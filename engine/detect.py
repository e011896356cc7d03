"""From a log entry to a signal: which known failure is this line?"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from engine.entries import split
from engine.identify import Rules, identify, speaker
from engine.identify.gate import Gate, literal
from engine.identify.subject import of_one, untold, without
from engine.knowledge import Knowledge, Pattern, Quiets
from engine.model import Entry, Signal
from engine.owner import beside, failing, load, owner, surrounding
from engine.ports import Clock
from engine.redact import LIMIT, clean, redact, shorten
from engine.stated import level, moment

CALM = frozenset({"debug", "info"})
"""Levels at which a program talks about failures rather than having one."""

ANY = "any"
"""The service of a failure that every system can have: whose it is, the text tells."""

NOBODYS = "application"
"""Whose a failure is where nothing known is named: a program's own."""

READABLE = 64 * 1024
"""Characters in which names are looked for: a JSON line is only readable whole."""


NEAR = 16 * 1024
"""Characters before and after an entry that still belong to what happened."""

MOST_BESIDE = 8
"""Other entries that tell of failures whose names are read."""

MOST_HITS = 20
"""Lines of an entry that are looked at for one that is not benign."""

_TRACEBACK = "\nTraceback (most recent call last):\n"


@dataclass(frozen=True, slots=True)
class Found:
    """One rule of one pattern that matched one entry; ``begins`` and ``ends`` are places in the text around it."""

    pattern: Pattern
    rule: str
    text: str
    service: str
    begins: int = 0
    ends: int = 0


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: Pattern
    regex: re.Pattern[str]


class Detector:
    """All patterns at once: a search for the rules' literals decides which few regexes are tried at all."""

    def __init__(self, knowledge: Knowledge, names: Rules) -> None:
        self.patterns: Mapping[str, Pattern] = {one.id: one for one in knowledge if one.quiets is Quiets.NOTHING}
        self._names = names
        self._logs = load()
        self._rules = [_Rule(one, _compiled(rule)) for one in knowledge for rule in one.match]
        self._sides = {one.id: tuple(map(_all, (one.unless, one.near, one.unless_near))) for one in knowledge}
        for rule in self._rules:
            if not rule.pattern.quiets:  # what calms is only asked where something is alarming
                literal(rule.regex.pattern)
        self._gate = Gate([rule.regex.pattern for rule in self._rules])
        self._good = [rule for rule in self._rules if rule.pattern.mended]
        self._good_gate = Gate([rule.regex.pattern for rule in self._good])
        self._watched = Gate(
            [rule for one in self.patterns.values() if not one.asked for rule in one.match], swift=True
        )

    def places(self, text: str) -> list[int]:
        """Where an entry may match, in order: the offsets of the rules' literals. Never wrong about 'nowhere'."""
        return self._watched.places(text)

    def find(self, text: str) -> Found | None:
        """The most telling pattern that this one entry matches."""
        return self._cause([(0, text)], text, asked=False)

    def find_in(self, text: str) -> Found | None:
        """The cause among all that the entries of a longer text report, unless the text says that it has passed."""
        if all(rule.pattern.quiets for rule in self._passing(text)):
            return None
        return self._cause(split(text), text, asked=True)

    def good_news(self, text: str) -> list[Pattern]:
        """What this one entry says has ended well."""
        rules = [self._good[index] for index in sorted(self._good_gate.passing(text))]
        return list({rule.pattern.id: rule.pattern for rule in rules if rule.regex.search(text)}.values())

    def names(self, text: str, source: str = "") -> dict[str, str]:
        return identify(self._names, text, source)

    def names_around(self, found: Found, text: str, whole: str, source: str) -> dict[str, str]:
        """The names in what matched, and in the rest of ``text`` those of the same thing; ``whole`` is it redacted."""
        names = self.names(whole, source)
        if found.text == text:
            return names
        told = self.names(redacted(found.text, whole), source)
        if not untold(names, told):
            return {**names, **told}
        beside = (self.names(redacted(entry, whole)) for entry in self._beside(found, text))
        return of_one(names, told, beside, lambda value: self.names(without(value, whole)))

    def _beside(self, found: Found, text: str) -> Iterator[str]:
        """The nearest other entries that tell of a failure, of whatever."""
        near = sorted(split(text), key=lambda one: abs(one[0] - found.begins))
        return islice((entry for _, entry in near if entry != found.text and self._alarms(entry)), MOST_BESIDE)

    def _alarms(self, entry: str) -> bool:
        rules = self._passing(entry)
        return any(_told(rule.regex, entry, _benign(rules)) for rule in _alarming(entry, rules))

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
            service=found.service,
            severity=pattern.severity,
            text=shorten(whole, LIMIT),
            identifiers=identifiers,
            source=source,
            position=entry.position,
            rule=found.rule,
        )

    def _passing(self, text: str) -> list[_Rule]:
        return [self._rules[index] for index in sorted(self._gate.passing(text))]

    def _cause(self, entries: Sequence[tuple[int, str]], text: str, *, asked: bool) -> Found | None:
        """Of what has not passed: no mere consequence of another, then the heaviest, then the first."""
        calming = [rule for rule in self._passing(text) if rule.pattern.quiets]
        passed = [rule for rule in calming if rule.pattern.quiets is Quiets.BEFORE]
        stands: dict[str, Found] = {}
        for at, entry in entries:
            rules = [rule for rule in self._passing(entry) if asked or not rule.pattern.asked]
            for one in self._matching(entry, rules, text, at, stands):
                if not any(_passed(one, rule, text) for rule in passed):
                    stands[one.pattern.id] = one
        if stands and any(rule.pattern.quiets is Quiets.TEXT and rule.regex.search(text) for rule in calming):
            return None
        causes = [one for one in stands.values() if not stands.keys() & set(one.pattern.follows)]
        return max(causes or stands.values(), key=lambda one: one.pattern.weight, default=None)

    def _matching(
        self, entry: str, rules: Sequence[_Rule], text: str, at: int, known: Container[str]
    ) -> Iterator[Found]:
        """What this entry reports; what is ``known`` already is not looked at again."""
        benign = _benign(rules)
        around = text[max(0, at - NEAR) : at + len(entry) + NEAR]
        for rule in _alarming(entry, rules):
            if rule.pattern.id in known:
                continue
            hit = _told(rule.regex, entry, benign)
            if hit and self._fits(rule.pattern, entry, around):
                service = self._service(rule.pattern, entry, around)
                yield Found(rule.pattern, rule.regex.pattern, entry, service, at + hit.start(), at + hit.end())

    def _fits(self, pattern: Pattern, entry: str, around: str) -> bool:
        unless, near, unless_near = self._sides[pattern.id]
        return (
            not _any_in(unless, entry)
            and all(regex.search(around) for regex in near)
            and not _any_in(unless_near, around)
        )

    def _service(self, pattern: Pattern, entry: str, around: str) -> str:
        around = beside(entry, around)
        whose = owner(self._logs, entry, around)
        if pattern.service == ANY:
            said = whose or speaker(self._names, (entry, around))
            return said if said != NOBODYS else surrounding(self._logs, around) or said
        return failing(self._logs, whose, pattern.service, around)


def _alarming(entry: str, rules: Sequence[_Rule]) -> list[_Rule]:
    """The rules of failures that this entry may tell of at its level."""
    alarms = [rule for rule in rules if not rule.pattern.quiets]
    if not alarms or level(entry) not in CALM or _TRACEBACK in entry:  # a trace below a calm line is not that line's
        return alarms
    return [rule for rule in alarms if rule.pattern.any_level]


def _benign(rules: Sequence[_Rule]) -> list[re.Pattern[str]]:
    return [rule.regex for rule in rules if rule.pattern.quiets is Quiets.LINE]


def redacted(entry: str, whole: str) -> str:
    """An entry without secrets; ``whole`` is the text around it, redacted already."""
    return entry if entry in whole else redact(entry, READABLE)


def _passed(found: Found, rule: _Rule, text: str) -> bool:
    """Whether a later line says that this is over."""
    after = rule.regex.search(text, found.ends, found.ends + NEAR)
    return after is not None and undoes(rule.pattern, found.pattern, found.service)


def undoes(sign: Pattern, failure: Pattern, service: str) -> bool:
    """Whether this good news is about such a failure of this service."""
    about = failure.category in sign.of or not sign.of
    return about and not failure.lasting and sign.service in (service, "none")


def _compiled(rule: str) -> re.Pattern[str]:
    return re.compile(rule, re.IGNORECASE | re.MULTILINE)


def _all(rules: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(map(_compiled, rules))


def _any_in(regexes: Sequence[re.Pattern[str]], text: str) -> bool:
    return any(regex.search(text) for regex in regexes)


def _told(alarm: re.Pattern[str], entry: str, benign: Sequence[re.Pattern[str]]) -> re.Match[str] | None:
    """Where this is told in a line that is not benign."""
    hits = islice(alarm.finditer(entry), MOST_HITS)
    return next((hit for hit in hits if not _any_in(benign, _line(entry, hit.start()))), None)


def _line(text: str, at: int) -> str:
    begin, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
    return text[begin : end if end >= 0 else len(text)]


_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_NAME = re.compile(r"\{(\w+)\}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into ``{names}``. A part in ``[brackets]`` is left out if one of its names says nothing."""

    def part(match: re.Match[str]) -> str:
        known = all(values.get(name) for name in _NAME.findall(match.group(1)))
        return match.group(1) if known else ""

    return _NAME.sub(lambda match: values.get(match.group(1), "?"), _OPTIONAL.sub(part, template))


def missing(template: str, values: Mapping[str, str]) -> Sequence[str]:
    """The names that a template needs and that are not known."""
    return [name for name in _NAME.findall(template) if name not in values]
