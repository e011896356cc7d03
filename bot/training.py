"""Reads and writes what a knowledge base holds as JSON: entries, and incidents with what was done about them.

A file is a list of records, or an object with such a list under any name, such as ``entries`` or ``training_data``. A
record with ``error_patterns``, ``solution_steps``, ``automated_actions``, ``related_services`` or ``success_rate`` is
an entry, any other one an incident; ``docs/training-data.md`` names every field of both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from engine.errors import Refused
from engine.knowledge_base import KnowledgeEntry
from engine.redact import redact
from engine.terms import terms

ENTRY_ONLY = ("error_patterns", "solution_steps", "automated_actions", "related_services", "success_rate")
"""One of these makes a record an entry."""

NESTED = ("incident", "resolution", "outcome", "learning_record")
"""Objects inside a record whose fields are read as the record's own."""

MOST_TEXT = 4_000
"""Characters of a description that are kept."""


def _texts(value: Any) -> Any:
    """A list of texts, whether one text, several, or objects with an action in each."""
    if isinstance(value, str):
        return [line for line in value.splitlines() if line.strip()]
    if isinstance(value, Mapping):
        value = [value]
    return [_action(one) if isinstance(one, Mapping) else str(one) for one in value or ()]


def _action(said: Mapping[str, Any]) -> str:
    return str(next((said[name] for name in ("action", "action_type", "type", "name", "message") if name in said), ""))


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class Experience(BaseModel):
    """An incident of the past: what it was, what was done, and whether it helped. ``resolution_time`` is in seconds."""

    id: str = Field("", validation_alias=AliasChoices("id", "incident_id"))
    title: str = Field(min_length=1, max_length=500)
    description: str = ""
    service: str = ""
    severity: str = ""
    category: str = Field("unknown", validation_alias=AliasChoices("root_cause_category", "category", "issue_type"))
    root_cause: str = ""
    metadata: dict[str, Any] = Field({}, validation_alias=AliasChoices("metadata", "identifiers", "incident_metadata"))
    logs: Texts = Field((), validation_alias=AliasChoices("logs", "log_lines", "error_message", "error_logs"))
    actions: Texts = Field(
        (), validation_alias=AliasChoices("actions_taken", "actions", "resolution_actions", "action")
    )
    steps: Texts = Field((), validation_alias=AliasChoices("resolution_steps", "steps", "resolution"))
    lessons_learned: str = ""
    tags: Texts = ()
    success: bool | None = Field(None, validation_alias=AliasChoices("success", "resolution_success", "resolved"))
    resolution_time: float | None = Field(None, ge=0)
    confidence_score: float | None = Field(None, ge=0, le=1)
    timestamp: datetime | None = Field(None, validation_alias=AliasChoices("timestamp", "created_at", "detected_at"))

    @property
    def names(self) -> dict[str, str]:
        """The exact names of what broke."""
        return {name: str(value) for name, value in self.metadata.items() if isinstance(value, str | int)}


@dataclass(slots=True)
class Read:
    """What a file held. ``troubles`` say which records could not be read and why; the others are here."""

    entries: list[KnowledgeEntry] = field(default_factory=list)
    experiences: list[Experience] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def all(self) -> list[KnowledgeEntry]:
        """The entries, and what the incidents teach; of two with one id the entry itself."""
        taught = {entry.id: entry for entry in learned(self.experiences)}
        return list({**taught, **{entry.id: entry for entry in self.entries}}.values())


_ENTRY = TypeAdapter(KnowledgeEntry)


def read(text: str) -> Read:
    """Read a file of entries, of incidents, or of both, as JSON or JSON lines. Raises Refused if it is neither."""
    result = Read()
    for number, record in enumerate(_records(text), 1):
        try:
            if not isinstance(record, Mapping):
                raise ValueError("it is no object")
            if any(name in record for name in ENTRY_ONLY):
                result.entries.append(_entry(record))
            else:
                result.experiences.append(Experience.model_validate(_flat(record)))
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in error.errors())
            result.troubles.append(f"Record {number} was left out: {wrong}.")
        except ValueError as error:
            result.troubles.append(f"Record {number} was left out: {error}.")
    return result


def _records(text: str) -> Sequence[Any]:
    try:
        return _list(json.loads(text))
    except RecursionError:
        raise Refused("That is nested too deeply to be a knowledge base.") from None
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        try:
            return [json.loads(line) for line in lines] if len(lines) > 1 else _list(json.loads(text))
        except (ValueError, RecursionError):
            raise Refused(f"That is no JSON: {error}.") from None


def _list(said: Any) -> Sequence[Any]:
    """The records wherever they stand: the list itself, all lists of an object, or one record alone."""
    if isinstance(said, list):
        return said
    if not isinstance(said, dict):
        raise Refused("That is no list of records: see docs/training-data.md.")
    lists = [value for value in said.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    alone = "title" in said or any(name in said for name in NESTED)
    return [said] if alone else [one for value in lists for one in value]


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    inner = [record[name] for name in NESTED if isinstance(record.get(name), Mapping)]
    flat = {name: value for one in (*reversed(inner), record) for name, value in one.items() if value is not None}
    return {name: value for name, value in flat.items() if name not in NESTED or isinstance(value, str)}


def _entry(record: Mapping[str, Any]) -> KnowledgeEntry:
    given = {name: value for name, value in record.items() if value is not None}
    given.setdefault("id", name_of(str(given.get("title", "")), (given.get("related_services") or [""])[0]))
    for name in ("tags", *ENTRY_ONLY[:-1]):
        given[name] = _texts(given.get(name))
    entry = _ENTRY.validate_python(given)
    if not entry.title.strip() or not entry.id.strip():
        raise ValueError("it has no title")
    if entry.success_rate is not None and not 0 <= entry.success_rate <= 1:
        raise ValueError("success_rate must be from 0 to 1")
    return replace(
        entry,
        title=redact(entry.title)[:500],
        description=redact(entry.description),
        tags=_clean(entry.tags),
        error_patterns=_clean(entry.error_patterns),
        solution_steps=_clean(entry.solution_steps),
        automated_actions=_clean(entry.automated_actions),
        last_used=_aware(entry.last_used),
        created_at=_aware(entry.created_at),
        updated_at=_aware(entry.updated_at),
    )


def _clean(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(redact, texts))


def _aware(time: datetime | None) -> datetime | None:
    """A time without a zone is taken as UTC."""
    return time.replace(tzinfo=UTC) if time and time.tzinfo is None else time


def learned(experiences: Iterable[Experience]) -> Iterator[KnowledgeEntry]:
    """An entry for each kind of incident: what was done, what helped most often first, and how often it did."""

    def kind(one: Experience) -> str:
        return name_of(one.title, one.service)

    for id, alike in groupby(sorted(experiences, key=kind), kind):
        yield _taught(id, list(alike))


def _taught(id: str, alike: Sequence[Experience]) -> KnowledgeEntry:
    first = alike[0]
    known = [one.success for one in alike if one.success is not None]
    texts = [one for one in (first.description, first.root_cause, first.lessons_learned, *first.logs) if one]
    return KnowledgeEntry(
        id=id,
        title=redact(first.title),
        description=redact("\n".join(texts), MOST_TEXT),
        category=first.category,
        tags=_clean(_ordered(tag for one in alike for tag in one.tags)),
        solution_steps=_clean(_ordered(step for one in alike for step in one.steps)),
        automated_actions=_clean(_best(alike)),
        success_rate=round(sum(known) / len(known), 4) if known else None,
        related_services=(first.service,) if first.service else (),
        created_at=min((time for one in alike if (time := _aware(one.timestamp))), default=None),
        created_by="import",
    )


def _best(alike: Sequence[Experience]) -> tuple[str, ...]:
    """What was done, most successes first; what only ever failed is not told."""
    done = _ordered(action for one in alike for action in one.actions if action)
    worked = {action: sum(action in one.actions and one.success is not False for one in alike) for action in done}
    return tuple(sorted((action for action in done if worked[action]), key=lambda action: -worked[action]))


def _ordered(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def name_of(title: str, service: str = "") -> str:
    """An id for an entry without one: its service and the words of its title, the names of one case left out."""
    words = "-".join(dict.fromkeys(terms(title)))[:80].strip("-")
    return f"{'-'.join(terms(service)) or 'any'}/{words or 'entry'}" if title.strip() else ""


def write(entries: Iterable[KnowledgeEntry]) -> str:
    """The entries as JSON that ``read`` reads back as they were."""
    names = [one.name for one in fields(KnowledgeEntry)]
    rows = [{name: getattr(entry, name) for name in names} for entry in entries]
    return json.dumps({"version": 1, "entries": rows}, ensure_ascii=False, indent=2, default=datetime.isoformat) + "\n"
