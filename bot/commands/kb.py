"""``kb``: what is known of failures, to read, to search and to add to."""

from __future__ import annotations

import re
import shlex
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from adapters.chat.ask import first_word
from adapters.chat.card import Button, Card, Code, Divider, Facts, Field, Form, Kind, Part, Text
from bot.access import Permission, may, must
from bot.cards import said
from bot.office import Asked
from bot.training import name_of, read, write
from bot.words import counted, percent
from engine.errors import Refused
from engine.knowledge_base import Found, KnowledgeEntry, Library
from engine.redact import redact

MOST = 20
FOUND = 5

LONGEST = 8_000
"""Characters of an export that a card shows; a file holds any number."""

ADD = Form(
    "Add …",
    "kb add",
    (
        Field("title", "What happens?"),
        Field("service", "Service", required=False),
        Field("patterns", "Error patterns", required=False, kind=Kind.LONG, hint="one a line, as the log says it"),
        Field("steps", "What a person does", required=False, kind=Kind.LONG, hint="one a line"),
        Field("actions", "Actions that mend it", required=False, hint="by name, best first, with | between"),
        Field("tags", "Tags", required=False, hint="with | between"),
    ),
    named=True,
)

_BETWEEN = re.compile(r"\n|\s\|\s")


async def kb(asked: Asked) -> Card:
    """what is known of failures: kb list, search, show, add, accept, dismiss, import, export"""
    verb, words = first_word(asked.ask.rest)
    run = VERBS.get(verb.lower() or "list")
    if run is None:
        raise Refused(f"kb {verb[:40]}? Say kb {', kb '.join(VERBS)}.")
    return await run(asked, words)


def _library(asked: Asked) -> Library:
    if asked.office.library is None:
        raise Refused("There is no knowledge base here.")
    return asked.office.library


async def _list(asked: Asked, words: str) -> Card:
    entries = await _library(asked).all()
    shown = [one for one in entries if not words or words.lower() in (*map(str.lower, one.related_services), one.id)]
    rows = tuple((one.id, _line(one)) for one in shown[:MOST])
    parts: list[Part] = [Facts(rows)] if rows else [Text("Nothing is known of that yet.")]
    if len(shown) > MOST:
        parts.append(Text(f"{len(shown) - MOST} more: search for what you need, such as kb search pool exhausted."))
    proposed = [one for one in entries if one.proposed]
    parts += [Button(f"Accept {one.title[:40]}", f"kb accept {one.id}") for one in proposed[:FOUND]]
    if may(asked.account, Permission.RESPOND):
        parts.append(ADD)
    return Card(counted(len(shown), "known failure"), tuple(parts))


async def _show(asked: Asked, words: str) -> Card:
    entry = await _library(asked).get(_name(words, "show"))
    return Card(entry.title, tuple(_parts(entry)))


def _name(words: str, verb: str) -> str:
    if not words:
        raise Refused(f"Which entry? Say its name, as kb list shows it: kb {verb} airflow/task-timeout")
    return words


async def _search(asked: Asked, words: str) -> Card:
    if not words:
        raise Refused("What shall I look for? kb search connection pool exhausted")
    found = await _library(asked).search(words, limit=FOUND)
    parts: list[Part] = []
    for one in found:
        parts += [Text(one.entry.title), Text(_why(one), quiet=True)]
        parts += [Button("Show", f"kb show {one.entry.id}"), Divider()]
    return Card(f"{len(found)} like it" if found else "Nothing like it is known", tuple(parts[:-1]))


async def _add(asked: Asked, words: str) -> Card:
    must(asked.account, Permission.RESPOND)
    if not words:
        return Card("What have you learned?", (ADD,), private=True)
    entry = _entry(_values(words), asked.by)
    again = await _library(asked).named([entry.id])
    await _library(asked).keep([entry])
    return said(f"Kept as {entry.id}{', in the place of what was known' if again else ''}.")


async def _accept(asked: Asked, words: str) -> Card:
    entry = await _decided(asked, words, accept=True)
    return said(f"{entry.title} is knowledge from now on.")


async def _dismiss(asked: Asked, words: str) -> Card:
    entry = await _decided(asked, words, accept=False)
    return said(f"{entry.title}: dismissed, and not proposed again.")


async def _decided(asked: Asked, id: str, *, accept: bool) -> KnowledgeEntry:
    """Where it was told of in a room, that soon says who has decided."""
    must(asked.account, Permission.DECIDE)
    entry = await _library(asked).decide(
        _name(id, "accept" if accept else "dismiss"), asked.by, asked.desk.clock.now(), accept=accept
    )
    asked.office.decided()
    return entry


async def _import(asked: Asked, words: str) -> Card:
    must(asked.account, Permission.DECIDE)
    if not words:
        raise Refused("Paste the JSON after the word, or: oncall kb import FILE")
    got = read(words)
    kept = await _library(asked).keep(got.all())
    return Card(
        f"{kept} kept, {len(got.all()) - kept} known already", tuple(map(Text, got.troubles[:MOST])), private=True
    )


async def _export(asked: Asked, words: str) -> Card:
    kept = [one for one in await _library(asked).kept() if not words or words in one.related_services]
    text = write(kept)
    if len(text) > LONGEST:
        raise Refused(f"{len(kept)} entries are too many for a card: oncall kb export FILE writes them.")
    return Card("1 entry" if len(kept) == 1 else f"{len(kept)} entries", (Code(text),), private=True)


VERBS: Mapping[str, Callable[[Asked, str], Awaitable[Card]]] = {
    "list": _list,
    "search": _search,
    "show": _show,
    "add": _add,
    "accept": _accept,
    "dismiss": _dismiss,
    "import": _import,
    "export": _export,
}


def _values(words: str) -> dict[str, str]:
    """What a form says: ``title='Pool is full' service=postgresql``; without a name all of it is the title."""
    try:
        said = shlex.split(words)
    except ValueError:
        raise Refused("A quotation mark is open: close it, or leave it out.") from None
    if not said[0].partition("=")[0].isidentifier() or "=" not in said[0]:
        return {"title": words}
    values = {name: value for name, _, value in (word.partition("=") for word in said)}
    unknown = set(values) - {one.name for one in ADD.fields}
    if unknown:
        raise Refused(f"An entry has no {min(unknown)[:40]}. It has {', '.join(one.name for one in ADD.fields)}.")
    return values


def _entry(values: Mapping[str, str], by: str) -> KnowledgeEntry:
    title, service = redact(values.get("title", "")).strip()[:500], values.get("service", "").strip()
    if not title:
        raise Refused("An entry needs a title: kb add title='Pool is full'")
    return KnowledgeEntry(
        id=name_of(title, service),
        title=title,
        tags=_several(values, "tags"),
        error_patterns=_several(values, "patterns"),
        solution_steps=_several(values, "steps"),
        automated_actions=_several(values, "actions"),
        related_services=(service,) if service else (),
        created_by=by,
    )


def _several(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in _BETWEEN.split(redact(values.get(name, ""))) if one.strip())


def _line(entry: KnowledgeEntry) -> str:
    return f"{entry.title} · {_record(entry)}" + (" · proposed" if entry.proposed else "")


def _record(entry: KnowledgeEntry) -> str:
    if not entry.automated_actions:
        return "a person mends it"
    rate = f", {percent(entry.success_rate)}" if entry.success_rate is not None else ""
    return f"{entry.automated_actions[0]}{rate}"


def _why(found: Found) -> str:
    holds: Sequence[str] = [f"“{one}”" for one in (*found.hit.phrases, *found.hit.tags)]
    return f"{percent(found.score)} like it · {_record(found.entry)}" + (
        f" · holds {', '.join(holds)}" if holds else ""
    )


def _parts(entry: KnowledgeEntry) -> Iterator[Part]:
    if entry.description:
        yield Text(entry.description)
    rows = (
        ("Known as", entry.id),
        ("Services", ", ".join(entry.related_services)),
        ("Category", entry.category),
        ("Tags", ", ".join(entry.tags)),
        ("Actions", ", ".join(entry.automated_actions)),
        ("Worked", percent(entry.success_rate) if entry.success_rate is not None else ""),
        ("By", entry.created_by),
        ("Last used", f"{entry.last_used:%Y-%m-%d}" if entry.last_used else ""),
    )
    yield Facts(tuple(row for row in rows if row[1]))
    for number, step in enumerate(entry.solution_steps, 1):
        yield Text(f"{number}. {step}")
    if entry.error_patterns:
        yield Code("\n".join(entry.error_patterns), caption="Error patterns")
    if entry.proposed:
        yield Button("Accept", f"kb accept {entry.id}", primary=True)
        if not entry.dismissed:
            yield Button("Dismiss", f"kb dismiss {entry.id}")
