"""Error patterns of the knowledge base: regexes by a person's hand, read as plain pieces that follow each other.

So a pattern costs the same time on every text, whatever it is: one that would run for years as a regex cannot harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from ahocorasick_rs import AhoCorasick, MatchKind

LONGEST = 500
"""Characters of a pattern that are read."""

TELLING = 5
"""Characters of a piece by which a pattern may be found at all."""

SHARED = 64
"""A piece that more patterns share than this tells nothing."""

_SPECIAL = re.compile(r"[\\\[\](){}|.^$*+?\n]")

_MARK = re.compile(
    r"""\\(?P<kind>[A-Za-z0-9]) | \\(?P<escaped>[^\n]) | \[\^?\]?[^\]]*\] | \(\?[a-zA-Z]+\)
      | (?P<special>[(){}|.^$*+?\n]) | (?P<plain>.)""",
    re.VERBOSE | re.DOTALL,
)


def holds(text: str, pattern: str) -> bool:
    """Whether one line of ``text``, in lower case, holds the pattern: all pieces of one alternative, in their order."""
    return any(_follows(text, alternative) for alternative in pieces(pattern))


def _follows(text: str, alternative: tuple[str, ...]) -> bool:
    """Looked for from each line that has the first piece; a line is left once a piece is not on it."""
    at = text.find(alternative[0])
    while at >= 0:
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        if _on_line(text, alternative, at, end):
            return True
        at = text.find(alternative[0], end + 1)
    return False


def _on_line(text: str, alternative: tuple[str, ...], at: int, end: int) -> bool:
    for piece in alternative:
        at = text.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


@lru_cache(maxsize=16_384)
def pieces(pattern: str) -> tuple[tuple[str, ...], ...]:
    """The alternatives of a pattern, each as the plain pieces it needs, in lower case; none if it needs nothing."""
    if not _SPECIAL.search(pattern):
        return ((pattern[:LONGEST].lower(),),) if pattern.strip() else ()
    alternatives: list[list[str]] = [[""]]
    depth = 0
    for mark in _MARK.finditer(pattern[:LONGEST].lower()):
        plain, special = mark["plain"] or mark["escaped"], mark["special"]
        if special in ("*", "?", "{") and not depth:
            alternatives[-1][-1] = alternatives[-1][-1][:-1]  # the character before it may be missing
        if special == "|" and not depth:
            alternatives.append([""])
        elif plain and not depth:
            alternatives[-1][-1] += plain
        elif not depth:
            alternatives[-1].append("")
        depth = max(depth + (special in ("(", "{")) - (special in (")", "}")), 0)
    return tuple(kept for one in alternatives if (kept := tuple(piece for piece in one if piece.strip())))


class Gate:
    """Whose patterns a text may hold, all asked at once: by the longest piece of each alternative."""

    def __init__(self, patterns: Iterable[tuple[int, Sequence[str]]]) -> None:
        owners: dict[str, set[int]] = {}
        for owner, some in patterns:
            for alternative in (one for pattern in some for one in pieces(pattern)):
                owners.setdefault(max(alternative, key=len), set()).add(owner)
        self._owners = [
            (piece, mine) for piece, mine in owners.items() if len(piece) >= TELLING and len(mine) <= SHARED
        ]
        self._all = AhoCorasick([piece for piece, _ in self._owners], matchkind=MatchKind.Standard)

    def owners(self, text: str) -> set[int]:
        """Those of whom the text, in lower case, holds a piece; each is still to be asked whether all of it holds."""
        hits = {index for index, _, _ in self._all.find_matches_as_indexes(text, overlapping=True)}
        return {owner for index in hits for owner in self._owners[index][1]}
