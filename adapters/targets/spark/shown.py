"""What a Spark master and the logs of its drivers show, in Spark's own words. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel, ConfigDict

from adapters.targets.spark.kept import STEADY, TAG

ALIVE = frozenset({"SUBMITTED", "RUNNING", "RELAUNCHING", "UNKNOWN"})
"""Driver states from which it goes on by itself; UNKNOWN is one whose worker the master has lost for now."""

BROKEN = frozenset({"FAILED", "ERROR", "KILLED"})

_CONNECTED = re.compile(r"Connected to Spark cluster with app ID ([A-Za-z0-9_-]+)")
_PROPERTY = r'"-D{}=([^"]*)"'


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Worker(_Shown):
    """``lastheartbeat`` is the master's time in milliseconds, taken every 15 seconds."""

    id: str
    state: str
    webuiaddress: str
    memory: int
    host: str = ""
    lastheartbeat: int = 0


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

    def ran(self, app: App) -> timedelta:
        """How long it has been there, by the master's own clock and never by ours."""
        now = max((worker.lastheartbeat for worker in self.workers), default=0)
        return timedelta(milliseconds=max(0, now - app.starttime))

    def worker(self, id: str) -> Worker | None:
        return next((worker for worker in self.workers if worker.id == id), None)

    def page_of(self, driver: Driver) -> str:
        worker = self.worker(driver.worker)
        return worker.webuiaddress if worker else ""

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
    """What a driver's log says of it: its application's id and name, and the action of ours that submitted it.

    ``steady``: the minutes of running after which an application that never ends counts as well, if it has any.
    """

    app_id: str = ""
    name: str = ""
    action: str = ""
    steady: int | None = None


def traced(log: str) -> Traced:
    """From the head of its log. The launch command, its first line, is written by the worker, not by the program."""
    _, _, command = log.partition("Launch Command: ")
    command = command.partition("\n")[0]
    connected = _CONNECTED.search(log)
    steady = _property(STEADY, command)
    return Traced(
        app_id=connected.group(1) if connected else "",
        name=_property("spark.app.name", command),
        action=_property(TAG, command),
        steady=int(steady) if steady.isdecimal() and len(steady) < 6 else None,
    )


def _property(name: str, command: str) -> str:
    found = re.search(_PROPERTY.format(re.escape(name)), command)
    return found.group(1) if found else ""


def steady_for(master: Master, about: Traced) -> str:
    """Why an application is well that has not ended: it has run for as long as its request calls steady."""
    app = master.app(about.app_id)
    if app is None or app.state != "RUNNING" or about.steady is None:
        return ""
    minutes = int(master.ran(app).total_seconds()) // 60
    return f"for {minutes} minutes, and {about.steady} were asked of it" if minutes >= about.steady else ""
