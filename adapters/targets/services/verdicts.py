"""May it be limited so, and did it work? From what systemd or Docker shows now and what was seen before. Pure.

UNKNOWN with "the request did not arrive" is what recovery after a crash lives by: the service is in the very start that
was seen, so nothing shows that our call was made.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.targets.services.found import NO_LIMIT, Container, Found, Gone, Unit, healthy, sentence, size
from engine.model import Judgement, Verdict

_UNTOUCHED = "It is still in the start that was seen before: the request did not arrive."

_INACTIVE = "It ended soon after its start, or was not started: by a condition, what it requires, or somebody's stop."


def restarted(found: Found, seen: Mapping[str, str], now: float, stable: float) -> Verdict:
    """``now`` in Unix seconds; up for ``stable`` seconds is up."""
    judgement, why = _restarted(found, seen)
    if judgement is Judgement.WORKED and isinstance(found, Unit | Container) and _up(found):
        age = now - found.since
        if age < stable:
            judgement, why = Judgement.NOT_YET, f"It has been up for {max(age, 0):.0f} of {stable:.0f} seconds."
    return Verdict(judgement, f"{sentence(found)}.{' ' if why else ''}{why}")


def limited(found: Found, seen: Mapping[str, str], wanted: int) -> Verdict:
    """Whether systemd shows the wanted memory limit, in bytes."""
    judgement, why = _limited(found, seen, wanted)
    return Verdict(judgement, f"{sentence(found)}.{' ' if why else ''}{why}")


def _restarted(found: Found, seen: Mapping[str, str]) -> tuple[Judgement, str]:
    match found:
        case Unit() if "invocation" in seen:
            return _unit(found, seen)
        case Container() if seen.get("container_id") == found.id:
            return _container(found, seen)
        case Container() if "container_id" in seen:
            return Judgement.UNKNOWN, "It is not the container that was seen: somebody has replaced it."
        case Gone() if seen.get("by"):
            return Judgement.UNKNOWN, "It was there before: somebody has removed it."
        case _:
            return Judgement.UNKNOWN, "It was not seen before, so nothing can be compared."


def _unit(unit: Unit, seen: Mapping[str, str]) -> tuple[Judgement, str]:
    if unit.job:
        return Judgement.NOT_YET, "systemd is at it."
    if unit.active == "inactive" and seen.get("active_state") == "inactive":
        return Judgement.UNKNOWN, "It is stopped as before: the request did not arrive, or it ended at once."
    if unit.start == seen["invocation"]:
        return _same_start(unit, was=seen.get("active_state", ""), is_now=unit.active)
    if unit.sub.startswith("auto-restart") or unit.restarts > int(seen.get("restarts", 0)):
        return Judgement.FAILED, "It died again, and systemd starts it anew."
    if unit.active == "inactive":
        done = unit.type == "oneshot" and unit.result == "success"
        return (Judgement.WORKED, "It ran to its end.") if done else (Judgement.FAILED, _INACTIVE)
    return _by_health(unit)


def _container(container: Container, seen: Mapping[str, str]) -> tuple[Judgement, str]:
    if container.started_at == seen.get("started_at"):
        return _same_start(container, was=seen.get("status", ""), is_now=container.status)
    if container.status in ("exited", "restarting"):
        return Judgement.FAILED, "It ended soon after its start."
    return _by_health(container)


def _same_start(found: Unit | Container, *, was: str, is_now: str) -> tuple[Judgement, str]:
    if healthy(found) and was != is_now:
        return Judgement.RECOVERED, "It came up by itself, without a restart."
    if isinstance(found, Unit) and found.result == "start-limit-hit":
        judgement = Judgement.UNKNOWN if was == is_now else Judgement.FAILED
        return judgement, f"systemd starts it no more, so often was it started: systemctl reset-failed {found.name}."
    return Judgement.UNKNOWN, _UNTOUCHED


def _by_health(found: Unit | Container) -> tuple[Judgement, str]:
    match healthy(found):
        case True:
            return Judgement.WORKED, ""
        case False:
            return Judgement.FAILED, "It was started again in vain."
        case None:
            return Judgement.NOT_YET, ""


def _up(found: Unit | Container) -> bool:
    return found.active == "active" if isinstance(found, Unit) else found.status == "running"


def _limited(found: Found, seen: Mapping[str, str], wanted: int) -> tuple[Judgement, str]:
    if not isinstance(found, Unit) or "memory_max" not in seen:
        return Judgement.UNKNOWN, "It was not seen before, so nothing can be compared."
    if size(found.memory_max) == seen["memory_max"]:
        return Judgement.UNKNOWN, "Its memory limit is what it was before: the request did not arrive."
    if found.memory_max == wanted:
        return Judgement.WORKED, ""
    return Judgement.UNKNOWN, f"That is not {size(wanted)}: somebody else has set it."


def no_limit_for(unit: Unit, wanted: int, there: int) -> str:
    """Why this many bytes would do harm or be no limit at all, or nothing; ``there`` are the machine's own."""
    if unit.memory_current != NO_LIMIT and wanted <= unit.memory_current:
        return f"{unit.name} uses {unit.memory_current // 2**20}M now: {size(wanted)} would kill it."
    return f"This machine has {there // 2**20}M of memory, less than {size(wanted)}." if wanted > there else ""
