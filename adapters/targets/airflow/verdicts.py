"""Did it work? From what Airflow shows now and what was seen before we acted. Pure.

UNKNOWN with "the request did not arrive" is what recovery after a crash lives by: Airflow is exactly as it was seen,
so nothing shows that our call was made. Whatever has moved since is shown as NOT_YET, WORKED or FAILED.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapters.targets.airflow.found import ACTIVE, BROKEN, Dag, Found, Gone, Run, Task, sentence, state
from engine.model import Judgement, Outcome, Result, Verdict

Seen = Mapping[str, str]


def verdict(name: str, found: Found, seen: Seen) -> Verdict:
    judgement, why = _RULES[name](found, seen)
    return Verdict(judgement, f"{sentence(found)}.{' ' if why else ''}{why}")


def left_behind(task: Found) -> Verdict:
    """Of a cleared task whose run has ended all the same: the scheduler ended it in the moment of the clear."""
    why = "Airflow ended its run in the moment in which it was cleared, so nothing runs it: clear it in Airflow."
    return Verdict(Judgement.FAILED, f"{sentence(task)}. {why}")


_UNTOUCHED = (Judgement.UNKNOWN, "Airflow still shows what it showed before: the request did not arrive.")


def _restarted(found: Found, seen: Seen) -> tuple[Judgement, str]:
    """Only a success at a later try is ours: one at the same try was set by hand."""
    if not isinstance(found, Task) or not seen.get("try_number", "").isdigit():
        return Judgement.UNKNOWN, "It was not seen before, so nothing can be compared."
    if state(found) == seen:
        return _UNTOUCHED
    if found.status in ACTIVE:
        return Judgement.NOT_YET, ""
    if found.try_number <= int(seen["try_number"]):
        return Judgement.UNKNOWN, "There was no new try: somebody else has changed it."
    return (Judgement.WORKED, "") if found.status == "success" else (Judgement.FAILED, "It was tried again in vain.")


def _cleared(found: Found, seen: Seen) -> tuple[Judgement, str]:
    if not isinstance(found, Run):
        return Judgement.UNKNOWN, ""
    if state(found) == seen:
        return _UNTOUCHED
    if found.state in ACTIVE:
        return Judgement.NOT_YET, ""
    if found.state == "success":
        return Judgement.WORKED, ""
    if "run_ended" not in seen:
        return Judgement.UNKNOWN, "Its end was not seen before, so this may be the old failure or a new one."
    return Judgement.FAILED, "It was run again in vain."


def _triggered(found: Found, _seen: Seen) -> tuple[Judgement, str]:
    if not isinstance(found, Run):
        return Judgement.UNKNOWN, "The request did not arrive."
    if found.state in ACTIVE:
        return Judgement.NOT_YET, ""
    return (Judgement.WORKED, "") if found.state == "success" else (Judgement.FAILED, "")


def _paused(found: Found, _seen: Seen, *, wanted: bool) -> tuple[Judgement, str]:
    if isinstance(found, Dag) and found.is_paused == wanted:
        return Judgement.WORKED, ""
    return Judgement.UNKNOWN, "The request did not arrive, or somebody has undone it."


def _stopped(found: Found, _seen: Seen) -> tuple[Judgement, str]:
    if not isinstance(found, Task):
        return Judgement.UNKNOWN, ""
    if found.status == "failed":
        return Judgement.WORKED, ""
    if found.status in ACTIVE:
        return _UNTOUCHED
    return Judgement.FAILED, "It had ended before it could be stopped."


_RULES: Mapping[str, Callable[[Found, Seen], tuple[Judgement, str]]] = {
    "restart_dag_task": _restarted,
    "clear_dag_run": _cleared,
    "trigger_dag": _triggered,
    "pause_dag": lambda found, seen: _paused(found, seen, wanted=True),
    "unpause_dag": lambda found, seen: _paused(found, seen, wanted=False),
    "stop_dag_task": _stopped,
}


def why_not(name: str, found: Found, *, dag_paused: bool) -> Outcome | None:
    """Why the request would be of no use, or do harm, as Airflow is at this moment; None if it may be sent."""
    if isinstance(found, Gone):
        return Outcome(Result.FAILED, f"{sentence(found)}. Nothing was sent.")
    if (already := _no_use(name, found)) is not None:
        return Outcome(Result.NOTHING_DONE, f"{sentence(found)}: {already}. Nothing was sent.")
    if dag_paused and name in ("restart_dag_task", "clear_dag_run", "trigger_dag"):
        return Outcome(Result.FAILED, "The DAG is paused, so Airflow would run nothing of it. Nothing was sent.")
    return None


def _no_use(name: str, found: Found) -> str | None:
    match name, found:
        case "restart_dag_task", Task() if found.status not in BROKEN:
            return _not_broken(found.status)
        case "clear_dag_run", Run() if found.state not in BROKEN:
            return _not_broken(found.state)
        case "stop_dag_task", Task() if found.status not in ACTIVE:
            # Airflow would turn even a success into a failure.
            return "it has ended already, and marking it now would falsify how"
        case "pause_dag", Dag(is_paused=True):
            return "so it is already"
        case "unpause_dag", Dag(is_paused=False):
            return "so it is already"
        case _:
            return None


def _not_broken(status: str) -> str:
    if status in ACTIVE:
        return "it goes on by itself, and Airflow marks it as failed by itself should it be dead"
    return "it has not failed, so there is nothing to run again"
