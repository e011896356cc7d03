"""Reads from Kubernetes: the thing that is named, what is its own, and what came in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ValidationError

from adapters.targets.kubernetes.client import Client, Lost, Reply
from adapters.targets.kubernetes.found import Found, Gone, Patience, Workload
from adapters.targets.kubernetes.places import Where, where
from adapters.targets.kubernetes.shown import (
    Deployment,
    Events,
    Node,
    Pod,
    Pods,
    ReplicaSet,
    ReplicaSets,
    Selector,
    Warned,
)
from engine.errors import Unreachable

MOST = 500
"""Pods of one list: what the API's own authors ask for at a time."""

Kind = TypeVar("Kind", bound=BaseModel)
Uids: TypeAlias = frozenset[str]


@dataclass(frozen=True, slots=True)
class Replacement:
    """A pod that was to go: what stands under its name, and what its owner has started since."""

    old: Pod | Gone
    successor: Pod | None
    missing: int
    """How many pods the owner still lacks; not above zero, and no successor, if it wants no more of them."""


@dataclass(frozen=True, slots=True)
class Drained:
    """A node and the pods on it that a drain would evict."""

    node: Node | Gone
    pods: tuple[Pod, ...]


class Reader:
    """Every call raises Unreachable, and Refused where Kubernetes gives a name that it does not allow itself."""

    def __init__(self, client: Client, steady_seconds: float, settled_seconds: float) -> None:
        self._client = client
        self._seconds = (steady_seconds, settled_seconds)
        self._now = datetime.now(UTC)

    @property
    def patience(self) -> Patience:
        """With the server's time as of its last answer."""
        return Patience(self._now, *self._seconds)

    async def find(self, at: Where) -> Found:
        if at.pod_name:
            return await self.read(at.pod, Pod)
        if at.deployment:
            return await self._workload(at)
        return await self.read(at.node, Node)

    async def read(self, path: str, kind: type[Kind]) -> Kind | Gone:
        try:
            reply = await self._client.ask("GET", path)
        except Lost as error:  # a read that is lost has changed nothing
            raise Unreachable(str(error)) from None
        self._now = reply.at
        if reply.status == HTTPStatus.NOT_FOUND and reply.body.get("kind") == "Status":
            return Gone(reply.words)
        if not reply.ok:
            raise self.unreadable(reply)
        try:
            return kind.model_validate(reply.body)
        except ValidationError:
            raise Unreachable(f"{self._client.place} answered something that Kubernetes does not say.") from None

    def unreadable(self, reply: Reply) -> Unreachable:
        return Unreachable(refusal(self._client, reply), temporary=reply.status >= HTTPStatus.TOO_MANY_REQUESTS)

    async def warnings(self, pod: Pod) -> tuple[Warned, ...]:
        """The last three about it, the newest last."""
        about = pod.metadata
        query = urlencode({"fieldSelector": f"involvedObject.uid={about.uid},type=Warning", "limit": MOST})
        events = await self.read(f"/api/v1/namespaces/{about.namespace}/events?{query}", Events)
        items = events.items if isinstance(events, Events) else ()
        return tuple(sorted(items, key=lambda one: str(one.last_timestamp or ""))[-3:])

    async def deployment(self, pod: Pod) -> str:
        """The deployment that a pod is of, by owner and owner's owner, each by its uid; empty if it is of none."""
        owner = pod.metadata.owner
        if owner is None or owner.kind != "ReplicaSet":
            return ""
        at = where({"namespace": pod.metadata.namespace, "replica_set": owner.name}, Where)
        found = await self.read(at.replicated, ReplicaSet)
        if isinstance(found, Gone) or found.metadata.uid != owner.uid:
            return ""
        above = found.metadata.owner
        return above.name if above and above.kind == "Deployment" else ""

    async def node(self, pod: Pod) -> Node | None:
        """The node that it is on; None if it is on none, or on one that has gone."""
        if not pod.spec.node_name:
            return None
        found = await self.read(where({"node_name": pod.spec.node_name}, Where).node, Node)
        return found if isinstance(found, Node) else None

    async def replacement(self, at: Where, seen: Mapping[str, str], before: Uids | None) -> Replacement:
        """``before``: the pods that were there before; None if nobody remembers."""
        old = await self.read(at.pod, Pod)
        if isinstance(old, Pod) and old.metadata.uid != seen.get("pod_uid"):
            return Replacement(old, old, 0)
        if isinstance(old, Pod) and not old.metadata.deletion_timestamp:
            return Replacement(old, None, 0)
        if seen.get("owner", "").startswith("ReplicaSet "):
            return await self._replica(at, old, seen, before)
        came = [] if isinstance(old, Pod) or before is None else _others(await self._live(at, seen), before)
        return Replacement(old, _newest(came), 0 if came else 1)

    async def siblings(self, at: Where, seen: Mapping[str, str]) -> Uids:
        return frozenset(one.metadata.uid for one in await self._live(at, seen))

    async def _replica(self, at: Where, old: Pod | Gone, seen: Mapping[str, str], before: Uids | None) -> Replacement:
        """A replica set starts another pod as soon as one is being ended, and does not wait for its end."""
        live = await self._live(at, seen)
        missing = await self._wanted(at, seen["owner_uid"]) - len(live)
        return Replacement(old, _newest(_others(live, before or frozenset())), missing)

    async def _live(self, at: Where, seen: Mapping[str, str]) -> list[Pod]:
        """The pods of the same owner that are there to stay."""
        pods = await self._pods(f"{at.inside}/pods?limit={MOST}")
        own = [one for one in pods if one.metadata.owner and one.metadata.owner.uid == seen.get("owner_uid")]
        return [one for one in own if not one.metadata.deletion_timestamp and not one.has_ended]

    async def drained(self, at: Where) -> Drained:
        node = await self.read(at.node, Node)
        query = urlencode({"fieldSelector": f"spec.nodeName={at.node_name}", "limit": MOST})
        pods = await self._pods(f"/api/v1/pods?{query}") if isinstance(node, Node) else ()
        return Drained(node, tuple(pod for pod in pods if _to_evict(pod)))

    async def _wanted(self, at: Where, owner_uid: str) -> int:
        """How many pods a replica set wants."""
        sets = await self.read(f"{at.apps}/replicasets?limit={MOST}", ReplicaSets)
        known = [one for one in (sets.items if isinstance(sets, ReplicaSets) else ()) if one.metadata.uid == owner_uid]
        return known[0].spec.replicas if known else 0

    async def _workload(self, at: Where) -> Workload | Gone:
        deployment = await self.read(at.deployed, Deployment)
        if isinstance(deployment, Gone):
            return deployment
        query = f"labelSelector={quote(_selection(deployment.spec.selector))}&limit={MOST}"
        sets = await self.read(f"{at.apps}/replicasets?{query}", ReplicaSets)
        own = tuple(one for one in _items(sets) if _owned(one, deployment.metadata.uid))
        uids = {one.metadata.uid for one in own}
        pods = await self._pods(f"{at.inside}/pods?{query}")
        return Workload(
            deployment, own, tuple(one for one in pods if one.metadata.owner and one.metadata.owner.uid in uids)
        )

    async def _pods(self, path: str) -> tuple[Pod, ...]:
        """All of them, page by page."""
        found: list[Pod] = []
        after = ""
        while True:
            page = await self.read(f"{path}{after}", Pods)
            if not isinstance(page, Pods):
                return tuple(found)
            found += page.items
            if not page.metadata.continues:
                return tuple(found)
            after = f"&continue={quote(page.metadata.continues, safe='')}"


def refusal(client: Client, reply: Reply) -> str:
    if reply.status == HTTPStatus.UNAUTHORIZED:
        return f"Kubernetes did not accept the sign-in of {client.who}: it needs a new token."
    if reply.status == HTTPStatus.FORBIDDEN:
        return f"Kubernetes forbids it: {reply.words}. manifests/kubernetes has the rights that are needed."
    if reply.status in (HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.TEMPORARY_REDIRECT):
        return f"{client.place} answered by a redirect, which I do not follow: check the address."
    return f"Kubernetes at {client.place} answered: {reply.words}."


def _others(pods: Sequence[Pod], than: Uids) -> list[Pod]:
    return [one for one in pods if one.metadata.uid not in than]


def _newest(pods: Sequence[Pod]) -> Pod | None:
    return max(pods, key=lambda one: one.metadata.creation_timestamp, default=None)


def _items(sets: ReplicaSets | Gone) -> tuple[ReplicaSet, ...]:
    return sets.items if isinstance(sets, ReplicaSets) else ()


def _owned(one: ReplicaSet, uid: str) -> bool:
    return one.metadata.owner is not None and one.metadata.owner.uid == uid


def _to_evict(pod: Pod) -> bool:
    """As kubectl drain: daemons would come back at once, mirrors stand in a file, what has ended needs no end."""
    owner = pod.metadata.owner
    return not (pod.is_mirror or pod.has_ended or (owner is not None and owner.kind == "DaemonSet"))


def _selection(selector: Selector) -> str:
    """https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors"""
    parts = [f"{name}={value}" for name, value in selector.match_labels.items()]
    for one in selector.match_expressions:
        key, values = one.get("key"), ",".join(one.get("values") or ())
        match one.get("operator"):
            case "In":
                parts.append(f"{key} in ({values})")
            case "NotIn":
                parts.append(f"{key} notin ({values})")
            case "Exists":
                parts.append(f"{key}")
            case _:
                parts.append(f"!{key}")
    return ",".join(parts)
