"""One pass over a text says which of many regexes can match it at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

SHORTEST_LITERAL = 4
SHORTEST = 3
"""Characters below which a literal stands in nearly every text, and so says nothing."""

_CLASS = r"\[\^?\]?(?:\\.|[^\]\\])*\]"
_GROUP = r"\((?:\?(?:P<\w+>|[a-zA-Z-]*[:)]|=|!|<=|<!))?"
_TIMES = r"\{\d*,?\d*\}[?+]?|[*+?][?+]?"
_ZERO = r"\\[bBAZ]|[\^$]"
_TOKEN = re.compile(
    rf"(?P<zero>{_ZERO})|\\x[0-9a-f]{{2}}|\\[A-Za-z0-9]|\\(?P<escaped>.)|{_CLASS}"
    rf"|(?P<group>{_GROUP})|(?P<times>{_TIMES})|[)|.]|(?P<plain>.)"
)

AnyOf = frozenset[str]
"""Literals, in lower case, of which every match holds at least one; empty if nothing is certain."""


class Gate:
    """Regexes by the literals that their matches must hold; one without any always passes.

    ``swift`` reads long texts twice as fast: its states take some ten times the memory, which short texts do not repay.
    """

    def __init__(self, regexes: Sequence[str], *, swift: bool = False) -> None:
        demands = [required(regex) for regex in regexes]
        self._always = frozenset(number for number, any_of in enumerate(demands) if not any_of)
        behind: dict[str, set[int]] = {}
        for number, any_of in enumerate(demands):
            for one in any_of:
                behind.setdefault(one, set()).add(number)
        self._behind = [frozenset(numbers) for numbers in behind.values()]
        states = Implementation.DFA if swift else None
        self._search = AhoCorasick(list(behind), matchkind=MatchKind.Standard, implementation=states)

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
    """The one run of plain characters that the gate looks for, in lower case.

    Raises ValueError if there is none of four characters or more outside of any group and choice: who reads a rule
    shall see at once what it looks for, and a rule without it would be tried on every line.
    """
    sole, *others = required(regex) or {""}
    if others or len(sole) < SHORTEST_LITERAL or _inside_a_group(regex, sole):
        raise ValueError(f"the rule {regex!r} needs {SHORTEST_LITERAL} plain characters in a row, outside of any group")
    return sole


def required(regex: str) -> AnyOf:
    """What every match of ``regex`` must hold: the longest certain piece, or one piece for each choice of a group."""
    return _choices(_TOKEN.finditer(regex))


def _inside_a_group(regex: str, sole: str) -> bool:
    depth, plain = 0, ""
    for token in _TOKEN.finditer(regex):
        depth += bool(token["group"]) - (token.group() == ")")
        if depth == 0:
            plain += token["plain"] or token["escaped"] or ("" if token["zero"] else "\n")
    return sole not in plain.lower()


def _choices(tokens: Iterator[re.Match[str]]) -> AnyOf:
    """Of a group, up to its end: one demand of each choice, if every choice has one."""
    choices = [_Choice()]
    for token in tokens:
        if token.group() == ")":
            break
        if token.group() == "|":
            choices.append(_Choice())
        else:
            choices[-1].read(token, tokens)
    demands = [choice.demand() for choice in choices]
    return AnyOf().union(*demands) if all(demands) else AnyOf()


class _Choice:
    """A sequence of pieces; a piece is what one run of characters, class or group demands."""

    def __init__(self) -> None:
        self._pieces: list[AnyOf] = []
        self._run = ""

    def read(self, token: re.Match[str], tokens: Iterator[re.Match[str]]) -> None:
        if plain := token["plain"] or token["escaped"]:
            self._run += plain.lower()
        elif token["times"]:
            self._repeat(token["times"])
        elif not token["zero"]:
            self._end_run()
            self._pieces.append(_group(token["group"], tokens) if token["group"] else AnyOf())

    def demand(self) -> AnyOf:
        """The piece that says most: one sure literal before a choice, a long one before a short one."""
        self._end_run()
        best = max(self._pieces, key=_telling, default=AnyOf())
        return best if _shortest(best) >= SHORTEST else AnyOf()

    def _repeat(self, times: str) -> None:
        """The last character or group may come more often, or not at all."""
        never = times[0] in "*?" or times.startswith(("{0", "{,"))
        if self._run:
            self._run = self._run[:-1] if never else self._run
            self._end_run()
            self._pieces.append(AnyOf())
        elif never and self._pieces:
            self._pieces[-1] = AnyOf()

    def _end_run(self) -> None:
        if self._run:
            self._pieces.append(AnyOf((self._run,)))
        self._run = ""


def _group(opening: str, tokens: Iterator[re.Match[str]]) -> AnyOf:
    if opening.endswith(")"):  # a flag such as (?i), which is no group
        return AnyOf()
    inner = _choices(tokens)
    return AnyOf() if opening in ("(?=", "(?!", "(?<=", "(?<!") else inner


def _telling(any_of: AnyOf) -> tuple[bool, int]:
    return len(any_of) == 1 and _shortest(any_of) >= SHORTEST_LITERAL, _shortest(any_of)


def _shortest(any_of: AnyOf) -> int:
    return min(map(len, any_of), default=0)
