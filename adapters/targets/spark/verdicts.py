"""May it be done, and did it work? From what Spark shows now and what was seen before we acted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, assert_never

from adapters.targets.spark.actions import DOUBLE, PROPERTY, SAME, Asked, mebibytes
from adapters.targets.spark.found import Found, Gone, Job, Loose, sentence
from adapters.targets.spark.kept import Kept, again
from adapters.targets.spark.shown import BROKEN, Driver
from engine.errors import Refused
from engine.model import Action, Judgement, Outcome, Result, Verdict

Seen = Mapping[str, str]


def allowed(found: Found, patterns: Sequence[str]) -> str:
    """Why nothing may be done to it, or nothing: an application is fenced by its name, for its id says nothing."""
    name = found.name if isinstance(found, Job) else ""
    if isinstance(found, Job) and any(fnmatchcase(name, pattern) for pattern in patterns):
        return ""
    called = repr(name[:80]) if name else "an application whose name is not known"
    return f"SPARK_APPLICATIONS does not allow me to act on {called}."


def why_not(name: str, found: Found, patterns: Sequence[str]) -> Outcome | None:
    """Why the request would be of no use, or do harm, as Spark is at this moment; None if it may be sent."""
    match found:
        case Gone() | Loose():
            return Outcome(Result.FAILED, f"{sentence(found)}. Nothing was sent.")
        case Job() if refusal := allowed(found, patterns):
            return Outcome(Result.FAILED, f"{refusal} Nothing was sent.")
        case Job() if useless := _no_use(name, found):
            return Outcome(Result.NOTHING_DONE, f"{sentence(found)}: {useless}. Nothing was sent.")
        case Job():
            return None
        case _:
            assert_never(found)


def _no_use(name: str, job: Job) -> str:
    if name not in PROPERTY:
        return "" if job.driver.alive else "it has ended already"
    if job.newest is not None and job.newest.state in ("RUNNING", "WAITING"):
        return f"{job.newest.id} of the same name is there already, and two at once could do harm"
    return "it has finished well" if job.driver.state == "FINISHED" else ""


def to_submit(action: Action, wanted: Asked, found: Found, largest: int) -> tuple[Driver, Mapping[str, Any] | None]:
    """The submission to end, and the request to send after that, if there is to be one. Raises Refused."""
    if not isinstance(found, Job):
        raise Refused(f"{sentence(found)}.")
    if action.name not in PROPERTY:
        return found.driver, None
    if not isinstance(found.kept, Kept):
        raise Refused(f"It cannot be submitted again: {found.kept.why}.")
    sizes = memory(action.name, wanted, found, largest)
    return found.driver, again(found.kept.request, sizes, action.id)


def memory(name: str, wanted: Asked, job: Job, largest: int) -> Mapping[str, str]:
    """The properties to change. What the application had is not taken from it. Raises Refused."""
    key = PROPERTY[name]
    had = _had(job)
    sizes = {one: f"{size}m" for one, size in had.items() if size > _kept(job, one)}
    if wanted.memory == SAME:
        return sizes
    if wanted.memory == DOUBLE and key not in had:
        raise Refused("How much memory its executors had is not known, so give the size.")
    size = f"{had[key] * 2}m" if wanted.memory == DOUBLE else wanted.memory.lower()
    if name != "restart_spark_app" and mebibytes(size) <= had.get(key, 0):
        raise Refused(f"{size} is not more than the {had[key]} MiB that it had.")
    if mebibytes(size) > largest:
        raise Refused(f"{size} is more than any worker has: the largest that is alive has {largest} MiB.")
    return {**sizes, key: size}


def _had(job: Job) -> dict[str, int]:
    """Mebibytes, by property."""
    executor = {"spark.executor.memory": job.app.memoryperexecutor} if job.app else {}
    return {"spark.driver.memory": job.driver.memory, **executor}


def _kept(job: Job, key: str) -> int:
    """Mebibytes that the kept request asks for; one it writes in another way than 8g or 512m counts as enough."""
    size = job.kept.request.sparkProperties.get(key, "1g") if isinstance(job.kept, Kept) else ""
    return mebibytes(size) if size[:-1].isdigit() and size[-1] in "mgMG" else 10**9


def made(driver: Driver, steady: str = "") -> Verdict:
    """Of the submission that the action made. ``steady``: why it is well though it has not ended."""
    match driver.state:
        case "RUNNING" if steady:
            return Verdict(Judgement.WORKED, f"Submission {driver.id} runs: {steady}.")
        case "FINISHED":
            return Verdict(Judgement.WORKED, f"Submission {driver.id} has finished well.")
        case "KILLED":
            return Verdict(Judgement.FAILED, f"Somebody has killed submission {driver.id}.")
        case state if state in BROKEN:
            return Verdict(Judgement.FAILED, f"Submission {driver.id} was run in vain: {state.lower()}.")
        case "SUBMITTED":
            return Verdict(Judgement.NOT_YET, f"Submission {driver.id} waits for a worker with room for it.")
        case state:
            return Verdict(Judgement.NOT_YET, f"Submission {driver.id}: {state.lower()}.")


def not_made(found: Found, seen: Seen) -> Verdict:
    """No submission of the action is there: it did not arrive, or was cut between the kill and the submission."""
    if not isinstance(found, Job) or seen.get("submission") != found.driver.id:
        return Verdict(Judgement.UNKNOWN, f"{sentence(found)}. What was seen before cannot be compared.")
    what = f"{sentence(found)}."
    if found.driver.state == seen.get("state"):
        return Verdict(Judgement.UNKNOWN, f"{what} Spark shows what it showed before: the request did not arrive.")
    if found.driver.state == "FINISHED":
        return Verdict(Judgement.RECOVERED, f"{what} It finished by itself.")
    return Verdict(Judgement.UNKNOWN, f"{what} It has ended, and no new submission by this action is there.")


def killed(found: Found, seen: Seen, *, sent: bool) -> Verdict:
    if not isinstance(found, Job) or seen.get("submission") != found.driver.id:
        return Verdict(Judgement.UNKNOWN, f"{sentence(found)}. What was seen before cannot be compared.")
    judgement, why = _killed(found.driver, seen, sent=sent)
    return Verdict(judgement, f"{sentence(found)}.{' ' if why else ''}{why}")


def _killed(driver: Driver, seen: Seen, *, sent: bool) -> tuple[Judgement, str]:
    if driver.state == seen.get("state") and not sent:
        return Judgement.UNKNOWN, "Spark shows what it showed before: the request did not arrive."
    match driver.state:
        case "KILLED":
            return Judgement.WORKED, ""
        case "FINISHED":
            return Judgement.RECOVERED, "It finished by itself."
        case state if state in BROKEN:
            return Judgement.FAILED, "It had ended by itself before it could be killed."
        case _:
            return (Judgement.NOT_YET, "") if sent else (Judgement.UNKNOWN, "Whether it is being killed is not known.")
