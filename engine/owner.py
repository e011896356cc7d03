"""Tells whose log an entry stands in, and whose failure it therefore is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LOGS = Path(__file__).parent / "knowledge" / "logs.toml"

_STORES = frozenset({"postgresql", "mysql", "redis", "elasticsearch", "kafka"})
"""What a user's own code calls by itself, past the system that runs the code."""


_FROM = re.compile(r"\[pod/[^\]\s]{1,300}\] |[\w.-]{1,80} {1,40}\| ")
"""Whose line it is, as kubectl and Compose write before each line of several logs."""


@dataclass(frozen=True, slots=True)
class Logs:
    """``lines``: what only a system's own log bears. ``carries``: whose failures it tells of as its own.

    ``users``: how code that a system runs for its users shows in a trace.
    """

    lines: tuple[tuple[str, tuple[re.Pattern[str], ...]], ...]
    carries: Mapping[str, frozenset[str]]
    users: Mapping[str, re.Pattern[str]]


def load(file: Path = LOGS) -> Logs:
    """Raises ValueError where a rule is not a regex."""
    head = tomllib.loads(file.read_text("utf-8"))
    return Logs(
        lines=tuple((service, tuple(map(_compiled, rules))) for service, rules in head["lines"].items()),
        carries={service: frozenset(others) for service, others in head["carries"].items()},
        users={service: _compiled(rule) for service, rule in head["users"].items()},
    )


def owner(logs: Logs, entry: str, around: str) -> str:
    """The system in whose log this entry stands, or nothing; a trace without its head is its carrier's."""
    found = _first(logs.lines, entry)
    return found or _first([one for one in logs.lines if one[0] in logs.carries], around)


def surrounding(logs: Logs, around: str) -> str:
    """The system whose log surrounds an entry that bears no name at all, or nothing."""
    return _first(logs.lines, around)


def beside(entry: str, around: str) -> str:
    """Of what surrounds an entry, what stands in the same log, where every line says whose it is."""
    own = _FROM.match(entry)
    return "\n".join(line for line in around.split("\n") if line.startswith(own[0])) if own else around


def failing(logs: Logs, owner: str, service: str, around: str) -> str:
    """Whose failure it is when ``owner`` tells of one of ``service``."""
    if service not in logs.carries.get(owner, ()):
        return service
    users = logs.users.get(owner)
    by_itself = service in _STORES and users is not None and users.search(around)
    return service if by_itself else owner


def _first(lines: Sequence[tuple[str, tuple[re.Pattern[str], ...]]], text: str) -> str:
    return next((service for service, rules in lines if any(rule.search(text) for rule in rules)), "")


def _compiled(rule: str) -> re.Pattern[str]:
    return re.compile(rule, re.MULTILINE)
