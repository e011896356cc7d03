"""The exact change for what stands there now: bound to that object in that version, and marked as ours."""

from __future__ import annotations

from adapters.targets.kubernetes.actions import (
    Body,
    Change,
    cordoned,
    marked,
    remembering,
    restarted,
    rolled_back,
    scaled,
)
from adapters.targets.kubernetes.found import MARK, Found, Workload, template_of
from adapters.targets.kubernetes.memory import increased
from adapters.targets.kubernetes.reading import Reader
from adapters.targets.kubernetes.shown import About, Autoscalers, Node
from engine.errors import Refused
from engine.model import Action


def path(wanted: Change) -> str:
    return wanted.deployed if wanted.deployment else wanted.node


async def body(reader: Reader, action: Action, wanted: Change, found: Found) -> Body:
    """Raises Refused, or Unreachable as long as nothing has been sent."""
    match found:
        case Workload():
            change = await _of_workload(reader, action.name, wanted, found)
            return marked(change, _bound(found.deployment.metadata, action.id))
        case Node():
            return marked(cordoned(cordon=action.name != "uncordon_node"), _bound(found.metadata, action.id))
        case _:
            raise Refused("There is nothing to change.")


async def _of_workload(reader: Reader, name: str, wanted: Change, found: Workload) -> Body:
    match name:
        case "rollout_restart":
            return restarted(reader.patience.now.isoformat(timespec="seconds"))
        case "scale_deployment":
            await _no_autoscaler(reader, wanted)
            return scaled(wanted.replicas)
        case "increase_memory_limit":
            return remembering(wanted.container_name, _limit(found, wanted))
        case _:
            return rolled_back(_earlier(found, wanted.revision))


async def _no_autoscaler(reader: Reader, wanted: Change) -> None:
    """Raises Refused if one would undo it at once."""
    scalers = await reader.read(
        f"/apis/autoscaling/v1/namespaces/{wanted.namespace}/horizontalpodautoscalers", Autoscalers
    )
    for one in scalers.items if isinstance(scalers, Autoscalers) else ():
        if (one.spec.scale_target_ref.kind, one.spec.scale_target_ref.name) == ("Deployment", wanted.deployment):
            raise Refused(f"Autoscaler {one.metadata.name} sets its number of pods, and would undo this.")


def _bound(about: About, action_id: str) -> Body:
    return {"uid": about.uid, "resourceVersion": about.resource_version, "annotations": {MARK: action_id}}


def _limit(workload: Workload, wanted: Change) -> str:
    """Raises Refused."""
    for container in workload.deployment.spec.template.spec.containers:
        if container.name == wanted.container_name:
            if not container.memory_limit:
                raise Refused(f"Container {container.name} has no memory limit: what it lacks is its node's memory.")
            return increased(container.memory_limit, wanted.memory_limit)
    raise Refused(f"Deployment {wanted.deployment} has no container {wanted.container_name}.")


def _earlier(workload: Workload, revision: int) -> Body:
    """Raises Refused."""
    for one in workload.earlier:
        if revision in (0, one.metadata.revision):
            return template_of(one)
    which = f"revision {revision}" if revision else "earlier revision"
    raise Refused(f"Kubernetes keeps no {which} of it before revision {workload.revision}.")
