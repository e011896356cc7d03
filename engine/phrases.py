"""Error patterns of the knowledge base: regexes by a person's hand, read as plain pieces that follow each other.

So a pattern costs the same time on every text, whatever it is: one that would run for years as a regex cannot harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

from ahocorasick_rs import AhoCorasick, MatchKind

LONGEST = 500
"""Characters of a pattern that are read."""

TELLING = 5
"""Characters of a piece by which a pattern may be found at all."""

SHARED = 64
"""A piece that more patterns share than this tells nothing."""

HEAD = 8
"""Characters of a piece that are looked for first; more where many pieces begin alike."""

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


def pieces(pattern: str) -> tuple[tuple[str, ...], ...]:
    """The alternatives of a pattern, each as the plain pieces it needs, in lower case; none if it needs nothing."""
    if _SPECIAL.search(pattern):
        return _pieces(pattern)
    return ((pattern[:LONGEST].lower(),),) if pattern.strip() else ()


@lru_cache(maxsize=16_384)
def _pieces(pattern: str) -> tuple[tuple[str, ...], ...]:
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
    """Whose patterns a text may hold, all asked at once: by the longest piece of each alternative.

    Only the heads of the pieces are looked for at once, the rest of a piece where its head was found: a machine that
    finds 100,000 whole pieces takes a second to make, one for their heads a thirtieth of it.
    """

    def __init__(self, patterns: Iterable[tuple[int, Sequence[str]]]) -> None:
        owners: dict[str, tuple[int, ...]] = {}
        for owner, some in patterns:
            for alternative in (one for pattern in some for one in pieces(pattern)):
                piece = alternative[0] if len(alternative) == 1 else max(alternative, key=len)
                known = owners.get(piece, ())
                if len(piece) >= TELLING and len(known) <= SHARED and owner not in known:
                    owners[piece] = (*known, owner)
        self._owners = {piece: mine for piece, mine in owners.items() if len(mine) <= SHARED}
        self._pieces = sorted(self._owners)
        heads = dict(_heads(self._pieces, 0, HEAD))
        self._behind = list(heads.values())
        self._all = AhoCorasick(list(heads), matchkind=MatchKind.Standard)

    def owners(self, text: str) -> set[int]:
        """Those of whom the text, in lower case, holds a piece; each is still to be asked whether all of it holds."""
        hits = {index for index, _, _ in self._all.find_matches_as_indexes(text, overlapping=True)}
        maybe = (piece for index in hits for piece in self._pieces[slice(*self._behind[index])])
        return {owner for piece in maybe if piece in text for owner in self._owners[piece]}


def _heads(pieces: Sequence[str], at: int, length: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """How pieces begin, as short as may be but shared by few, and from where to where."""
    for head, group in groupby(pieces, lambda piece: piece[:length]):
        same = list(group)
        if len(same) <= SHARED:
            yield head, (at, at + len(same))
        else:
            yield from _heads(same, at, 2 * length)
        at += len(same)
