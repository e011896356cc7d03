"""What a look at a pod names and blames, from what a small recorded Kubernetes shows; its names are data like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.targets.kubernetes import Kubernetes
from adapters.targets.kubernetes.causes import EVICTED, KILLED, NOT_READY, UNSCHEDULABLE, WAITS
from adapters.targets.kubernetes.found import sentence
from adapters.targets.kubernetes.shown import Node, Warned
from engine import knowledge
from tests.adapters.recorded_kubernetes import RecordedKubernetes, connected, recorded_kubernetes

POD = "/api/v1/namespaces/shop/pods/web-1"
SET = "/apis/apps/v1/namespaces/shop/replicasets/web-7d9f"
HERE = {"namespace": "shop", "pod_name": "web-1"}
OOM = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-11-21T08:00:00Z"}}


def about(name: str, uid: str, owner: tuple[str, str, str] | None = None) -> dict[str, Any]:
    owners = [{"kind": owner[0], "name": owner[1], "uid": owner[2], "controller": True}] if owner else []
    made = {"creationTimestamp": "2026-11-21T07:00:00Z", "namespace": "shop"}
    return {"name": name, "uid": uid, "ownerReferences": owners, **made}


def pod(owner: tuple[str, str, str] | None = ("ReplicaSet", "web-7d9f", "rs1"), **status: Any) -> dict[str, Any]:
    spec = {"nodeName": "n1", "containers": [{"name": "app"}]}
    return {"metadata": about("web-1", "p1", owner), "spec": spec, "status": status}


def container(name: str = "app", **state: Any) -> dict[str, Any]:
    return {"name": name, "restartCount": 3, **state}


def waiting(reason: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason}}


@pytest.fixture
async def server() -> AsyncIterator[RecordedKubernetes]:
    async with recorded_kubernetes() as server:
        owned = about("web-7d9f", "rs1", ("Deployment", "web", "d1"))
        server.answers[f"GET {SET}"] = {"metadata": owned, "spec": {}}
        server.answers[f"GET {POD}"] = pod()
        yield server


@pytest.fixture
async def target(server: RecordedKubernetes, tmp_path: Path) -> AsyncIterator[Kubernetes]:
    async with connected(server.url, tmp_path) as target:
        yield target


def test_every_cause_is_a_failure_that_is_known() -> None:
    known = {one.id for one in knowledge.load()}
    assert {*WAITS.values(), *KILLED.values(), *EVICTED.values(), UNSCHEDULABLE, NOT_READY} <= known


async def test_a_pod_names_its_deployment_node_and_container(target: Kubernetes) -> None:
    evidence = await target.look(HERE)
    assert evidence.names == {**HERE, "node_name": "n1", "deployment": "web", "container_name": "app"}
    assert evidence.summary.endswith("It is of deployment web.")
    assert evidence.cause == ""


@pytest.mark.parametrize(
    ("owner", "above"),
    [
        (None, None),
        (("StatefulSet", "web-7d9f", "rs1"), ("Deployment", "web", "d1")),
        (("ReplicaSet", "web-7d9f", "another"), ("Deployment", "web", "d1")),
        (("ReplicaSet", "gone", "rs1"), ("Deployment", "web", "d1")),
        (("ReplicaSet", "web-7d9f", "rs1"), None),
        (("ReplicaSet", "web-7d9f", "rs1"), ("Rollout", "web", "d1")),
    ],
)
async def test_a_deployment_is_never_guessed(
    server: RecordedKubernetes, target: Kubernetes, owner: tuple[str, str, str], above: tuple[str, str, str]
) -> None:
    server.answers[f"GET {POD}"] = pod(owner)
    server.answers[f"GET {SET}"] = {"metadata": about("web-7d9f", "rs1", above), "spec": {}}
    assert "deployment" not in (await target.look(HERE)).names


@pytest.mark.parametrize("hostile", ["../../../nodes/n1", "a/b", "a%2Fb", "A b", "x" * 300, "-", "a\nb"])
async def test_a_hostile_name_is_not_asked_for(server: RecordedKubernetes, target: Kubernetes, hostile: str) -> None:
    shown = pod(("ReplicaSet", hostile, "rs1"))
    shown["spec"]["nodeName"] = hostile
    server.answers[f"GET {POD}"] = shown
    evidence = await target.look(HERE)
    assert "deployment" not in evidence.names
    events = "GET /api/v1/namespaces/shop/events"
    assert server.heard == [f"GET {POD}", events]


@pytest.mark.parametrize(
    ("status", "cause", "shows"),
    [
        (container(state=waiting("CrashLoopBackOff"), lastState=OOM), KILLED["OOMKilled"],
         "container app was killed for memory (OOMKilled, exit code 137)"),
        (container(state=OOM), KILLED["OOMKilled"], "container app was killed for memory (OOMKilled, exit code 137)"),
        (container(state=waiting("ImagePullBackOff")), WAITS["ErrImagePull"],
         "container app cannot start (ImagePullBackOff)"),
        (container(state=waiting("CreateContainerConfigError")), WAITS["CreateContainerConfigError"],
         "container app cannot start (CreateContainerConfigError)"),
        (container(state=waiting("CrashLoopBackOff")), "", ""),
        (container(state={"terminated": {"exitCode": 137, "reason": "Error"}}), "", ""),
    ],
)  # fmt: skip
async def test_what_is_behind_it(
    server: RecordedKubernetes, target: Kubernetes, status: dict[str, Any], cause: str, shows: str
) -> None:
    server.answers[f"GET {POD}"] = pod(containerStatuses=[status])
    evidence = await target.look(HERE)
    assert (evidence.cause, evidence.shows) == (cause, shows)


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("The node was low on resource: memory. Container app was using 2Gi", EVICTED["memory"]),
        ("The node was low on resource: ephemeral-storage.", EVICTED["ephemeral"]),
        ("Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ", EVICTED["disk"]),
        ("The node had condition: [DiskPressure]. ", EVICTED["disk"]),
        ("The node was low on resource: pids.", ""),
    ],
)
async def test_an_evicted_pod(server: RecordedKubernetes, target: Kubernetes, message: str, cause: str) -> None:
    server.answers[f"GET {POD}"] = pod(phase="Failed", reason="Evicted", message=message)
    evidence = await target.look(HERE)
    assert evidence.cause == cause
    assert (evidence.shows == "") is (cause == "")


async def test_a_pod_that_no_node_takes(server: RecordedKubernetes, target: Kubernetes) -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    server.answers[f"GET {POD}"] = pod(conditions=[condition])
    assert (await target.look(HERE)).cause == UNSCHEDULABLE


@pytest.mark.parametrize(("ready", "cause"), [("Unknown", NOT_READY), ("True", "")])
async def test_the_node_is_to_blame(server: RecordedKubernetes, target: Kubernetes, ready: str, cause: str) -> None:
    condition = {"type": "Ready", "status": ready, "reason": "NodeStatusUnknown"}
    server.answers["GET /api/v1/nodes/n1"] = {"metadata": about("n1", "u1"), "status": {"conditions": [condition]}}
    evidence = await target.look(HERE)
    assert evidence.cause == cause


@pytest.mark.parametrize(("ago", "cause"), [(60, KILLED["OOMKilled"]), (7 * 86_400, "")])
async def test_an_end_of_last_week_is_not_behind_a_failure_of_now(
    server: RecordedKubernetes, target: Kubernetes, ago: float, cause: str
) -> None:
    ended = datetime.now(UTC) - timedelta(seconds=ago)
    end: Mapping[str, Any] = {"terminated": {**OOM["terminated"], "finishedAt": ended.isoformat()}}
    server.answers[f"GET {POD}"] = pod(containerStatuses=[container(state={}, lastState=end)])
    assert (await target.look(HERE)).cause == cause


async def test_of_several_containers_the_one_of_the_log_comes_first(
    server: RecordedKubernetes, target: Kubernetes
) -> None:
    crashed = {"state": waiting("CrashLoopBackOff"), "lastState": OOM}
    shown = pod(containerStatuses=[container("app", **crashed), container("proxy", **crashed)])
    shown["spec"]["containers"].append({"name": "proxy"})
    server.answers[f"GET {POD}"] = shown
    assert (await target.look(HERE)).names["container_name"] == "app"
    assert (await target.look({**HERE, "container_name": "proxy"})).names["container_name"] == "proxy"
    shown["status"] = {}
    assert "container_name" not in (await target.look(HERE)).names, "either may be meant"


async def test_a_look_does_not_fail_for_what_would_be_good_to_know(
    server: RecordedKubernetes, target: Kubernetes
) -> None:
    del server.answers[f"GET {SET}"]
    server.answers[f"GET {SET}"] = {"kind": "Nonsense"}
    server.answers["GET /api/v1/nodes/n1"] = {"kind": "Nonsense"}
    evidence = await target.look(HERE)
    assert evidence.state["pod_uid"] == "p1"
    assert "deployment" not in evidence.names


def test_no_password_of_an_address_is_told_of_a_warning() -> None:
    node = Node.model_validate({"metadata": {"name": "one", "uid": "1", "creationTimestamp": "2026-11-21T09:00:00Z"}})
    warned = Warned(reason="Failed", message="pulling https://robot:hunter2@registry.example.com/app: not found")
    said = sentence(node, [warned])
    assert "registry.example.com/app: not found" in said
    assert "hunter2" not in said
