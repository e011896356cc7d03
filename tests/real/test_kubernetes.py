"""The Kubernetes target against a real control plane, with the rights of the manifests: every action, and what it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.targets.kubernetes import CATALOGUE, Kubernetes
from engine.model import Action, Judgement, Result
from tests.approved import proposed
from tests.servers.kubernetes import NODES, KubernetesServer
from tests.servers.kubernetes_shop import CONTAINER, DEPLOYMENT, Shop, ends, open_shop, workload

pytestmark = [pytest.mark.real, pytest.mark.timeout(3600)]  # the first run on a machine builds the cluster's programs

NODE = NODES[1]
MORE: dict[str, dict[str, str]] = {
    "scale_deployment": {"replicas": "3"},
    "increase_memory_limit": {"container_name": CONTAINER, "memory_limit": "+50%"},
}
ON_DEPLOYMENTS = ("rollout_restart", "rollback_deployment", "scale_deployment", "increase_memory_limit")
ON_NODES = ("cordon_node", "uncordon_node", "drain_node")


@pytest.fixture
async def shop(kubernetes: KubernetesServer) -> AsyncIterator[Shop]:
    async with open_shop(kubernetes) as shop:
        yield shop


@pytest.fixture
async def target(kubernetes: KubernetesServer, shop: Shop) -> AsyncIterator[Kubernetes]:
    async with kubernetes.agent(shop.namespace, nodes=("hollow-*",)) as target:
        yield target


@pytest.fixture
async def node(kubernetes: KubernetesServer) -> AsyncIterator[str]:
    """Its path; it takes pods again afterwards."""
    path = f"/api/v1/nodes/{NODE}"
    try:
        yield path
    finally:
        await kubernetes.api("PATCH", path, {"spec": {"unschedulable": False}})


async def about(shop: Shop, name: str) -> dict[str, str]:
    """The parameters of an action that makes sense here, once the ground for it has been laid."""
    if name == "drain_node":
        await shop.alone_on(NODE)
    if name in ON_NODES:
        await shop.server.api("PATCH", f"/api/v1/nodes/{NODE}", {"spec": {"unschedulable": name == "uncordon_node"}})
        return {"node_name": NODE}
    if name == "restart_pod":
        return {"namespace": shop.namespace, "pod_name": await shop.pod_name()}
    if name == "rollback_deployment":
        await shop.change(workload(DEPLOYMENT, containers=[{"name": CONTAINER, "image": "shop:2"}]))
        await shop.rolled_out()
    return {"namespace": shop.namespace, "deployment": DEPLOYMENT, **MORE.get(name, {})}


async def has_been_done(shop: Shop, action: Action) -> bool:
    """Asked of Kubernetes itself."""
    match action.name:
        case "restart_pod":
            pods = await shop.pods()
            return len(pods) == 2 and action.seen["pod_uid"] not in [one["metadata"]["uid"] for one in pods]
        case "cordon_node" | "uncordon_node" | "drain_node":
            spec = (await shop.server.api("GET", f"/api/v1/nodes/{NODE}"))["spec"]
            empty = all(one["spec"].get("nodeName") != NODE for one in await shop.pods())
            wanted = action.name != "uncordon_node"
            return spec.get("unschedulable", False) is wanted and (action.name != "drain_node" or empty)
        case _:
            one = await shop.deployment()
            return _done(action.name, one["spec"], one["metadata"]["annotations"])


def _done(name: str, spec: dict[str, Any], notes: dict[str, str]) -> bool:
    container = spec["template"]["spec"]["containers"][0]
    match name:
        case "rollout_restart":
            return notes["deployment.kubernetes.io/revision"] == "2"
        case "rollback_deployment":
            return bool(container["image"] == "shop:1" and notes["deployment.kubernetes.io/revision"] == "3")
        case "scale_deployment":
            return bool(spec["replicas"] == 3)
        case _:
            return bool(container["resources"]["limits"]["memory"] == "96Mi" and container["image"] == "shop:1")


@pytest.mark.parametrize("name", CATALOGUE)
async def test_it_works_and_twice_does_no_harm(shop: Shop, target: Kubernetes, node: str, name: str) -> None:
    action = await proposed(target, name, f"id-{name}-{shop.namespace}", **await about(shop, name))
    assert action.seen
    before = await target.verify(action)
    assert (before.judgement, "did not arrive" in before.detail) == (Judgement.UNKNOWN, True)
    assert not await has_been_done(shop, action)

    outcome = await target.act(action)
    assert outcome.result is Result.DONE, outcome
    verdict = await ends(target, action)
    assert verdict.judgement is Judgement.WORKED, verdict
    assert await has_been_done(shop, action)

    generation = (await shop.deployment())["metadata"]["generation"]
    again = await target.act(action)
    expected = {"restart_pod": Result.CHANGED, "drain_node": Result.DONE}.get(name, Result.NOTHING_DONE)
    assert again.result is expected, again
    assert (await shop.deployment())["metadata"]["generation"] == generation
    assert await has_been_done(shop, action)


async def _scaled(shop: Shop) -> None:
    await shop.change({"replicas": 1})


async def _made_anew(shop: Shop) -> None:
    await shop.delete(f"{shop.apps}/deployments/{DEPLOYMENT}?propagationPolicy=Background")
    await shop.deploy()


async def _replaced(shop: Shop) -> None:
    await shop.delete(f"{shop.core}/pods/{await shop.pod_name()}")


async def _flipped(shop: Shop) -> None:
    path = f"/api/v1/nodes/{NODE}"
    now = (await shop.server.api("GET", path))["spec"].get("unschedulable", False)
    await shop.server.api("PATCH", path, {"spec": {"unschedulable": not now}})


@pytest.mark.parametrize(
    ("name", "move"),
    [
        ("restart_pod", _replaced),
        *((name, _scaled) for name in ON_DEPLOYMENTS),
        ("rollout_restart", _made_anew),
        *((name, _flipped) for name in ON_NODES),
    ],
)
async def test_what_moved_since_the_approval_is_left_alone(
    shop: Shop, target: Kubernetes, node: str, name: str, move: Callable[[Shop], Awaitable[None]]
) -> None:
    action = await proposed(target, name, f"id-{name}-{shop.namespace}", **await about(shop, name))
    await move(shop)
    await shop.settled()
    before = (await shop.deployment())["metadata"]["generation"], {one["metadata"]["uid"] for one in await shop.pods()}
    outcome = await target.act(action)
    assert outcome.result is Result.CHANGED, outcome
    after = (await shop.deployment())["metadata"]["generation"], {one["metadata"]["uid"] for one in await shop.pods()}
    assert before == after


async def test_a_pod_that_came_back_under_its_name_is_another(kubernetes: KubernetesServer, shop: Shop) -> None:
    """A stateful set's pods keep their names, so only the uid tells."""
    stateful = {"metadata": {"name": "db"}, "spec": {"serviceName": "db", "replicas": 1, **workload("db")}}
    await kubernetes.api("POST", f"{shop.apps}/statefulsets", stateful)
    pod = {"namespace": shop.namespace, "pod_name": "db-0"}
    await kubernetes.until(f"{shop.core}/pods/db-0", _is_running)
    async with kubernetes.agent(shop.namespace) as target:
        stale = await proposed(target, "restart_pod", **pod)
        await shop.delete(f"{shop.core}/pods/db-0")
        fresh = await kubernetes.until(f"{shop.core}/pods/db-0", _is_running)
        assert (await target.act(stale)).result is Result.CHANGED
        assert (await kubernetes.api("GET", f"{shop.core}/pods/db-0"))["metadata"]["uid"] == fresh["metadata"]["uid"]

        restart = await proposed(target, "restart_pod", **pod)
        assert (await target.act(restart)).result is Result.DONE
        assert (await ends(target, restart)).judgement is Judgement.WORKED
        assert (await kubernetes.api("GET", f"{shop.core}/pods/db-0"))["metadata"]["uid"] != fresh["metadata"]["uid"]


def _is_running(pod: dict[str, Any]) -> bool:
    return bool(pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"])


async def test_nothing_is_deleted_that_nobody_would_start_again(shop: Shop, target: Kubernetes, node: str) -> None:
    lone = {"metadata": {"name": "lone"}, "spec": {**workload("lone")["template"]["spec"], "nodeName": NODE}}
    await shop.server.api("POST", f"{shop.core}/pods", lone)
    await shop.server.until(f"{shop.core}/pods/lone", _is_running)
    restart = await target.act(await proposed(target, "restart_pod", namespace=shop.namespace, pod_name="lone"))
    assert (restart.result, "Nothing manages it" in restart.detail) == (Result.FAILED, True)
    drain = await target.act(await proposed(target, "drain_node", node_name=NODE))
    assert (drain.result, "lone" in drain.detail) == (Result.FAILED, True)
    assert "unschedulable" not in (await shop.server.api("GET", node))["spec"], "it was not even cordoned"
    assert "deletionTimestamp" not in (await shop.server.api("GET", f"{shop.core}/pods/lone"))["metadata"]
    await shop.delete(f"{shop.core}/pods/lone")


async def test_a_drain_keeps_to_disruption_budgets_and_leaves_daemons(
    shop: Shop, target: Kubernetes, node: str
) -> None:
    await shop.alone_on(NODE)
    await shop.deploy(4, "held")
    labels = {"matchLabels": {"app": "held"}}
    budget = {"metadata": {"name": "all"}, "spec": {"maxUnavailable": 0, "selector": labels}}
    path = f"/apis/policy/v1beta1/namespaces/{shop.namespace}/poddisruptionbudgets"
    await shop.server.api("POST", path, budget)
    await shop.server.until(f"{path}/all", lambda one: one["status"].get("expectedPods") == 4)
    daemons = {"metadata": {"name": "logs"}, "spec": workload("logs")}
    await shop.server.api("POST", f"{shop.apps}/daemonsets", daemons)
    await shop.server.until(f"{shop.apps}/daemonsets/logs", lambda one: one["status"].get("numberReady") == 2)
    held = {one["metadata"]["uid"] for one in await shop.pods() if one["metadata"]["labels"]["app"] == "held"}

    drain = await proposed(target, "drain_node", f"id-held-{shop.namespace}", node_name=NODE)
    async with shop.server.agent(shop.namespace, nodes=(NODE,), drain_seconds=4) as hasty:
        outcome = await hasty.act(drain)
    assert outcome.result is Result.FAILED, outcome
    assert "disruption budget" in outcome.detail
    assert held <= {one["metadata"]["uid"] for one in await shop.pods()}
    assert (await target.verify(drain)).judgement is Judgement.FAILED

    await shop.server.api("PATCH", f"{path}/all", {"spec": {"maxUnavailable": 1}})
    await shop.server.until(f"{path}/all", lambda one: one["status"]["disruptionsAllowed"] == 1)
    assert (await target.act(drain)).result is Result.DONE, "the same approval goes on where it was held up"
    assert (await ends(target, drain)).judgement is Judgement.WORKED
    on_it = [one["metadata"]["name"] for one in await shop.pods() if one["spec"]["nodeName"] == NODE]
    assert [name.partition("-")[0] for name in on_it] == ["logs"]


@pytest.mark.parametrize(
    ("name", "more", "why"),
    [
        ("increase_memory_limit", {"container_name": CONTAINER, "memory_limit": "64Mi"}, "no increase"),
        ("increase_memory_limit", {"container_name": CONTAINER, "memory_limit": "64Gi"}, "mistake"),
        ("increase_memory_limit", {"container_name": "other", "memory_limit": "+50%"}, "no container other"),
        ("rollback_deployment", {}, "no earlier revision"),
        ("rollback_deployment", {"revision": "7"}, "no revision 7"),
        ("scale_deployment", {"replicas": "0"}, "replicas"),
        ("scale_deployment", {"replicas": "5000"}, "replicas"),
    ],
)
async def test_what_makes_no_sense_is_not_sent(
    shop: Shop, target: Kubernetes, name: str, more: dict[str, str], why: str
) -> None:
    parameters = {"namespace": shop.namespace, "deployment": DEPLOYMENT, **more}
    outcome = await target.act(await proposed(target, name, **parameters))
    assert (outcome.result, why in outcome.detail) == (Result.FAILED, True), outcome
    assert (await shop.deployment())["metadata"]["generation"] == 1


async def test_what_an_autoscaler_or_a_pause_would_undo_is_not_sent(shop: Shop, target: Kubernetes) -> None:
    deployment = {"namespace": shop.namespace, "deployment": DEPLOYMENT}
    aim = {"apiVersion": "apps/v1", "kind": "Deployment", "name": DEPLOYMENT}
    scaler = {"metadata": {"name": "auto"}, "spec": {"maxReplicas": 5, "scaleTargetRef": aim}}
    path = f"/apis/autoscaling/v1/namespaces/{shop.namespace}/horizontalpodautoscalers"
    await shop.server.api("POST", path, scaler)
    scale = await target.act(await proposed(target, "scale_deployment", **deployment, replicas="3"))
    assert (scale.result, "Autoscaler auto" in scale.detail) == (Result.FAILED, True), scale
    await shop.change({"paused": True})
    restart = await target.act(await proposed(target, "rollout_restart", **deployment))
    assert (restart.result, "paused" in restart.detail) == (Result.FAILED, True), restart


async def test_a_rollback_goes_past_mere_restarts(shop: Shop, target: Kubernetes) -> None:
    """Or it would bring back the very code that is broken."""
    rollback = await about(shop, "rollback_deployment")
    restart = await proposed(target, "rollout_restart", "r1", **rollback)
    assert (await target.act(restart)).result is Result.DONE
    assert (await ends(target, restart)).judgement is Judgement.WORKED
    action = await proposed(target, "rollback_deployment", "r2", **rollback)
    assert action.seen["earlier_revision"] == "1"
    assert (await target.act(action)).result is Result.DONE
    assert (await shop.deployment())["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:1"


async def test_a_rollout_that_does_not_come_up_has_failed(shop: Shop, target: Kubernetes) -> None:
    await shop.deploy(1, "slow", progressDeadlineSeconds=2, **workload("slow"))
    template = {"spec": {"readinessGates": [{"conditionType": "tests/ready"}]}}
    await shop.change({"template": template}, "slow")
    name = {"namespace": shop.namespace, "deployment": "slow"}
    await shop.server.until(f"{shop.apps}/deployments/slow", lambda one: one["status"].get("updatedReplicas") == 1)
    restart = await proposed(target, "rollout_restart", **name)
    assert (await target.act(restart)).result is Result.DONE
    verdict = await ends(target, restart)
    assert verdict.judgement is Judgement.FAILED, verdict
    assert "progress" in verdict.detail
    assert (await target.look(name)).healthy is False


async def on_no_node(shop: Shop, name: str) -> str:
    """A pod of this deployment that no scheduler and no kubelet touches: what is shown of it stays as it is."""
    await shop.deploy(0, name, **workload(name, schedulerName="nobody"))
    await shop.change({"replicas": 1}, name)
    mine = f"{shop.core}/pods?labelSelector=app={name}"
    found = await shop.server.until(mine, lambda answer: len(answer["items"]) == 1)
    return str(found["items"][0]["metadata"]["name"])


async def test_a_look_names_what_killed_it(shop: Shop, target: Kubernetes) -> None:
    pod = {"namespace": shop.namespace, "pod_name": await on_no_node(shop, "quiet")}
    await shop.show(pod["pod_name"], phase="Running", conditions=[{"type": "Ready", "status": "True"}])
    assert (await target.look(pod)).healthy is None, "ready, and nothing shows that it ever was not"
    ago = datetime.now(UTC) - timedelta(seconds=30)
    killed = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": ago.strftime("%Y-%m-%dT%H:%M:%SZ")}
    status = {"name": CONTAINER, "image": "shop:1", "imageID": "", "ready": False, "restartCount": 4}
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    await shop.show(
        pod["pod_name"], containerStatuses=[{**status, "state": waiting, "lastState": {"terminated": killed}}]
    )
    broken = await target.look(pod)
    assert broken.healthy is False
    assert "CrashLoopBackOff" in broken.summary
    assert "restarted 4 times, the last end: OOMKilled, exit code 137" in broken.summary
    restart = await proposed(target, "restart_pod", **pod)
    whole = await target.look({"namespace": shop.namespace, "deployment": "quiet"})
    assert (whole.healthy, "CrashLoopBackOff" in whole.summary) == (False, True)

    running = {"state": {"running": {"startedAt": killed["finishedAt"]}}, "lastState": {"terminated": killed}}
    await shop.show(pod["pod_name"], containerStatuses=[{**status, **running, "ready": True}])
    mended = await target.look(pod)
    assert (mended.healthy, mended.state["well"]) == (True, "yes")
    assert (await target.verify(restart)).judgement is Judgement.RECOVERED
    assert (await target.act(restart)).result is Result.CHANGED, "a pod that is well again is left alone"


async def test_a_look_says_why_no_node_takes_it_and_what_is_not_there(shop: Shop, target: Kubernetes) -> None:
    await shop.deploy(0, "none", **workload("none", nodeSelector={"disk": "none"}))
    await shop.change({"replicas": 1}, "none")
    await shop.server.until(f"{shop.core}/events?fieldSelector=reason=FailedScheduling", lambda one: one["items"])
    name = next(one["metadata"]["name"] for one in await shop.pods() if "none" in one["metadata"]["name"])
    evidence = await target.look({"namespace": shop.namespace, "pod_name": name})
    assert evidence.healthy is False
    assert "no node can take it" in evidence.summary
    assert "FailedScheduling" in evidence.summary
    for nothing in ({"pod_name": "nothing"}, {"deployment": "nothing"}):
        gone = await target.look({"namespace": shop.namespace, **nothing})
        assert (gone.state, gone.healthy) == ({"exists": "no"}, None)
        assert "not found" in gone.summary
