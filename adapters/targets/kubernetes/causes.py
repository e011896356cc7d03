"""What Kubernetes shows to be behind a pod's trouble, as the id of that failure, and the names it vouches for. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from adapters.targets.kubernetes.found import STUCK, Patience
from adapters.targets.kubernetes.shown import ContainerStatus, Deployment, Node, Pod, Terminated

WAITS: Mapping[str, str] = {
    "ImagePullBackOff": "kubernetes/image-pull-failed",
    "ErrImagePull": "kubernetes/image-pull-failed",
    "InvalidImageName": "kubernetes/image-pull-failed",
    "CreateContainerConfigError": "kubernetes/config-object-missing",
}
"""By the reason for which a container waits."""

KILLED: Mapping[str, str] = {"OOMKilled": "kubernetes/container-oom-killed"}
"""By the reason for which a container has ended."""

EVICTED: Mapping[str, str] = {
    "memory": "kubernetes/evicted-memory",
    "ephemeral": "kubernetes/evicted-disk",
    "inodes": "kubernetes/evicted-disk",
    "disk": "kubernetes/evicted-disk",
}
"""By a word of the kubelet's message. https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/"""

UNSCHEDULABLE, NOT_READY = "kubernetes/unschedulable", "kubernetes/node-not-ready"


@dataclass(frozen=True, slots=True)
class Cause:
    """``shows`` goes on from "Kubernetes says that"; ``container`` is empty where it is no matter of one container."""

    pattern: str
    shows: str
    container: str = ""


def cause(pod: Pod, node: Node | None, patience: Patience, container: str = "") -> Cause | None:
    """The first of what is wrong now, or was until lately; ``container`` is the one that the log is about."""
    return next(_causes(pod, node, patience, container), None)


def _causes(pod: Pod, node: Node | None, patience: Patience, container: str) -> Iterator[Cause]:
    name = pod.metadata.name
    if pod.status.reason == "Evicted":
        for word, pattern in EVICTED.items():
            if word in pod.status.message.lower():
                yield Cause(pattern, f"pod {name} was evicted: {' '.join(pod.status.message.split())[:160]}")
    if node is not None and not node.ready:
        yield Cause(NOT_READY, f"node {node.metadata.name} is not ready ({node.why_not_ready})")
    statuses = (*pod.status.init_container_statuses, *pod.status.container_statuses)
    for status in sorted(statuses, key=lambda one: one.name != container):
        yield from _of_container(status, patience)
    if pod.unschedulable:
        yield Cause(UNSCHEDULABLE, f"no node can take pod {name}")


def _of_container(status: ContainerStatus, patience: Patience) -> Iterator[Cause]:
    waits = status.state.waiting.reason if status.state.waiting else ""
    if waits in WAITS:
        yield Cause(WAITS[waits], f"container {status.name} cannot start ({waits})", status.name)
    end = status.state.terminated or status.last_state.terminated
    still = waits in STUCK or status.state.terminated is not None
    if end and end.reason in KILLED and (still or _lately(end, patience)):
        shows = f"container {status.name} was killed for memory ({end.reason}, exit code {end.exit_code})"
        yield Cause(KILLED[end.reason], shows, status.name)


def _lately(end: Terminated, patience: Patience) -> bool:
    """An end of last week is not behind a failure of now."""
    return end.finished_at is not None and (patience.now - end.finished_at).total_seconds() < patience.settled_seconds


def pod_names(pod: Pod, deployment: str, behind: Cause | None) -> dict[str, str]:
    """The pod's own names; its container only where one is to blame or there is but one."""
    about, containers = pod.metadata, [one.name for one in pod.spec.containers]
    container = behind.container if behind else ""
    names = {
        "namespace": about.namespace,
        "pod_name": about.name,
        "node_name": pod.spec.node_name,
        "deployment": deployment,
        "container_name": container or (containers[0] if len(containers) == 1 else ""),
    }
    return {name: value for name, value in names.items() if value}


def deployment_names(deployment: Deployment) -> dict[str, str]:
    containers = deployment.spec.template.spec.containers
    return {"container_name": containers[0].name} if len(containers) == 1 else {}
