"""The Kubernetes target where things go wrong: lost answers, no rights, outside the fence, at the last moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import yaml

from adapters.targets.kubernetes import CATALOGUE, Kubernetes, KubernetesSettings
from engine.errors import Misconfigured, Unreachable
from engine.model import Action, Judgement, Outcome, Result
from tests.approved import proposed
from tests.servers import free_port
from tests.servers.kubernetes import ADMIN, MANIFESTS, NODES, KubernetesServer
from tests.servers.kubernetes_gate import Gate, gate
from tests.servers.kubernetes_shop import CONTAINER, DEPLOYMENT, Shop, ends, open_shop, workload
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.real, pytest.mark.timeout(3600)]  # the first run on a machine builds the cluster's programs

NODE = NODES[0]
EVERY = tuple(CATALOGUE)
BACK = "rollback_deployment"


@pytest.fixture
async def shop(kubernetes: KubernetesServer) -> AsyncIterator[Shop]:
    async with open_shop(kubernetes, 1) as shop:
        yield shop


@pytest.fixture
async def between(kubernetes: KubernetesServer) -> AsyncIterator[Gate]:
    async with gate(kubernetes) as between:
        yield between


@pytest.fixture
async def target(kubernetes: KubernetesServer, shop: Shop, between: Gate) -> AsyncIterator[Kubernetes]:
    """The agent behind the gate. Its token is as good as the real one's: that of the manifests' account."""
    token = (kubernetes.service_account / "token").read_text()
    async with _signed_in(kubernetes, between.url, token, shop.namespace) as target:
        yield target
    await kubernetes.api("PATCH", f"/api/v1/nodes/{NODE}", {"spec": {"unschedulable": False}})


@asynccontextmanager
async def _signed_in(
    server: KubernetesServer,
    url: str,
    token: str,
    *namespaces: str,
    nodes: tuple[str, ...] = ("hollow-*",),
    seconds: float = PATIENCE,
) -> AsyncIterator[Kubernetes]:
    config = server.kubeconfig(f"user-{free_port()}", url, token=token)
    target = Kubernetes(
        KubernetesSettings(
            str(config), namespaces, nodes, timeout_seconds=seconds, steady_seconds=1, drain_seconds=PATIENCE
        )
    )
    try:
        yield target
    finally:
        await target.close()


async def about(shop: Shop, name: str) -> dict[str, str]:
    deployment = {"namespace": shop.namespace, "deployment": DEPLOYMENT}
    match name:
        case "restart_pod":
            return {"namespace": shop.namespace, "pod_name": await shop.pod_name()}
        case "scale_deployment":
            return {**deployment, "replicas": "3"}
        case "increase_memory_limit":
            return {**deployment, "container_name": CONTAINER, "memory_limit": "128Mi"}
        case _ if name == BACK:
            await shop.change(workload(DEPLOYMENT, containers=[{"name": CONTAINER, "image": "shop:2"}]))
            await shop.rolled_out()
            return deployment
        case "rollout_restart":
            return deployment
        case _:
            path = f"/api/v1/nodes/{NODE}"
            await shop.server.api("PATCH", path, {"spec": {"unschedulable": name == "uncordon_node"}})
            return {"node_name": NODE}


async def approved(shop: Shop, target: Kubernetes, name: str) -> Action:
    return await proposed(target, name, f"id-{name}-{shop.namespace}", **await about(shop, name))


@pytest.mark.parametrize("name", EVERY)
async def test_an_answer_that_is_lost_is_found_out(shop: Shop, target: Kubernetes, between: Gate, name: str) -> None:
    """Whether the request arrived is unknown until Kubernetes is looked at; it shows both cases as they are."""
    action = await approved(shop, target, name)
    between.mood = "lose it"
    outcome = await target.act(action)
    assert outcome.result is Result.UNKNOWN, outcome
    verdict = await target.verify(action)
    assert (verdict.judgement, "did not arrive" in verdict.detail) == (Judgement.UNKNOWN, True), verdict

    between.mood = "lose the answer"
    outcome = await target.act(action)
    assert outcome.result is Result.UNKNOWN, outcome
    assert len(between.changes) == 2, "nothing is sent twice by itself"
    verdict = await ends(target, action)
    done = Judgement.FAILED if name == "drain_node" and "Still on it" in verdict.detail else Judgement.WORKED
    assert verdict.judgement is done, verdict


@pytest.mark.parametrize("name", ["restart_pod", "scale_deployment", "cordon_node"])
async def test_a_server_that_never_answers(shop: Shop, target: Kubernetes, between: Gate, name: str) -> None:
    action = await approved(shop, target, name)
    between.mood = "stall"
    token = (shop.server.service_account / "token").read_text()
    async with _signed_in(shop.server, between.url, token, shop.namespace, seconds=5) as hasty:
        outcome = await hasty.act(action)
    assert (outcome.result, "did not answer in time" in outcome.detail) == (Result.UNKNOWN, True), outcome


async def test_a_server_that_is_down(shop: Shop, target: Kubernetes, kubernetes: KubernetesServer) -> None:
    actions = [await approved(shop, target, name) for name in EVERY]
    async with _signed_in(kubernetes, f"http://127.0.0.1:{free_port()}", ADMIN, "*") as nowhere:
        for action in actions:
            assert await _outcome(nowhere, action) == (Result.FAILED, True), action.name
            with pytest.raises(Unreachable, match="cannot be reached"):
                await nowhere.look(action.parameters)
            with pytest.raises(Unreachable):
                await nowhere.verify(action)


async def _outcome(target: Kubernetes, action: Action) -> tuple[Result, bool]:
    outcome = await target.act(action)
    return outcome.result, "Nothing was sent" in outcome.detail


async def test_what_moves_at_the_very_last_moment_is_left_alone(shop: Shop, target: Kubernetes, between: Gate) -> None:
    """After our last look, and before our request: Kubernetes itself refuses what is not for this version."""
    scale = await approved(shop, target, "scale_deployment")

    async def somebody_scales() -> None:
        await shop.change({"replicas": 2})

    between.first = somebody_scales
    outcome = await target.act(scale)
    assert outcome.result is Result.CHANGED, outcome
    assert (await shop.deployment())["spec"]["replicas"] == 2

    await shop.rolled_out()
    restart = await approved(shop, target, "restart_pod")
    path = f"{shop.core}/pods/{restart.parameters['pod_name']}"

    async def another_takes_its_name() -> None:
        await shop.delete(path)
        twin = {"metadata": {"name": restart.parameters["pod_name"]}, "spec": workload("twin")["template"]["spec"]}
        await shop.server.api("POST", f"{shop.core}/pods", twin)

    between.first = another_takes_its_name
    outcome = await target.act(restart)
    assert outcome.result is Result.CHANGED, outcome
    assert "deletionTimestamp" not in (await shop.server.api("GET", path))["metadata"]


async def test_a_pod_that_came_just_before_the_cordon_is_evicted_as_well(
    shop: Shop, target: Kubernetes, between: Gate
) -> None:
    await shop.change({"replicas": 0})
    await shop.alone_on(NODE)
    drain = await approved(shop, target, "drain_node")

    async def one_more() -> None:
        await shop.deploy(1, "late", **workload("late", nodeName=NODE))

    between.first = one_more
    outcome = await target.act(drain)
    assert (outcome.result, "1 pod was evicted" in outcome.detail) == (Result.DONE, True), outcome


async def test_a_change_of_something_else_does_not_undo_an_approval(
    shop: Shop, target: Kubernetes, between: Gate
) -> None:
    scale = await approved(shop, target, "scale_deployment")

    async def somebody_labels() -> None:
        note = {"metadata": {"labels": {"note": "somebody-was-here"}}}
        await shop.server.api("PATCH", f"{shop.apps}/deployments/{DEPLOYMENT}", note)

    between.first = somebody_labels
    assert (await target.act(scale)).result is Result.DONE
    assert len(between.changes) == 2, "the first was refused: it was for the version before"
    assert (await shop.deployment())["metadata"]["labels"]["note"] == "somebody-was-here"


@pytest.mark.parametrize("name", EVERY)
async def test_who_may_only_read_is_told_so(shop: Shop, kubernetes: KubernetesServer, name: str) -> None:
    await _readers(kubernetes, shop.namespace)
    async with _signed_in(kubernetes, kubernetes.url, await shop.token(), shop.namespace) as reader:
        try:
            action = await approved(shop, reader, name)
            assert action.seen
            outcome = await reader.act(action)
        finally:
            await kubernetes.api("PATCH", f"/api/v1/nodes/{NODE}", {"spec": {"unschedulable": False}})
        assert (outcome.result, "Kubernetes forbids it" in outcome.detail) == (Result.FAILED, True), outcome
        assert "Nothing was done" in outcome.detail


async def _readers(server: KubernetesServer, namespace: str) -> None:
    """The service accounts of this namespace may read everything, and do nothing else."""
    rule = {"apiGroups": ["", "apps", "autoscaling"], "resources": ["*"], "verbs": ["get", "list"]}
    path = "/apis/rbac.authorization.k8s.io/v1"
    role = await server.ask("POST", f"{path}/clusterroles", {"metadata": {"name": "reader"}, "rules": [rule]})
    assert role.status_code in (201, 409)
    group = {"kind": "Group", "name": f"system:serviceaccounts:{namespace}", "apiGroup": "rbac.authorization.k8s.io"}
    to = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"}
    bound = {"metadata": {"name": f"readers-{namespace}"}, "roleRef": to, "subjects": [group]}
    await server.ask("POST", f"{path}/clusterrolebindings", bound)


async def test_outside_the_fence_nothing_is_done(shop: Shop, kubernetes: KubernetesServer) -> None:
    """Not even with an admin's rights; looking is free."""
    for fence in ((), ("other",), ("hop-*", "*-x")):
        async with _signed_in(kubernetes, kubernetes.url, ADMIN, *fence, nodes=fence) as boss:
            for name in EVERY:
                await _is_fenced(boss, name, await about(shop, "rollout_restart" if name == BACK else name))
    await kubernetes.api("PATCH", f"/api/v1/nodes/{NODE}", {"spec": {"unschedulable": False}})
    assert (await shop.deployment())["metadata"]["generation"] == 1


async def _is_fenced(target: Kubernetes, name: str, parameters: dict[str, str]) -> None:
    action = await proposed(target, name, **parameters)
    assert action.seen
    outcome = await target.act(action)
    setting = "KUBERNETES_NODES" if "node_name" in parameters else "KUBERNETES_NAMESPACES"
    assert (outcome.result, setting in outcome.detail) == (Result.FAILED, True), outcome
    assert setting in "".join(target.catalogue()[name].wrong(parameters).values())


async def test_hostile_names_reach_nothing(shop: Shop, target: Kubernetes, between: Gate) -> None:
    hostile = ("..", "a/../../x", "a%2Fb", "web;reboot", "$(reboot)", "'", "web\nHost: x", "WEB", "*", "web?x=1", "#")
    for name in EVERY:
        good = await about(shop, "rollout_restart" if name == BACK else name)
        for key in good:
            for value in hostile:
                spec = target.catalogue()[name]
                parameters = {**good, key: value}
                action = Action("a", "kubernetes", name, parameters, spec.risk, "", "", "", {"pod_uid": "x"})
                outcome: Outcome = await target.act(action)
                assert outcome.result is Result.FAILED, (name, key, value)
                assert key in spec.wrong(parameters)
    assert between.changes == []


async def test_check_says_who_is_there_and_what_is_missing(shop: Shop, kubernetes: KubernetesServer) -> None:
    async with kubernetes.agent(shop.namespace, nodes=("hollow-*",)) as agent:
        said = await agent.check()
    assert said.startswith(f"Kubernetes v1.20.2 at {kubernetes.url}: signed in as the service account; may act in")
    assert "does not need" not in said, "the manifests give what is needed and no more"
    async with kubernetes.agent("default") as agent:
        with pytest.raises(Misconfigured, match="delete pods in namespace default"):
            await agent.check()
    async with _signed_in(kubernetes, kubernetes.url, ADMIN, shop.namespace) as boss:
        assert "rights that it does not need: get secrets in the whole cluster" in await boss.check()
    async with _signed_in(kubernetes, kubernetes.url, "no-such-token") as nobody:
        with pytest.raises(Unreachable, match="did not accept the sign-in"):
            await nobody.check()


def test_the_manifests_name_each_right_for_its_action() -> None:
    rules: list[Any] = []
    for file in ("namespace", "nodes"):
        for one in yaml.safe_load_all((MANIFESTS / f"{file}.yaml").read_text("utf-8")):
            rules += one.get("rules", ())
    assert all("*" not in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]] for rule in rules)
    verbs = {verb for rule in rules for verb in rule["verbs"]}
    assert verbs == {"get", "list", "patch", "delete", "create"}
    assert [rule["resources"] for rule in rules if "create" in rule["verbs"]] == [["pods/eviction"]]
    assert [rule["resources"] for rule in rules if "delete" in rule["verbs"]] == [["pods"]]
