"""The submission requests that are kept, for Spark itself forgets what it was asked: one JSON file each."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

LARGEST = 1_000_000
"""Bytes of one kept request; Spark's REST port itself takes no more of a few megabytes."""

TAG = "spark.oncall.action"
"""The property by which a submission of ours is known again: Spark shows it in the driver's launch command."""

STEADY = "spark.oncall.steady"
"""The property by which a kept request of an application that never ends, such as a stream, says after how many minutes
of running it counts as well. Without it only an end does."""

SUBMIT = "org.apache.spark.deploy.SparkSubmit"
"""The main class of an application that is not Java's, such as Python's."""

_NO_VALUE = frozenset({"--verbose", "-v", "--supervise", "--help", "-h", "--version", "--usage-error"})
"""Options of spark-submit after which no value stands."""


class Request(BaseModel):
    """A body of POST /v1/submissions/create, as spark-submit sends it. It may hold passwords: never show it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    mainClass: str  # noqa: N815 - Spark's own name
    appResource: str  # noqa: N815 - Spark's own name
    appArgs: tuple[str, ...]  # noqa: N815 - Spark's own name
    environmentVariables: Mapping[str, str]  # noqa: N815 - Spark's own name
    sparkProperties: Mapping[str, str]  # noqa: N815 - Spark's own name

    @property
    def options(self) -> Sequence[tuple[int, str, str]]:
        """Those of spark-submit: where each value stands, the option, its value. The application's own follow."""
        return tuple(_options(self.appArgs)) if self.mainClass == SUBMIT else ()

    @property
    def name(self) -> str:
        named = [value for _, option, value in self.options if option == "--name"]
        return named[-1] if named else self.sparkProperties.get("spark.app.name", "")


@dataclass(frozen=True, slots=True)
class Kept:
    """A request and the file it is kept in. ``digest`` is what an approval is bound to."""

    file: str
    request: Request
    digest: str


@dataclass(frozen=True, slots=True)
class NotKept:
    """Why there is none, in words."""

    why: str


Kind: TypeAlias = Kept | NotKept


def find(folder: str, ids: Sequence[str], name: str) -> Kind:
    """The request in ``<id>.json`` or ``<application name>.json``, else the one that gives the application this name.

    Files are matched by the names they have, so that no name from a log or from Spark can lead out of the folder.
    """
    if not folder:
        return NotKept("SPARK_REQUESTS names no folder of kept requests, so it can only be killed")
    files = list(read(folder))
    for wanted in (*ids, name):
        for file, kept in files:
            if wanted and file.stem == wanted:
                return kept
    named = [kept for _, kept in files if isinstance(kept, Kept) and name and kept.request.name == name]
    if len(named) > 1:
        return NotKept(f"{' and '.join(one.file for one in named[:3])} are both kept under that name")
    return named[0] if named else NotKept("no request is kept for it in SPARK_REQUESTS, so it can only be killed")


def read(folder: str) -> Iterator[tuple[Path, Kind]]:
    """Every kept request of the folder, or what is wrong with it."""
    try:
        files = sorted(file for file in Path(folder).iterdir() if file.suffix == ".json")
    except OSError:
        return
    for file in files:
        yield file, _read(file)


def open_to_all(folder: str) -> str:
    """The folder or the file in it that any user of this machine could change, and so run what they like; or empty."""
    for path in (Path(folder), *(file for file, _ in read(folder))):
        if path.stat().st_mode & stat.S_IWOTH:
            return str(path)
    return ""


def _read(file: Path) -> Kind:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
        if len(content) > LARGEST:
            return NotKept(f"{file.name} is too large for a request")
        request = Request.model_validate_json(content)
    except OSError as error:
        return NotKept(f"{file.name} cannot be read: {error.strerror}")
    except ValidationError:  # whose words would repeat what the file holds
        return NotKept(f"{file.name} is not a request as Spark's REST port takes it")
    if request.mainClass == SUBMIT and not any(option == "--master" for _, option, _ in request.options):
        # Spark would run it in the driver itself (local[*]) and ignore all memory of executors.
        return NotKept(f"{file.name} has no --master among its appArgs, so Spark would run it without executors")
    return Kept(file.name, request, hashlib.sha256(content).hexdigest()[:16])


def again(request: Request, memory: Mapping[str, str], action_id: str) -> dict[str, JsonValue]:
    """The body to send: the request as it was kept, with this memory by property, and our mark on it."""
    body: dict[str, Any] = request.model_dump(mode="json")
    body["action"] = "CreateSubmissionRequest"
    body["sparkProperties"] = {**request.sparkProperties, **memory, TAG: action_id}
    body["appArgs"] = _with_memory(request, memory)
    return body


def _with_memory(request: Request, memory: Mapping[str, str]) -> list[str]:
    """What spark-submit is told on its own line wins over properties, so it is changed there too."""
    args = list(request.appArgs)
    flags = {"--executor-memory": "spark.executor.memory", "--driver-memory": "spark.driver.memory"}
    for place, option, value in request.options:
        prefix = f"{option}=" if args[place].startswith(f"{option}=") else ""
        key = value.partition("=")[0]
        if (size := memory.get(flags.get(option, ""))) is not None:
            args[place] = f"{prefix}{size}"
        elif option in ("--conf", "-c") and key in memory:
            args[place] = f"{prefix}{key}={memory[key]}"
    return args


def _options(args: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    place = 0
    while place < len(args) and args[place].startswith("-"):
        option, equals, value = args[place].partition("=")
        if equals and option.startswith("--"):
            yield place, option, value
        elif option not in _NO_VALUE and place + 1 < len(args):
            place += 1
            yield place, option, args[place]
        place += 1
