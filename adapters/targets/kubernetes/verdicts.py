"""May it be done now, and did it work? From what Kubernetes shows now and what was seen before we acted. Pure.

A change of ours carries the action's id as an annotation, so a call whose answer was lost can be told from one that
never arrived. A deleted pod cannot carry one: it is known by its uid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.targets.kubernetes.found import (
    MARK,
    STUCK,
    Found,
    Gone,
    Patience,
    Workload,
    healthy,
    pod_healthy,
    rolled_out,
    sentence,
    state,
    steady,
)
from adapters.targets.kubernetes.reading import Drained, Replacement
from adapters.targets.kubernetes.shown import Node, Pod
from engine.model import Action, Judgement, Outcome, Result, Verdict

UNTOUCHED = "Kubernetes still shows what it showed before: the request did not arrive."
_CORDONS: Mapping[str, bool] = {"cordon_node": True, "uncordon_node": False, "drain_node": True}


def marks(found: Found) -> str:
    """The id of the action that changed it last, of those that are ours."""
    match found:
        case Workload(deployment=one):
            return one.metadata.annotations.get(MARK, "")
        case Node() | Pod():
            return found.metadata.annotations.get(MARK, "")
        case _:
            return ""


def why_not(action: Action, found: Found, patience: Patience) -> Outcome | None:
    """Why the request would be of no use, or do harm, as things are at this moment; None if it may be sent."""
    said = f"{sentence(found)}."
    if marks(found) == action.id:
        return Outcome(Result.NOTHING_DONE, f"{said} It has been done before, and was not again.")
    if isinstance(found, Gone) and action.seen == state(found, patience):
        return Outcome(Result.FAILED, f"{said} Nothing was sent.")
    if state(found, patience) != action.seen:
        return Outcome(Result.CHANGED, f"It is not as you saw it, so I sent nothing. {said}")
    if (reason := next(_objections(action, found), None)) is not None:
        return Outcome(Result.FAILED, f"{said} {reason} Nothing was sent.")
    if isinstance(found, Node) and found.spec.unschedulable is _CORDONS[action.name] and action.name != "drain_node":
        return Outcome(Result.NOTHING_DONE, f"{said} So it is already. Nothing was sent.")
    return None


def _objections(action: Action, found: Found) -> Iterator[str]:
    if isinstance(found, Pod):
        if found.metadata.deletion_timestamp:
            yield "It is being ended already."
        if found.is_mirror:
            yield "It stands in a file on its node, so its deletion would end nothing."
        if found.metadata.owner is None:
            yield "Nothing manages it, so nothing would start it again."
    if isinstance(found, Workload) and found.deployment.spec.paused and action.name != "scale_deployment":
        yield "Its rollout is paused, so nothing would happen."


def verdict(action: Action, found: Found, patience: Patience) -> Verdict:
    """Of everything but a restarted pod and a drain."""
    judgement, why = _changed(action, found, patience)
    return Verdict(judgement, f"{sentence(found)}.{' ' if why else ''}{why}")


def _changed(action: Action, found: Found, patience: Patience) -> tuple[Judgement, str]:
    if isinstance(found, Gone):
        return Judgement.UNKNOWN, ""
    if marks(found) != action.id:
        return _not_ours(action, found, patience)
    if isinstance(found, Workload):
        return _not_ours(action, found, patience) if _superseded(action, found) else _rolled(found, patience)
    so = isinstance(found, Node) and found.spec.unschedulable is _CORDONS[action.name]
    return (Judgement.WORKED, "") if so else (Judgement.FAILED, "Somebody has undone it.")


def _not_ours(action: Action, found: Found, patience: Patience) -> tuple[Judgement, str]:
    if state(found, patience) == action.seen:
        return Judgement.UNKNOWN, UNTOUCHED
    if isinstance(found, Node) and found.spec.unschedulable is _CORDONS[action.name]:
        return Judgement.RECOVERED, "Somebody else has done it."
    if healthy(found, patience):
        return Judgement.RECOVERED, "It is well again, and not by this action."
    return Judgement.UNKNOWN, "Somebody else has changed it since, or what keeps it as it stands in a repository."


def _superseded(action: Action, workload: Workload) -> bool:
    """What was asked of it is not what we asked: our mark outlasts our change. Each rollout is one revision more."""
    deployment = workload.deployment
    if action.name == "scale_deployment":
        return str(deployment.spec.replicas) != str(int(action.parameters["replicas"]))
    if deployment.status.observed_generation < deployment.metadata.generation or "revision" not in action.seen:
        return False
    return workload.revision != int(action.seen["revision"]) + 1


def _rolled(workload: Workload, patience: Patience) -> tuple[Judgement, str]:
    deployment = workload.deployment
    if deployment.status.observed_generation < deployment.metadata.generation:
        return Judgement.NOT_YET, ""
    if workload.failed:
        return Judgement.FAILED, "Kubernetes has given the rollout up."
    if any(_is_stuck(pod) for pod in workload.newest_pods):
        return Judgement.FAILED, "The new pods do not start."
    live = [pod for pod in workload.newest_pods if not pod.metadata.deletion_timestamp]
    whole = rolled_out(deployment) and len(live) >= deployment.spec.replicas and steady(live, patience)
    return (Judgement.WORKED, "") if whole else (Judgement.NOT_YET, "")


def replaced(action: Action, shown: Replacement, patience: Patience) -> Verdict:
    """Of a restarted pod: one under a new uid, by the same owner, must be ready and stay so for a while."""
    judgement, why = _replaced(action, shown, patience)
    about = shown.successor or shown.old
    return Verdict(judgement, f"{sentence(about)}.{' ' if why else ''}{why}")


def _replaced(action: Action, shown: Replacement, patience: Patience) -> tuple[Judgement, str]:
    if "pod_uid" not in action.seen:
        return Judgement.UNKNOWN, "It was not seen before, so nothing can be compared."
    old, new = shown.old, shown.successor
    if isinstance(old, Pod) and new is None:
        return _still_there(old, patience)
    if new is None:
        wanted = Judgement.NOT_YET if shown.missing > 0 else Judgement.UNKNOWN
        return wanted, "It has gone, and nothing has come in its place."
    if _is_stuck(new):
        return Judgement.FAILED, "It came in its place and does not start."
    well = shown.missing <= 0 and steady([new], patience)
    going = f" Pod {old.metadata.name} itself has not ended yet." if isinstance(old, Pod) and old is not new else ""
    return (Judgement.WORKED, f"It came in its place.{going}") if well else (Judgement.NOT_YET, "")


def _still_there(old: Pod, patience: Patience) -> tuple[Judgement, str]:
    if old.metadata.deletion_timestamp:
        return Judgement.NOT_YET, _overdue(old, patience)
    if pod_healthy(old, patience):
        return Judgement.RECOVERED, "It is the same pod, and well again."
    return Judgement.UNKNOWN, UNTOUCHED


def _overdue(pod: Pod, patience: Patience) -> str:
    """Until its node says that a pod has ended, Kubernetes keeps it, and starts no other under its name."""
    by = pod.metadata.deletion_timestamp
    if by is None or (patience.now - by).total_seconds() < patience.steady_seconds:
        return ""
    return (
        f"Pod {pod.metadata.name} was to have ended by {by:%H:%M:%S} UTC: its node does not answer, or a finalizer"
        " holds it. Only if the node is dead, delete it by force."
    )


def drained(action: Action, shown: Drained, patience: Patience) -> Verdict:
    """Of a drain: the node is cordoned and nothing is left on it that could run elsewhere."""
    judgement, why = _drained(action, shown, patience)
    left = f" Still on it: {names(shown.pods)}." if shown.pods else " Nothing is left on it to evict."
    return Verdict(judgement, f"{sentence(shown.node)}.{'' if isinstance(shown.node, Gone) else left} {why}".strip())


def _drained(action: Action, shown: Drained, patience: Patience) -> tuple[Judgement, str]:
    node = shown.node
    if isinstance(node, Gone):
        return Judgement.UNKNOWN, ""
    if marks(node) != action.id:
        return _not_ours(action, node, patience)
    if not node.spec.unschedulable:
        return Judgement.FAILED, "Somebody has uncordoned it."
    if not shown.pods:
        return Judgement.WORKED, ""
    if all(pod.metadata.deletion_timestamp for pod in shown.pods):
        return Judgement.NOT_YET, next(filter(None, (_overdue(pod, patience) for pod in shown.pods)), "")
    return Judgement.FAILED, "The drain has not come to its end."


def names(pods: tuple[Pod, ...]) -> str:
    said = ", ".join(f"{pod.metadata.namespace}/{pod.metadata.name}" for pod in pods[:5])
    return f"{said} and {len(pods) - 5} more" if pods[5:] else said


def _is_stuck(pod: Pod) -> bool:
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    return any(one.state.waiting is not None and one.state.waiting.reason in STUCK for one in statuses)
