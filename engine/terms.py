"""The terms by which texts are compared: their words, without the names and numbers that belong to one case only."""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST = 8_000
"""Characters of one text that are read: as many as are kept of a log entry."""

LONGEST_WORD = 40
"""What is longer is no word but a key, a hash or a picture in base64."""

CODES = frozenset(("code", "status", "exit", "exited", "signal", "error", "errno", "sqlstate", "http", "ora"))
"""After these words a number says what happened: exit code 137, HTTP 503, error 1045, SQLSTATE 53300."""

_CHUNK = re.compile(r"[^\W_]+(?:[-_][^\W_]+)*")
_JOINT = re.compile(r"[-_]")
_HUMP = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
_HEAD = re.compile(r"[A-Za-z]{4,}")


def terms(text: str) -> list[str]:
    """The terms of a text in their order, in lower case and in the singular.

    ``worker-7d9f8b6c5-x2x9z`` is ``worker``, ``dag_run_20241201_083000`` is ``dag run``; times, addresses and counts
    are nothing. ``OutOfMemoryError`` is itself and its four words, so that people who write it apart find it.
    """
    found: list[str] = []
    before = ""
    for chunk in _CHUNK.findall(text[:LONGEST]):
        if before in CODES and len(chunk) <= 5 and chunk[-1].isdigit():
            found.append(chunk.lower())
        elif parts := _parts(chunk):
            found += parts
            before = parts[-1]
    return found


@lru_cache(maxsize=65_536)
def _parts(chunk: str) -> tuple[str, ...]:
    """The words of one name. After a part that is a mere hash nothing follows: the rest is as random."""
    found: list[str] = []
    for part in _JOINT.split(chunk):
        if part.isalpha():
            found += _humps(part)
        elif head := _name_of(part):
            found.append(head)
        elif not part.isdigit():
            break
    return tuple(found)


def _humps(word: str) -> list[str]:
    if len(word) > LONGEST_WORD:
        return []
    humps = _HUMP.findall(word) if word.isascii() else []
    whole = [singular(word.lower())]
    return whole + [singular(hump.lower()) for hump in humps] if len(humps) > 1 else whole


def _name_of(part: str) -> str:
    """What letters mixed with digits mean: ``s3`` and ``k8s`` themselves, ``worker12`` a worker, a hash nothing."""
    if part.isdigit():
        return ""
    if len(part) <= 3:
        return part.lower()
    head = _HEAD.match(part)
    return singular(head[0].lower()) if head and part[head.end() :].isdigit() else ""


def singular(word: str) -> str:
    """A word without the ``s`` of its plural, so that ``connections`` finds ``connection``."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    return word[:-3] + "y" if word.endswith("ies") else word[:-1]
