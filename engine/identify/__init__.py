"""Finds the exact names of what broke, verbatim, in a log entry and in the path it stood in."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.identify.gate import Gate
from engine.stated import fields

KNOWLEDGE = Path(__file__).parent.parent / "knowledge"
FILES = tuple(KNOWLEDGE / f"{name}.toml" for name in ("identifiers", "machine", "names"))
"""The forms in which systems and then machines tell names, and what names and their values look like by themselves."""

LIMIT = 250
"""Characters of one identifier: the longest name that Airflow, Kubernetes or a database allows."""

MOST_MATCHES = 20
"""Places of one rule that are looked at; the names of the hundredth repetition are those of the first."""

_WORD = re.compile(r"\w")
"""What holds no letter or digit, such as the ``%`` of a template, names nothing."""

_NOTHING = frozenset(
    {"", "none", "null", "nil", "unknown", "n/a", "-", "<none>", "<nil>", "<unknown>", "true", "false", "undefined"}
)

STATED = frozenset({"state", "error_code", "operator", "task_id"})
"""Names whose values may well be common words."""

_QUOTE = re.compile(r"""\\{1,16}(?=["'`])|(?<=[\s(])"(?="\w)|(?<=\w)"(?=")""")
"""What stands before a quote inside a quoted text: backslashes in JSON and logfmt, a second quote in CSV."""

_NEWLINE = re.compile(r"(?<!\\)\\[nr]")


@dataclass(frozen=True, slots=True)
class Rules:
    """``names``: a log field's name to our name; ``kinds``: a kind of object to what its name is to us.

    ``texts``, ``sources``: regexes whose groups carry our names.
    ``shapes``: what a value of a name looks like, and ``words``: what names nothing but a state.
    ``marks``: a system, and what only its texts bear; those of the more telling systems first.
    """

    names: Mapping[str, str]
    kinds: Mapping[str, str]
    texts: tuple[re.Pattern[str], ...]
    sources: tuple[re.Pattern[str], ...]
    gate: Gate
    marks: tuple[tuple[str, re.Pattern[str]], ...]
    marks_gate: Gate
    shapes: Mapping[str, re.Pattern[str]]
    words: frozenset[str]


def written(files: Iterable[Path] = FILES) -> dict[str, Any]:
    """The rules as they stand in the files; what a system says of itself comes before what its machine says."""
    head = {name: table for file in files for name, table in tomllib.loads(file.read_text("utf-8")).items()}
    return {**head, "text": head["text"] + head["machine"]}


def load(files: Iterable[Path] = FILES) -> Rules:
    """Raises ValueError where a rule is not a regex."""
    head = written(files)
    marks = [(service, mark) for service, some in head["services"].items() for mark in some]
    return Rules(
        names={field: name for name, fields in head["fields"].items() for field in fields},
        kinds=head["kinds"],
        texts=tuple(re.compile(rule, re.MULTILINE) for rule in head["text"]),
        sources=tuple(re.compile(rule) for rule in head["source"]),
        gate=Gate(head["text"]),
        marks=tuple((service, re.compile(mark, re.MULTILINE)) for service, mark in marks),
        marks_gate=Gate([mark for _, mark in marks]),
        shapes={name: re.compile(shape) for name, shape in head["shapes"].items()},
        words=frozenset(head["words"]),
    )


def identify(rules: Rules, text: str, source: str = "") -> dict[str, str]:
    """Our names and their values. The entry's own fields win over its text, and both over the path."""
    found: dict[str, str] = {}
    said = fields(text)
    _add(rules, found, ((_ours(rules, name), value) for name, value in said.items()))
    _add(rules, found, _objects(rules, said))
    plain = unquoted(text)
    for number in sorted(rules.gate.passing(plain)):
        _add(rules, found, (pair for pair in _named(rules.texts[number], plain) if pair[1] and pair[1] in text))
    for rule in rules.sources if source else ():
        _add(rules, found, _named(rule, source))
    return found


def unquoted(text: str) -> str:
    """The text as its writer had it: what was written into JSON, logfmt or CSV looks like what was not."""
    if '{"' in text:
        text = _NEWLINE.sub("\n", text)
    return _QUOTE.sub("", text) if "\\" in text or '""' in text else text


def _ours(rules: Rules, name: str) -> str:
    """Our name of a field. A prefix does not matter to one that says by itself whose it is, such as ``x.pod_name``."""
    while (ours := rules.names.get(name)) is None:
        name = name.partition(".")[2]
        if "_" not in name and "." not in name:
            return ""
    return ours


def _objects(rules: Rules, said: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """What fields such as ``kind=Pod name=web-0`` or ``objectKind``, ``objectName`` name together."""
    for name, value in said.items():
        if name[-4:] in ("kind", "Kind") and value in rules.kinds:
            yield rules.kinds[value], said.get(name[:-4] + ("Name" if name.endswith("Kind") else "name"))


def speaker(rules: Rules, texts: Sequence[str]) -> str:
    """The system whose marks stand in the first of these texts that bears any; ``application`` if none does."""
    for text in texts:
        for number in sorted(rules.marks_gate.passing(text)):
            service, mark = rules.marks[number]
            if mark.search(text):
                return service
    return "application"


def _named(rule: re.Pattern[str], text: str) -> Iterator[tuple[str, str | None]]:
    for number, match in enumerate(rule.finditer(text)):
        if number == MOST_MATCHES:
            return
        yield from match.groupdict().items()


def _add(rules: Rules, found: dict[str, str], pairs: Iterable[tuple[str, str | None]]) -> None:
    """The first value of a name stays: what stands nearest to the failure is read first."""
    for name, value in pairs:
        if name and value and name not in found and _is_one(rules, name, value):
            found[name] = value


def _is_one(rules: Rules, name: str, value: str) -> bool:
    """Whether this value can be what the name says."""
    low = value.lower()
    if low in _NOTHING or (low in rules.words and name not in STATED) or len(value) > LIMIT:
        return False
    shape = rules.shapes.get(name)
    return bool(shape.fullmatch(value) if shape else _WORD.search(value))
