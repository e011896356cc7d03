"""Known failures, read from the Markdown files beside this one: TOML between ``+++`` lines, then advice for people."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeAlias

from engine.model import Severity


@dataclass(frozen=True, slots=True)
class Proposal:
    """An action that mends this failure. ``parameters`` name the identifiers they are filled from: ``"{dag_id}"``."""

    target: str
    name: str
    parameters: Mapping[str, str]
    prior: float
    then: tuple[Proposal, ...] = ()
    """The rest of a plan: each step runs only if the one before worked, and all are approved together."""
    learned: str = ""
    """The entry of the knowledge base that a person has accepted it from; nothing if it ships."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text that this entry must recognise, where it stood, and the names that must be found in it."""

    text: str
    source: str = ""
    identifiers: Mapping[str, str] | None = None


class Quiets(StrEnum):
    """What a benign text calms: nothing since it is a failure, its own line, what stands before it, or all of it."""

    NOTHING = ""
    LINE = "line"
    BEFORE = "before"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A failure met before: how to know it, what it means, what to do. Every field is explained in the README.

    ``near`` and ``unless_near`` look at the text around the entry. ``any_level``: real even where it is told calmly.
    ``lasting``: no later good news undoes it. ``asked``: looked for only where a person shows the text. ``prior``: how
    sure it is that a person must decide, if nothing is proposed. ``published``: where its facts stand. A benign text
    ``quiets``, and only failures ``of`` these categories; ``mended``: it also resolves an incident that it names.
    """

    id: str
    title: str
    service: str
    category: str
    severity: Severity
    match: tuple[str, ...]
    unless: tuple[str, ...]
    key: tuple[str, ...]
    follows: tuple[str, ...]
    weight: int
    root_cause: str
    proposals: tuple[Proposal, ...]
    steps: tuple[str, ...]
    examples: tuple[Example, ...]
    silent: tuple[str, ...]
    advice: str
    near: tuple[str, ...] = ()
    unless_near: tuple[str, ...] = ()
    any_level: bool = False
    lasting: bool = False
    asked: bool = False
    prior: float = 0.8
    published: str = ""
    quiets: Quiets = Quiets.NOTHING
    of: tuple[str, ...] = ()
    mended: bool = False


Knowledge: TypeAlias = Sequence[Pattern]

FOLDER = Path(__file__).parent

_ALERT = r"(?:alertname\W{1,8}|\bFIRING\W{1,3}\d{0,4}\W{1,3})"
"""What stands before the name of an alert: the label's key, or that it fires."""


def read(text: str, id: str) -> Pattern:
    """Read one entry. Raises ValueError, naming the entry, where it is not one."""
    try:
        _, head, advice = text.split("+++", 2)
        return _pattern(id, tomllib.loads(head), advice.strip())
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"The knowledge file {id} cannot be read: {error}") from error


def _pattern(id: str, head: dict[str, Any], advice: str) -> Pattern:
    return Pattern(
        id=id,
        title=head["title"],
        service=head["service"],
        category=head["category"],
        severity=Severity(head["severity"]),
        match=(*head["match"], *(rf"{_ALERT}{name}\b" for name in head.get("alerts", ()))),
        unless=tuple(head.get("unless", ())),
        key=tuple(head["key"]),
        follows=tuple(head.get("follows", ())),
        weight=head.get("weight", 50),
        root_cause=head["root_cause"],
        proposals=tuple(map(_proposal, head.get("proposals", ()))),
        steps=tuple(head.get("steps", ())),
        examples=tuple(Example(**example) for example in head["examples"]),
        silent=tuple(head.get("silent", ())),
        advice=advice,
        near=tuple(head.get("near", ())),
        unless_near=tuple(head.get("unless_near", ())),
        any_level=head.get("any_level", False),
        lasting=head.get("lasting", False),
        asked=head.get("asked", False),
        prior=head.get("prior", 0.8),
        published=head.get("source", ""),
        quiets=Quiets(head.get("quiets", "")),
        of=tuple(head.get("of", ())),
        mended=head.get("mended", False),
    )


def _proposal(head: dict[str, Any]) -> Proposal:
    steps = tuple(_proposal({"prior": head.get("prior", 0.0), **step}) for step in head.get("then", ()))
    return Proposal(**{**head, "then": steps})


def load(folder: Path = FOLDER) -> Knowledge:
    """Every entry under ``folder``; the id is service and file name, such as ``airflow/task-timeout``."""
    files = sorted(folder.glob("*/*.md"))
    return tuple(read(file.read_text("utf-8"), f"{file.parent.name}/{file.stem}") for file in files)
