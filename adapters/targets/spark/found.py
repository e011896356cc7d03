"""What a Spark master shows, in its own words and in ours. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from pydantic import BaseModel, ConfigDict

from adapters.targets.spark.kept import TAG, Kept, Kind

ALIVE = frozenset({"SUBMITTED", "RUNNING", "RELAUNCHING", "UNKNOWN"})
"""Driver states from which it goes on by itself; UNKNOWN is one whose worker the master has lost for now."""

BROKEN = frozenset({"FAILED", "ERROR", "KILLED"})

ELSEWHERE = {
    "application_": ": that is how YARN names them, and I do not act on YARN",
    "spark-": ": that is how Spark on Kubernetes names them, where its pods can be acted on",
    "local-": ": it ran in a program by itself, without a cluster",
}
"""How ids begin that this kind of cluster never gives."""

_CONNECTED = re.compile(r"Connected to Spark cluster with app ID ([A-Za-z0-9_-]+)")
_PROPERTY = r'"-D{}=([^"]*)"'


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Worker(_Shown):
    id: str
    state: str
    webuiaddress: str
    memory: int


class App(_Shown):
    """An application. Its ``state`` is FINISHED also where it failed or was killed: only the driver's is true."""

    id: str
    name: str
    starttime: int
    state: str
    memoryperexecutor: int


class Driver(_Shown):
    """A submission. ``starttime`` in milliseconds, ``memory`` in mebibytes."""

    id: str
    starttime: int
    state: str
    memory: int
    worker: str = "None"

    @property
    def alive(self) -> bool:
        return self.state in ALIVE


class Master(_Shown):
    status: str
    workers: tuple[Worker, ...]
    activeapps: tuple[App, ...]
    completedapps: tuple[App, ...]
    activedrivers: tuple[Driver, ...]
    completeddrivers: tuple[Driver, ...]

    @property
    def apps(self) -> Sequence[App]:
        return (*self.activeapps, *self.completedapps)

    @property
    def drivers(self) -> Sequence[Driver]:
        """Newest first."""
        both = (*self.activedrivers, *self.completeddrivers)
        return sorted(both, key=lambda driver: (driver.starttime, driver.id), reverse=True)

    def app(self, id: str) -> App | None:
        return next((app for app in self.apps if app.id == id), None)

    def driver(self, id: str) -> Driver | None:
        return next((driver for driver in self.drivers if driver.id == id), None)

    def page_of(self, driver: Driver) -> str:
        return next((worker.webuiaddress for worker in self.workers if worker.id == driver.worker), "")

    def after(self, app: App | None) -> App | None:
        """The newest application of the same name, if it is a later one."""
        if app is None:
            return None
        later = [one for one in self.apps if one.name == app.name and one.starttime > app.starttime]
        return max(later, key=lambda one: one.starttime, default=None)

    @property
    def largest(self) -> int:
        """Mebibytes of the largest worker that is alive."""
        return max((worker.memory for worker in self.workers if worker.state == "ALIVE"), default=0)


@dataclass(frozen=True, slots=True)
class Traced:
    """What a driver's log says of it: its application's id and name, and the action of ours that submitted it."""

    app_id: str = ""
    name: str = ""
    action: str = ""


def traced(log: str) -> Traced:
    """From the head of its log. The launch command, its first line, is written by the worker, not by the program."""
    _, _, command = log.partition("Launch Command: ")
    command = command.partition("\n")[0]
    connected = _CONNECTED.search(log)
    return Traced(
        app_id=connected.group(1) if connected else "",
        name=_property("spark.app.name", command),
        action=_property(TAG, command),
    )


def _property(name: str, command: str) -> str:
    found = re.search(_PROPERTY.format(re.escape(name)), command)
    return found.group(1) if found else ""


@dataclass(frozen=True, slots=True)
class Job:
    """A submission, its application once that has registered, and the newest later one of the same name."""

    driver: Driver
    app: App | None
    name: str
    newest: App | None
    kept: Kind


@dataclass(frozen=True, slots=True)
class Loose:
    """An application of which no submission is known: started by a client, or its driver's log cannot be read."""

    app: App
    newest: App | None


@dataclass(frozen=True, slots=True)
class Gone:
    """The master knows no such application or submission."""

    id: str


Found: TypeAlias = Job | Loose | Gone


def state(found: Found) -> Mapping[str, str]:
    """What an approval is bound to: also the request to be sent, and whether somebody has started it again."""
    match found:
        case Job(driver=driver, app=app, newest=newest, kept=kept):
            return {
                "submission": driver.id,
                "state": driver.state,
                "driver_memory": f"{driver.memory}m",
                "executor_memory": f"{app.memoryperexecutor}m" if app else "not known",
                "newest_application": newest.id if newest else "this one",
                "request": kept.digest if isinstance(kept, Kept) else "none",
            }
        case Loose(app=app, newest=newest):
            newer = newest.id if newest else "this one"
            return {"submission": "none", "application_state": app.state, "newest_application": newer}
        case Gone():
            return {"exists": "no"}
        case _:
            assert_never(found)


def healthy(found: Found) -> bool | None:
    """Only the driver's own end tells; what goes on, or is run again already, is not decided yet."""
    match found:
        case Job(driver=driver, newest=newest):
            again = newest is not None and newest.state in ("RUNNING", "WAITING")
            return True if driver.state == "FINISHED" else False if driver.state in BROKEN and not again else None
        case Loose() | Gone():
            return None
        case _:
            assert_never(found)


def sentence(found: Found) -> str:
    match found:
        case Job(driver=driver, app=app, name=name):
            memory = f", {app.memoryperexecutor} MiB an executor" if app else ""
            of = f" of application {app.id}" if app else ""
            called = f" ({_short(name)})" if name else ""
            return f"Submission {driver.id}{of}{called}: {_plain(driver.state)}, {driver.memory} MiB the driver{memory}"
        case Loose(app=app):
            why = "it was started by a client, or the log of its driver cannot be read, so I cannot act on it"
            return f"Application {app.id} ({_short(app.name)}): no submission is known for it: {why}"
        case Gone(id=id):
            others = (words for prefix, words in ELSEWHERE.items() if id.startswith(prefix))
            return f"The Spark master knows no application or submission {id}{next(others, '')}"
        case _:
            assert_never(found)


def remarks(found: Found) -> str:
    """What else a person should know before deciding."""
    if isinstance(found, Gone):
        return ""
    newer = found.newest
    then = f" Later {newer.id} of the same name was started: {newer.state.lower()}." if newer else ""
    if isinstance(found, Loose):
        return then
    kept = f"its request is kept in {found.kept.file}" if isinstance(found.kept, Kept) else found.kept.why
    return f"{then} {kept[:1].upper()}{kept[1:]}."


def _short(name: str) -> str:
    """A name may be anything, so it is cut and stays on its line."""
    return "".join(sign if sign.isprintable() else "?" for sign in name[:80])


def _plain(driver_state: str) -> str:
    return "waiting for a worker with room for it" if driver_state == "SUBMITTED" else driver_state.lower()
