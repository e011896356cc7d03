"""One pass over a text says which of many regexes can match it at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ahocorasick_rs import AhoCorasick, MatchKind

SHORTEST_LITERAL = 4

_CLASS = r"\[\^?\]?(?:\\.|[^\]\\])*\]"
_SPECIAL = re.compile(rf"\\[A-Za-z0-9]|\\(.)|{_CLASS}|\(\?[a-zA-Z]+\)|[(){{}}|.^$*+?]|([^\\\[\](){{}}|.^$*+?])")


class Gate:
    """Regexes by the literals that each of their matches must hold; one without such a literal always passes."""

    def __init__(self, regexes: Sequence[str]) -> None:
        self._always = frozenset(number for number, regex in enumerate(regexes) if not certain(regex))
        behind: dict[str, set[int]] = {}
        for number, regex in enumerate(regexes):
            if number not in self._always:
                behind.setdefault(certain(regex), set()).add(number)
        self._behind = [frozenset(numbers) for numbers in behind.values()]
        self._search = AhoCorasick(list(behind), matchkind=MatchKind.Standard)

    def passing(self, text: str) -> set[int]:
        """The numbers of the regexes that may match somewhere in ``text``. Never wrong about the others."""
        hits = {index for index, _, _ in self._search.find_matches_as_indexes(lowered(text), overlapping=True)}
        return set(self._always).union(*(self._behind[index] for index in hits))

    def places(self, text: str) -> list[int]:
        """The offsets of the literals, in order."""
        return [start for _, start, _ in self._search.find_matches_as_indexes(lowered(text))]


def lowered(text: str) -> str:
    """In lower case, every character at its place: one Turkish letter would become two."""
    low = text.lower()
    return low if len(low) == len(text) else text.replace("\u0130", "I").lower()


def literal(regex: str) -> str:
    """The longest run of plain characters that every match of ``regex`` must hold, in lower case.

    Raises ValueError if there is none of four characters or more, since such a rule would be tried on every line.
    """
    found = certain(regex)
    if not found:
        raise ValueError(f"the rule {regex!r} needs {SHORTEST_LITERAL} plain characters in a row, outside of any group")
    return found


def certain(regex: str) -> str:
    """The same, or nothing."""
    longest = max(_literals(regex), key=len, default="")
    return "" if len(longest) < SHORTEST_LITERAL or _alternates(regex) else longest.lower()


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
        depth += (mark in "({") - (mark in ")}")
    yield run


def _alternates(regex: str) -> bool:
    """Whether a ``|`` stands outside every group: then no literal is certain."""
    depth = 0
    for mark in (match.group() for match in _SPECIAL.finditer(regex)):
        depth += (mark == "(") - (mark == ")")
        if mark == "|" and depth == 0:
            return True
    return False
