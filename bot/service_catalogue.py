"""Reads the catalogue of services: a TOML file that says what is whose, what needs what, and how much hangs on it.

``docs/services.toml`` is such a file, with a word on every key.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from adapters.targets import CATALOGUES
from bot import values
from bot.kinds import Windows, Word
from engine import identify
from engine.errors import Misconfigured
from engine.model import Criticality
from engine.services import ANYTHING, SOURCE, Service, Services

NEAR = 0.6
"""How alike an unknown name must be to a known one before we say "did you mean"."""

_GROUP = re.compile(r"\(\?P<(\w+)>")

TABLE = "service"
"""Each service is a table ``[service.its-name]``."""


def _held(value: str) -> str:
    if (
        not value.strip()
        or ANYTHING in value.removeprefix(ANYTHING).removesuffix(ANYTHING)
        or value.count(ANYTHING) > 1
    ):
        raise ValueError(f"is no name, nor one with a single {ANYTHING} at its beginning or end")
    return value


Held = Annotated[tuple[Annotated[str, AfterValidator(_held)], ...], BeforeValidator(values.items), Field(min_length=1)]
Texts = Annotated[tuple[str, ...], BeforeValidator(values.items)]


class ServiceTable(BaseModel):
    """One service as it is written. All keys may be left out."""

    model_config = ConfigDict(extra="forbid")

    criticality: Criticality = Criticality.MEDIUM
    depends_on: Texts = ()
    owners: Texts = ()
    environment: Word | None = None
    change_windows: Windows = ()
    holds: tuple[Annotated[dict[str, Held], Field(min_length=1)], ...] = ()


class Catalogue(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid")

    service: dict[str, ServiceTable] = {}


def services(path: str) -> Services:
    """The services of the catalogue at ``path``; none if it is empty. Raises Misconfigured with all that is wrong."""
    return read(written(path), path)


def written(path: str) -> str:
    """The text of the catalogue at ``path``; nothing if that is empty. Raises Misconfigured if it cannot be read."""
    if not path:
        return ""
    try:
        return Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        raise Misconfigured(f"{path} is not UTF-8 text. Save it as UTF-8.") from None
    except OSError as error:
        raise Misconfigured(
            f"{path} cannot be read: {error.strerror}. Write the path of a readable file into SERVICE_CATALOGUE, or"
            " leave it out."
        ) from None


def read(text: str, path: str) -> Services:
    """The services in this text. Raises Misconfigured, whose lines name file, key and what to write instead."""
    try:
        catalogue = Catalogue.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{path} is not TOML: {error}.") from None
    except ValidationError as error:
        raise _refusal(path, [_said(one) for one in error.errors(include_url=False)]) from None
    if troubles := [*_strangers(catalogue), *_circles(catalogue), *_unknown_names(catalogue)]:
        raise _refusal(path, troubles)
    return Services(tuple(_service(name, one) for name, one in catalogue.service.items()))


def _refusal(path: str, troubles: Sequence[str]) -> Misconfigured:
    head = "one thing is wrong" if len(troubles) == 1 else f"{len(troubles)} things are wrong"
    return Misconfigured("\n".join((f"In {path} {head}:", *troubles)))


def _service(name: str, one: ServiceTable) -> Service:
    return Service(
        name=name,
        criticality=one.criticality,
        depends_on=one.depends_on,
        owners=one.owners,
        environment=one.environment or "",
        change_windows=one.change_windows,
        holds=one.holds,
    )


def _strangers(catalogue: Catalogue) -> Iterator[str]:
    """Dependencies that nobody has heard of."""
    for name, one in catalogue.service.items():
        for other in one.depends_on:
            if other not in catalogue.service:
                advice = _meant(other, catalogue.service) or f"Add a table [{TABLE}.{other}], or leave it out."
                yield f"{TABLE}.{name}.depends_on: '{other}' is no service of this catalogue. {advice}"


def _circles(catalogue: Catalogue) -> Iterator[str]:
    """Each circle once: services that need each other have no order in which they are affected."""
    told: set[frozenset[str]] = set()
    for name in catalogue.service:
        circle = _circle(catalogue.service, name)
        if circle and frozenset(circle) not in told:
            told.add(frozenset(circle))
            way = " → ".join((*circle, name))
            yield f"{TABLE}.{name}.depends_on: {way} is a circle. Leave out the weakest of these dependencies."


def _circle(all: Mapping[str, ServiceTable], name: str) -> tuple[str, ...]:
    """The shortest way from a service to itself; empty if there is none."""
    ways: list[tuple[str, ...]] = [(name,)]
    seen: set[str] = set()
    for way in ways:
        for other in all[way[-1]].depends_on if way[-1] in all else ():
            if other == name:
                return way
            if other not in seen:
                seen.add(other)
                ways.append((*way, other))
    return ()


def _unknown_names(catalogue: Catalogue) -> Iterator[str]:
    known = identifiers()
    for name, one in catalogue.service.items():
        for number, rule in enumerate(one.holds, 1):
            for identifier in rule:
                if identifier not in known:
                    advice = _meant(identifier, known) or "The names are those that cards and `oncall analyze` show."
                    yield f"{TABLE}.{name}.holds, rule {number}: no failure is named by '{identifier}'. {advice}"


def identifiers() -> frozenset[str]:
    """Every name that what broke, or what an action touches, can be told by."""
    rules = identify.written()
    parameters = {one.name for specs in CATALOGUES.values() for spec in specs.values() for one in spec.parameters}
    return frozenset(
        {SOURCE, *rules["fields"], *_GROUP.findall("".join((*rules["text"], *rules["source"]))), *parameters}
    )


def _meant(word: str, known: Collection[str]) -> str:
    near = get_close_matches(word, known, 1, NEAR)
    return f"Did you mean {near[0]}?" if near else ""


def _said(error: ErrorDetails) -> str:
    """One wrong value: its key, what is wrong, what to write."""
    key = ".".join(f"#{part + 1}" if isinstance(part, int) else part for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = ServiceTable.model_fields if len(error["loc"]) > 1 else Catalogue.model_fields
        advice = _meant(str(error["loc"][-1]), known) or f"The keys are {', '.join(known)}."
        return f"{key}: there is no such key. {advice}"
    said = values.what(error).removeprefix("Value error, ")
    return f"{key}: {said}. {_advice(error)}"


_ADVICE: Mapping[str, str] = {
    "criticality": f"Write one of {', '.join(Criticality)}.",
    "change_windows": 'Write for example ["mon-thu 09:00-17:00 Europe/Berlin"].',
    "environment": "Write one word, such as production.",
    "owners": 'Write account names or e-mail addresses, such as ["ada", "bob@example.com"].',
    "depends_on": 'Write names of services, such as ["orders-db"].',
    "holds": 'Write for example [{ dag_id = ["orders_*"] }, { namespace = "shop", pod_name = "orders-*" }].',
}


def _advice(error: ErrorDetails) -> str:
    key = next((str(part) for part in error["loc"] if part in _ADVICE), "")
    return _ADVICE.get(key, f"Write a table [{TABLE}.name] for each service.")


def unknown_owners(known: Services, names: Collection[str]) -> dict[str, list[str]]:
    """Owners whom nobody in ``names`` (user names and e-mail addresses) is, with the services that name them."""
    people = {name.lower() for name in names}
    strangers: dict[str, list[str]] = {}
    for service in known.all:
        for owner in service.owners:
            if owner.lower() not in people:
                strangers.setdefault(owner, []).append(service.name)
    return strangers
