"""Pods are ended by their uid, however late another takes the name; one that nothing would start again is left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from adapters.targets.kubernetes import Kubernetes
from engine.model import Result
from tests.adapters.recorded_kubernetes import RecordedKubernetes, connected, recorded_kubernetes, refused
from tests.approved import bound, filled

NODE, PODS = "/api/v1/nodes/n1", "/api/v1/pods"
POD = "/api/v1/namespaces/shop/pods/web-1"
EVICTION = f"{POD}/eviction"


def pod(owned: bool = True) -> dict[str, Any]:
    owners = [{"kind": "ReplicaSet", "name": "web-7d9f", "uid": "rs1", "controller": True}] if owned else []
    made = {"creationTimestamp": "2026-11-21T07:00:00Z", "namespace": "shop", "name": "web-1", "uid": "p1"}
    return {"metadata": {**made, "ownerReferences": owners}, "spec": {"nodeName": "n1"}, "status": {}}


@pytest.fixture
async def server() -> AsyncIterator[RecordedKubernetes]:
    async with recorded_kubernetes() as server:
        about = {"name": "n1", "uid": "u1", "resourceVersion": "7", "creationTimestamp": "2026-11-21T07:00:00Z"}
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        node = {"metadata": about, "spec": {}, "status": ready}
        contents = {"resources": [{"name": "pods/eviction", "group": "policy", "version": "v1"}]}
        server.answers |= {f"GET {NODE}": node, f"PATCH {NODE}": node, f"GET {POD}": pod()}
        server.answers |= {"GET /api/v1": contents, f"GET {PODS}": {"items": [pod()], "metadata": {}}}
        yield server


@pytest.fixture
async def target(server: RecordedKubernetes, tmp_path: Path) -> AsyncIterator[Kubernetes]:
    async with connected(server.url, tmp_path) as target:
        yield target


@pytest.mark.parametrize(
    ("name", "parameters", "call", "result"),
    [
        ("restart_pod", {"namespace": "shop", "pod_name": "web-1"}, f"DELETE {POD}", Result.CHANGED),
        ("drain_node", {"node_name": "n1"}, f"POST {EVICTION}", Result.DONE),
    ],
)
async def test_only_the_very_pod_that_was_seen_is_ended(
    server: RecordedKubernetes, target: Kubernetes, name: str, parameters: dict[str, str], call: str, result: Result
) -> None:
    """Kubernetes compares the uid itself, and says so; a drain is done where the pod that was seen is no more."""
    bodies: list[Any] = []

    async def another(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        return refused(409, "the UID in the precondition does not match")

    server.answers[call] = another
    outcome = await target.act(await filled(target, name, **parameters))
    assert outcome.result is result, outcome
    [body] = bodies
    assert body.get("deleteOptions", body)["preconditions"] == {"uid": "p1"}


async def test_a_node_with_a_pod_that_nothing_would_start_again_is_not_drained(
    server: RecordedKubernetes, target: Kubernetes
) -> None:
    server.answers[f"GET {PODS}"] = {"items": [pod(), pod(owned=False)], "metadata": {}}
    outcome = await target.act(await filled(target, "drain_node", node_name="n1"))
    assert (outcome.result, "Nothing would start" in outcome.detail) == (Result.FAILED, True)
    assert {line.partition(" ")[0] for line in server.heard} == {"GET"}


async def test_outside_of_the_fence_nobody_is_even_asked(server: RecordedKubernetes, target: Kubernetes) -> None:
    system = {"namespace": "kube-system", "pod_name": "dns-1"}
    outcome = await target.act(bound(target, "restart_pod", {"pod_uid": "p1"}, **system))
    assert (outcome.result, "KUBERNETES_NAMESPACES" in outcome.detail) == (Result.FAILED, True)
    assert server.heard == []
