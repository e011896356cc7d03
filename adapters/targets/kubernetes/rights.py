"""Which rights the agent has: those it needs, and those that it should not have."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from adapters.targets.kubernetes.client import Client
from adapters.targets.kubernetes.fence import NAMESPACES, Fence
from adapters.targets.kubernetes.reading import refusal
from adapters.targets.kubernetes.shown import Review
from engine.errors import Unreachable


@dataclass(frozen=True, slots=True)
class Right:
    verb: str
    resource: str
    group: str = ""
    part: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f'/{self.part}' if self.part else ''}"


IN_NAMESPACE = (
    Right("get", "pods"),
    Right("list", "pods"),
    Right("delete", "pods"),
    Right("list", "events"),
    Right("get", "replicasets", "apps"),
    Right("list", "replicasets", "apps"),
    Right("get", "deployments", "apps"),
    Right("patch", "deployments", "apps"),
    Right("list", "horizontalpodautoscalers", "autoscaling"),
)
ON_NODES = (
    Right("get", "nodes"),
    Right("patch", "nodes"),
    Right("list", "pods"),
    Right("create", "pods", part="eviction"),
)
TOO_MUCH = (
    Right("get", "secrets"),
    Right("create", "pods"),
    Right("create", "pods", part="exec"),
    Right("delete", "deployments", "apps"),
    Right("delete", "nodes"),
    Right("create", "rolebindings", "rbac.authorization.k8s.io"),
)


async def lacking(client: Client, fence: Fence) -> AsyncIterator[str]:
    """Each right that is needed and not there, and where. Raises Unreachable."""
    for namespace in _places(fence):
        for right in IN_NAMESPACE:
            if not await _may(client, right, namespace):
                yield f"{right} in {f'namespace {namespace}' if namespace else 'all namespaces'}"
    for right in ON_NODES if fence.nodes else ():
        if not await _may(client, right, ""):
            yield f"{right} in the whole cluster"


async def needless(client: Client, fence: Fence) -> AsyncIterator[str]:
    """Each right that no action needs and that would do harm in wrong hands. Raises Unreachable."""
    for right in TOO_MUCH:
        for namespace in ("", *_places(fence)):
            if await _may(client, right, namespace):
                yield f"{right} in {f'namespace {namespace}' if namespace else 'the whole cluster'}"
                break


def patterns(fence: Fence) -> str:
    """What may be acted on, as a person reads it."""
    namespaces, nodes = ", ".join(fence.namespaces), ", ".join(fence.nodes)
    within = f"in namespaces {namespaces}" if namespaces else f"in no namespace ({NAMESPACES})"
    return f"{within}, on {f'nodes {nodes}' if nodes else 'no node'}"


def _places(fence: Fence) -> Iterator[str]:
    """A pattern stands for namespaces that may come tomorrow, so it needs the rights in all of them."""
    exact = [one for one in fence.namespaces if "*" not in one]
    yield from exact
    if len(exact) < len(fence.namespaces):
        yield ""


async def _may(client: Client, right: Right, namespace: str) -> bool:
    """Any signed-in user may ask this: https://kubernetes.io/docs/reference/access-authn-authz/authorization/"""
    about = {"verb": right.verb, "resource": right.resource, "group": right.group, "subresource": right.part}
    wanted = {"spec": {"resourceAttributes": {**about, "namespace": namespace}}}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", **wanted}
    reply = await client.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    if not reply.ok:
        raise Unreachable(refusal(client, reply), temporary=False)
    try:
        return Review.model_validate(reply.body).status.allowed
    except ValidationError:
        raise Unreachable(f"{client.place} answered something that Kubernetes does not say.") from None
