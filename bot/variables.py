"""Reads the program's variables: the environment first, then ``.env``, and secrets also from files (``NAME_FILE``).

Values are taken as they stand. The reader that comes with pydantic-settings replaces ``${…}`` inside a password and
passes over a malformed line in silence; here each such line is named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeAlias

from dotenv.parser import Binding, parse_stream

ENV_FILE = ".env"

NEAR = 0.7
"""How alike an unknown name in ``.env`` must be to one of ours before we say "did you mean"."""

VERY_NEAR = 0.88
"""The same for the environment, which is full of names that are no business of ours."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong with one variable: which, what, and what to write instead. Never holds a secret."""

    name: str
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}. {self.advice}"


@dataclass(frozen=True, slots=True)
class Known:
    """Our variables; ``secret`` ones may come from a file, ``emptied`` ones mean something when set to nothing."""

    names: Collection[str]
    secret: Collection[str]
    emptied: Collection[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: texts and where each came from, by variable; remarks have no effect, troubles stop the program."""

    texts: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    remarks: tuple[Trouble, ...] = ()


Origin: TypeAlias = tuple[str, Mapping[str, str]]


def read(environ: Mapping[str, str], known: Known, default_file: str = "") -> Reading:
    """Read the variables. ENV_FILE in ``environ`` names another file than ``default_file``, and must then exist."""
    name = environ.get("ENV_FILE") or default_file
    bindings, troubles = _bindings(name, must_exist=bool(environ.get("ENV_FILE")))
    written = {key: value for key, value, _ in bindings}
    origins: tuple[Origin, ...] = ((name, written), ("the environment", environ))
    texts = {one: text for _, part in origins for one, text in part.items() if _counts(one, text, known)}
    sources = {one: origin for origin, part in origins for one, text in part.items() if _counts(one, text, known)}
    from_files, file_troubles = _from_files({**written, **environ}, texts, known)
    return Reading(
        texts={**texts, **{one: text for one, (text, _) in from_files.items()}},
        origins={**sources, **{one: path for one, (_, path) in from_files.items()}},
        troubles=(*troubles, *file_troubles),
        remarks=(*_strangers(name, written, known, NEAR), *_repeated(name, bindings), *_near(environ, written, known)),
    )


def _counts(name: str, text: str, known: Known) -> bool:
    return name in known.names and (bool(text) or name in known.emptied)


Bound: TypeAlias = tuple[str, str, int]


def _bindings(name: str, *, must_exist: bool) -> tuple[list[Bound], list[Trouble]]:
    """Name, value and line of each line of the file that is one; a trouble for each that is not."""
    if not name or (not must_exist and not Path(name).exists()):
        return [], []
    try:
        with Path(name).open(encoding="utf-8-sig") as file:
            lines = list(parse_stream(file))
    except UnicodeDecodeError:
        return [], [Trouble(name, "is not UTF-8 text", "Save it as UTF-8.")]
    except OSError as error:
        return [], [Trouble(name, f"cannot be read: {error.strerror}", "Check ENV_FILE and the file's permissions.")]
    good = [(line.key, line.value, _number(line)) for line in lines if line.key and line.value is not None]
    return good, [_malformed(name, line) for line in lines if _is_malformed(line)]


def _is_malformed(line: Binding) -> bool:
    return line.error or (line.key is not None and line.value is None)


def _malformed(name: str, line: Binding) -> Trouble:
    # What stands there is not shown: it may be half of a password.
    return Trouble(
        f"{name} line {_number(line)}",
        "is not NAME=value",
        "Write NAME=value, the value in single quotes if it holds quotes, spaces before a # or new lines.",
    )


def _number(line: Binding) -> int:
    text = line.original.string
    return line.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _from_files(
    given: Mapping[str, str], texts: Mapping[str, str], known: Known
) -> tuple[dict[str, tuple[str, str]], list[Trouble]]:
    """Text and path of each secret that comes from a file, as Docker and Kubernetes hand them out."""
    found: dict[str, tuple[str, str]] = {}
    troubles = []
    for name in known.secret:
        path = given.get(f"{name}_FILE", "")
        if not path:
            continue
        if name in texts:
            troubles.append(Trouble(name, f"is set, and so is {name}_FILE", "Keep one of them."))
            continue
        match _secret(path):
            case str(text):
                found[name] = (text, path)
            case Trouble() as trouble:
                troubles.append(Trouble(f"{name}_FILE", trouble.what, trouble.advice))
    return found, troubles


def _secret(path: str) -> str | Trouble:
    try:
        text = Path(path).read_text("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return Trouble(path, f"names {path}, which is not UTF-8 text", "Write the secret as text.")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no such name"
        return Trouble(path, f"names {path}, which cannot be read: {why}", "Write the path of a readable file.")
    return text or Trouble(path, f"names {path}, which is empty", "Put the secret into it.")


def _strangers(where: str, given: Iterable[str], known: Known, near: float) -> Iterator[Trouble]:
    """The names we do not know, each with the one that was probably meant."""
    right = [*known.names, *(f"{name}_FILE" for name in known.secret)]
    for name in given:
        if name not in right and name != "ENV_FILE":
            meant = get_close_matches(name.upper(), right, 1, near)
            advice = f"Did you mean {meant[0]}?" if meant else "Remove it; .env.example lists what there is."
            yield Trouble(name, f"in {where} is not one of our variables and has no effect", advice)
        if name == "ENV_FILE":
            yield Trouble(name, f"in {where} has no effect", "Set it in the environment.")


def _near(environ: Mapping[str, str], written: Mapping[str, str], known: Known) -> Iterator[Trouble]:
    right = [*known.names, *(f"{name}_FILE" for name in known.secret)]
    for name in environ:
        if name not in (*right, *written) and get_close_matches(name.upper(), right, 1, VERY_NEAR):
            yield from _strangers("the environment", [name], known, VERY_NEAR)


def _repeated(where: str, bindings: Iterable[Bound]) -> Iterator[Trouble]:
    seen: dict[str, int] = {}
    for name, _, line in bindings:
        if name in seen:
            yield Trouble(name, f"stands in {where} twice, in lines {seen[name]} and {line}", "The last one counts.")
        seen[name] = line
