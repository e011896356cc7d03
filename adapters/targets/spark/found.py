"""What was found of an application, in our words, and what an approval of acting on it is bound to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias, assert_never

from adapters.targets.spark.kept import Kept, Kind
from adapters.targets.spark.shown import BROKEN, App, Driver

ELSEWHERE = {
    "application_": ": that is how YARN names them, and I do not act on YARN",
    "spark-": ": that is how Spark on Kubernetes names them, where its pods can be acted on",
    "local-": ": it ran in a program by itself, without a cluster",
}
"""How ids begin that this kind of cluster never gives."""


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
