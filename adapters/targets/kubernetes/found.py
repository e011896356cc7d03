"""What Kubernetes shows, in its own words and in ours. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, assert_never

from adapters.targets.kubernetes.shown import Container, Deployment, Node, Pod, ReplicaSet, State, Warned
from engine.redact import redact

RESTARTED = "kubectl.kubernetes.io/restartedAt"

MARK = "oncall-agent/action"
"""The annotation that carries the id of the last action of ours: what shows, even after a crash, that it arrived."""

STUCK = frozenset(
    {"CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "InvalidImageName", "CreateContainerConfigError"}
    | {"CreateContainerError", "RunContainerError"}
)
"""Reasons of a waiting container that do not go away by waiting a little."""


@dataclass(frozen=True, slots=True)
class Gone:
    """Kubernetes says that there is no such thing."""

    words: str


@dataclass(frozen=True, slots=True)
class Workload:
    """A deployment with the replica sets and pods that are its own, by owner and not by label."""

    deployment: Deployment
    replica_sets: tuple[ReplicaSet, ...]
    pods: tuple[Pod, ...]

    @property
    def revision(self) -> int:
        return self.deployment.metadata.revision

    @property
    def failed(self) -> str:
        """Why Kubernetes has given up on the rollout; for a while it still says so of the one before, by its name."""
        said = self.deployment.failed
        before = (one.metadata for one in self.replica_sets if one.metadata.revision != self.revision)
        return "" if any(f'"{one.name}{end}' in said for one in before for end in '-"') else said

    @property
    def earlier(self) -> tuple[ReplicaSet, ...]:
        """Those of earlier revisions whose pods differ in more than a restart, the latest first."""
        present = [_essence(one) for one in self.replica_sets if one.metadata.revision == self.revision]
        older = (one for one in self.replica_sets if one.metadata.revision < self.revision)
        differing = (one for one in older if _essence(one) not in present)
        return tuple(sorted(differing, key=lambda one: one.metadata.revision, reverse=True))

    @property
    def newest_pods(self) -> tuple[Pod, ...]:
        """The pods of the present revision."""
        present = {one.metadata.uid for one in self.replica_sets if one.metadata.revision == self.revision}
        return tuple(pod for pod in self.pods if pod.metadata.owner and pod.metadata.owner.uid in present)


Found: TypeAlias = Pod | Workload | Node | Gone


@dataclass(frozen=True, slots=True)
class Patience:
    """``now`` is the server's time; the seconds are those of the settings."""

    now: datetime
    steady_seconds: float
    settled_seconds: float


def state(found: Found, patience: Patience) -> Mapping[str, str]:
    """What an approval is bound to: which very object it is, what was asked of it, and whether it is well again."""
    match found:
        case Pod():
            owner = found.metadata.owner
            well = "yes" if pod_healthy(found, patience) else "no"
            ending = {"ending": "yes"} if found.metadata.deletion_timestamp else {}
            owned = {"owner": f"{owner.kind} {owner.name}", "owner_uid": owner.uid} if owner else {}
            return {"pod_uid": found.metadata.uid, "well": well, **owned, **ending}
        case Workload(deployment=deployment):
            earlier = {"earlier_revision": str(found.earlier[0].metadata.revision)} if found.earlier else {}
            about = deployment.metadata
            return {
                "deployment_uid": about.uid,
                "generation": str(about.generation),
                "revision": str(found.revision),
                **earlier,
            }
        case Node():
            return {
                "node_uid": found.metadata.uid,
                "unschedulable": "yes" if found.spec.unschedulable else "no",
                "ready": "yes" if found.ready else "no",
            }
        case Gone():
            return {"exists": "no"}
        case _:
            assert_never(found)


def healthy(found: Found, patience: Patience) -> bool | None:
    """True only where Kubernetes shows both a trouble and its end: what never was in trouble here proves nothing."""
    match found:
        case Pod():
            return pod_healthy(found, patience)
        case Workload():
            return _workload_healthy(found, patience)
        case Node():
            return False if not found.ready or found.pressures else None
        case Gone():
            return None
        case _:
            assert_never(found)


def pod_healthy(pod: Pod, patience: Patience) -> bool | None:
    if pod.status.phase == "Failed" or any(pod_troubles(pod)):
        return False
    if not pod.ready or pod.metadata.deletion_timestamp:
        return None
    if (trouble := _last_trouble(pod)) is None:
        return None
    return (patience.now - trouble).total_seconds() >= patience.settled_seconds or None


def _workload_healthy(workload: Workload, patience: Patience) -> bool | None:
    pods = [pod_healthy(pod, patience) for pod in workload.newest_pods]
    if workload.failed or False in pods:
        return False
    settled = rolled_out(workload.deployment) and all(pod.ready for pod in workload.newest_pods)
    return True if settled and True in pods and not _fresh_trouble(workload, patience) else None


def _fresh_trouble(workload: Workload, patience: Patience) -> bool:
    times = [at for pod in workload.newest_pods if (at := _last_trouble(pod))]
    return any((patience.now - at).total_seconds() < patience.settled_seconds for at in times)


def _last_trouble(pod: Pod) -> datetime | None:
    """When a container last ended and was started again."""
    ends = (status.last_state.terminated for status in pod.status.container_statuses)
    return max((end.finished_at for end in ends if end and end.finished_at), default=None)


def pod_troubles(pod: Pod) -> Iterator[str]:
    """What is wrong with its containers, in Kubernetes' words."""
    for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
        if status.state.waiting and status.state.waiting.reason in STUCK:
            yield f"container {status.name} waits: {status.state.waiting.reason}"
        elif status.state.terminated and status.state.terminated.exit_code:
            yield f"container {status.name} has ended: {_end(status.state)}"
    if pod.unschedulable:
        yield "no node can take it"


def rolled_out(deployment: Deployment) -> bool:
    """The rule of kubectl rollout status."""
    status, wanted = deployment.status, deployment.spec.replicas
    seen = status.observed_generation >= deployment.metadata.generation
    return seen and status.updated_replicas == status.replicas == status.available_replicas == wanted


def steady(pods: Sequence[Pod], patience: Patience) -> bool:
    """Every one has been ready for long enough."""
    return all(
        pod.ready_since is not None and (patience.now - pod.ready_since).total_seconds() >= patience.steady_seconds
        for pod in pods
    )


def sentence(found: Found, warnings: Sequence[Warned] = ()) -> str:
    match found:
        case Pod():
            return f"{_pod_sentence(found)}{_warned(warnings)}"
        case Workload():
            return f"{_workload_sentence(found)}{_warned(warnings)}"
        case Node():
            return f"{_node_sentence(found)}{_warned(warnings)}"
        case Gone():
            return f"Kubernetes says: {found.words}"
        case _:
            assert_never(found)


def _pod_sentence(pod: Pod) -> str:
    about = pod.metadata
    owner = f", of {about.owner.kind} {about.owner.name}" if about.owner else ", managed by nothing"
    where = f" on node {pod.spec.node_name}" if pod.spec.node_name else ""
    what = "being ended" if about.deletion_timestamp else pod.status.reason or pod.status.phase or "not started"
    ready = "ready" if pod.ready else "not ready"
    said = "; ".join((*pod_troubles(pod), *_restarts(pod)))
    return f"Pod {about.name} in {about.namespace}{where}{owner}: {what}, {ready}{f'; {said}' if said else ''}"


def _restarts(pod: Pod) -> Iterator[str]:
    for status in pod.status.container_statuses:
        if status.restart_count:
            times = "once" if status.restart_count == 1 else f"{status.restart_count} times"
            last = f", the last end: {_end(status.last_state)}" if status.last_state.terminated else ""
            yield f"container {status.name} was restarted {times}{last}"


def _end(state: State) -> str:
    end = state.terminated
    return f"{end.reason or 'ended'}, exit code {end.exit_code}" if end else "not known"


def _workload_sentence(workload: Workload) -> str:
    deployment = workload.deployment
    about, status = deployment.metadata, deployment.status
    limits = ", ".join(_limit(one) for one in deployment.spec.template.spec.containers)
    troubles = [f"{pod.metadata.name}: {trouble}" for pod in workload.newest_pods for trouble in pod_troubles(pod)][:3]
    failed = f"; {workload.failed}" if workload.failed else ""
    paused = "; its rollout is paused" if deployment.spec.paused else ""
    return (
        f"Deployment {about.name} in {about.namespace}, revision {workload.revision}: {status.ready_replicas} of"
        f" {deployment.spec.replicas} pods ready, {status.updated_replicas} of this revision; {limits}{failed}{paused}"
        f"{''.join(f'; {trouble}' for trouble in troubles)}"
    )


def _limit(container: Container) -> str:
    memory = container.memory_limit
    return f"container {container.name} {f'may use {memory} of memory' if memory else 'has no memory limit'}"


def _node_sentence(node: Node) -> str:
    said = ["ready" if node.ready else f"not ready ({node.why_not_ready})", *node.pressures]
    said.append("cordoned: takes no new pods" if node.spec.unschedulable else "takes new pods")
    return f"Node {node.metadata.name}: {', '.join(said)}"


def _warned(warnings: Sequence[Warned]) -> str:
    """An image's address may hold a password."""
    said = "; ".join(f"{one.reason}: {' '.join(redact(one.message).split())[:160]}" for one in warnings)
    return f". Last warnings: {said}" if said else ""


def template_of(replica_set: ReplicaSet) -> dict[str, Any]:
    """What a deployment's template was then: the replica set's own, without the label that tells it from others."""
    template = dict(replica_set.spec.template)
    about = dict(template.get("metadata") or {})
    labels = {name: value for name, value in (about.get("labels") or {}).items() if name != "pod-template-hash"}
    return {**template, "metadata": {**about, "labels": labels}}


def _essence(replica_set: ReplicaSet) -> dict[str, Any]:
    template = template_of(replica_set)
    about = template["metadata"]
    notes = {name: value for name, value in (about.get("annotations") or {}).items() if name != RESTARTED}
    return {**template, "metadata": {**about, "annotations": notes}}
