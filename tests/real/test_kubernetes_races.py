"""What Kubernetes' own controllers, or somebody else, do in the moment in which the agent acts: no verdict may be fooled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from adapters.targets.kubernetes import Kubernetes
from engine.model import Judgement, Result
from tests.approved import proposed
from tests.servers.kubernetes import KubernetesServer
from tests.servers.kubernetes_shop import CONTAINER, DEPLOYMENT, Shop, ends, open_shop, workload
from tests.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(3600)]  # the first run on a machine builds the cluster's programs


@pytest.fixture
async def shop(kubernetes: KubernetesServer) -> AsyncIterator[Shop]:
    async with open_shop(kubernetes, 0) as shop:
        yield shop


@pytest.fixture
async def target(kubernetes: KubernetesServer, shop: Shop) -> AsyncIterator[Kubernetes]:
    async with kubernetes.agent(shop.namespace) as target:
        yield target


async def set_up(shop: Shop, kind: str, replicas: int) -> list[dict[str, Any]]:
    """A workload of this kind, and its pods once all are ready, the last to be started first."""
    if kind == "deployments":
        await shop.deploy(replicas, "db")
    else:
        body = {"metadata": {"name": "db"}, "spec": {"serviceName": "db", "replicas": replicas, **workload("db")}}
        await shop.server.api("POST", f"{shop.apps}/{kind}", body)
        await shop.server.until(f"{shop.apps}/{kind}/db", lambda one: one["status"].get("readyReplicas") == replicas)
    return (await shop.pods())[::-1]


async def no_more_pods(shop: Shop, most: int) -> None:
    """Nothing comes in place of a pod that goes: its owner's controller may not make one."""
    path = f"{shop.core}/resourcequotas"
    await shop.server.api("POST", path, {"metadata": {"name": "few"}, "spec": {"hard": {"pods": str(most)}}})
    await shop.server.until(f"{path}/few", lambda one: one.get("status", {}).get("hard") == {"pods": str(most)})


async def gone(shop: Shop, pod: dict[str, Any]) -> None:
    uid = pod["metadata"]["uid"]
    await shop.server.until(
        f"{shop.core}/pods", lambda answer: uid not in [one["metadata"]["uid"] for one in answer["items"]]
    )


@pytest.mark.parametrize(("kind", "replicas"), [("statefulsets", 1), ("statefulsets", 2), ("deployments", 2)])
async def test_a_pod_that_was_there_before_has_not_come_in_its_place(
    shop: Shop, target: Kubernetes, kind: str, replicas: int
) -> None:
    """Between the end of a pod and the start of its successor its siblings are all there is."""
    pod = (await set_up(shop, kind, replicas))[0]
    await no_more_pods(shop, replicas - 1)
    restart = await proposed(target, "restart_pod", namespace=shop.namespace, pod_name=pod["metadata"]["name"])
    assert (await target.act(restart)).result is Result.DONE
    await gone(shop, pod)
    verdict = await target.verify(restart)
    assert verdict.judgement is Judgement.NOT_YET, verdict
    await shop.delete(f"{shop.core}/resourcequotas/few")
    assert (await ends(target, restart)).judgement is Judgement.WORKED


async def test_an_owner_that_wants_fewer_pods_by_then_starts_none(shop: Shop, target: Kubernetes) -> None:
    pod = (await set_up(shop, "deployments", 2))[0]
    await no_more_pods(shop, 1)
    restart = await proposed(target, "restart_pod", namespace=shop.namespace, pod_name=pod["metadata"]["name"])
    assert (await target.act(restart)).result is Result.DONE
    await shop.change({"replicas": 1}, "db")
    await gone(shop, pod)
    verdict = await ends(target, restart)
    assert (verdict.judgement, "nothing has come" in verdict.detail) == (Judgement.UNKNOWN, True), verdict


async def test_a_pod_that_cannot_go_does_not_hide_the_one_that_came(shop: Shop, target: Kubernetes) -> None:
    """As on a node that has died: nobody says that it ended, and its owner has long started another."""
    pod = (await set_up(shop, "deployments", 1))[0]
    path = f"{shop.core}/pods/{pod['metadata']['name']}"
    await shop.server.api("PATCH", path, {"metadata": {"finalizers": ["tests/hold"]}})
    try:
        restart = await proposed(target, "restart_pod", namespace=shop.namespace, pod_name=pod["metadata"]["name"])
        assert (await target.act(restart)).result is Result.DONE
        verdict = await ends(target, restart)
        assert verdict.judgement is Judgement.WORKED, verdict
        assert pod["metadata"]["name"] not in verdict.detail.partition(" in ")[0]
    finally:
        await shop.server.api("PATCH", path, {"metadata": {"finalizers": None}})


async def test_a_change_that_was_undone_is_not_praised(shop: Shop, target: Kubernetes) -> None:
    """As by what keeps a deployment as it stands in a repository: it leaves our mark, and takes back what we did."""
    await shop.deploy()
    web = {"namespace": shop.namespace, "deployment": DEPLOYMENT}
    scale = await proposed(target, "scale_deployment", "s1", **web, replicas="3")
    assert (await target.act(scale)).result is Result.DONE
    await shop.change({"replicas": 2})
    await shop.rolled_out()
    verdict = await ends(target, scale)
    assert (verdict.judgement, "else" in verdict.detail) == (Judgement.UNKNOWN, True), verdict

    before = (await shop.deployment())["spec"]["template"]
    more = await proposed(target, "increase_memory_limit", "m1", **web, container_name=CONTAINER, memory_limit="+50%")
    assert (await target.act(more)).result is Result.DONE
    await shop.rolled_out()
    await shop.change({"template": before})
    await shop.rolled_out()
    verdict = await ends(target, more)
    assert (verdict.judgement, "else" in verdict.detail) == (Judgement.UNKNOWN, True), verdict


async def test_what_an_autoscaler_does_meanwhile_is_not_held_against_a_rollout(shop: Shop, target: Kubernetes) -> None:
    await shop.deploy()
    restart = await proposed(target, "rollout_restart", namespace=shop.namespace, deployment=DEPLOYMENT)
    assert (await target.act(restart)).result is Result.DONE
    await shop.change({"replicas": 3})
    await shop.rolled_out()
    assert (await ends(target, restart)).judgement is Judgement.WORKED


async def test_a_pod_that_does_not_end_is_told_of(shop: Shop, target: Kubernetes) -> None:
    """A stateful set starts no other before it has ended, so waiting for it may be in vain."""
    pod = (await set_up(shop, "statefulsets", 1))[0]
    path = f"{shop.core}/pods/{pod['metadata']['name']}"
    await shop.server.api("PATCH", path, {"metadata": {"finalizers": ["tests/hold"]}})
    try:
        restart = await proposed(target, "restart_pod", namespace=shop.namespace, pod_name="db-0")
        assert (await target.act(restart)).result is Result.DONE

        async def told() -> bool:
            verdict = await target.verify(restart)
            assert verdict.judgement is Judgement.NOT_YET
            return "db-0 was to have ended by" in verdict.detail

        await until(told)
    finally:
        await shop.server.api("PATCH", path, {"metadata": {"finalizers": None}})
    assert (await ends(target, restart)).judgement is Judgement.WORKED
