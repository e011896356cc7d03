"""A log line that names only a pod: a real Kubernetes says whose it is and what killed it, and the right limit is raised."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from adapters.targets.kubernetes import Kubernetes
from engine import act, decide, group
from engine.model import ActionStatus, Incident
from tests.engine.desks import desk, entry, settle
from tests.servers.kubernetes import KubernetesServer
from tests.servers.kubernetes_shop import CONTAINER, DEPLOYMENT, Shop, open_shop

pytestmark = [pytest.mark.real, pytest.mark.timeout(3600)]  # the first run on a machine builds the cluster's programs

KILLED = '{{"level":"error","message":"OOMKilled","namespace":"{namespace}","pod_name":"{pod}"}}'
REFUSED = '{{"level":"error","message":"dial tcp: Connection refused","namespace":"{namespace}","pod_name":"{pod}"}}'


@pytest.fixture
async def shop(kubernetes: KubernetesServer) -> AsyncIterator[Shop]:
    async with open_shop(kubernetes, 1) as shop:
        yield shop


@pytest.fixture
async def target(kubernetes: KubernetesServer, shop: Shop) -> AsyncIterator[Kubernetes]:
    async with kubernetes.agent(shop.namespace) as target:
        yield target


async def kill(shop: Shop) -> str:
    """The name of a pod that Kubernetes shows as killed for memory."""
    name = await shop.pod_name()
    ended = (datetime.now(UTC) - timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    status = {"name": CONTAINER, "image": "shop:1", "imageID": "", "ready": False, "restartCount": 4}
    state = {"waiting": {"reason": "CrashLoopBackOff"}}
    end = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": ended}}
    await shop.show(name, containerStatuses=[{**status, "state": state, "lastState": end}])
    return name


def raises_the_limit(incident: Incident, shop: Shop) -> None:
    """It is proposed for exactly this deployment, as it was seen."""
    assert incident.action
    assert incident.diagnosis
    assert (incident.action.name, incident.action.lacking) == ("increase_memory_limit", ())
    named = {"namespace": shop.namespace, "deployment": DEPLOYMENT, "container_name": CONTAINER}
    assert incident.action.parameters == {**named, "memory_limit": "+50%"}
    assert incident.diagnosis.category == "out_of_memory"


@pytest.mark.parametrize("line", [KILLED, REFUSED], ids=["killed", "refused"])
async def test_the_pod_leads_to_the_deployment_and_the_cause(shop: Shop, target: Kubernetes, line: str) -> None:
    office = desk(target)
    pod = await kill(shop)
    [incident] = await group.hear(office, [entry(line.format(namespace=shop.namespace, pod=pod))])
    assert "deployment" not in incident.identifiers
    incident = await settle(office, incident)
    raises_the_limit(incident, shop)
    assert incident.action
    before = await shop.deployment()
    assert incident.action.seen["deployment_uid"] == before["metadata"]["uid"]
    assert incident.action.seen["generation"] == str(before["metadata"]["generation"])
    incident = await decide.approve(office, incident.number, "ada")
    incident = await act.start(office, incident)
    assert incident.action_status is ActionStatus.VERIFYING, incident
    [container] = (await shop.deployment())["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == "96Mi"


async def test_what_the_log_says_and_what_kubernetes_says_are_told_apart(shop: Shop, target: Kubernetes) -> None:
    office = desk(target)
    pod = await kill(shop)
    [incident] = await group.hear(office, [entry(REFUSED.format(namespace=shop.namespace, pod=pod))])
    incident = await settle(office, incident)
    assert incident.diagnosis
    assert incident.diagnosis.root_cause.startswith(
        f"The log says: {incident.signal.title}. "
        f"Kubernetes says that container {CONTAINER} was killed for memory (OOMKilled, exit code 137). "
    )


async def test_a_pod_that_has_gone_leads_nowhere_and_a_person_is_asked(shop: Shop, target: Kubernetes) -> None:
    """Its name would tell the deployment to a person; to us it is only a name."""
    office = desk(target)
    gone = f"{DEPLOYMENT}-7d9f8c6b5-x2x4z"
    [incident] = await group.hear(office, [entry(KILLED.format(namespace=shop.namespace, pod=gone))])
    incident = await settle(office, incident)
    assert incident.action
    assert incident.action.lacking == ("deployment", "container_name")
    assert incident.action.seen == {}
    filled = {"deployment": DEPLOYMENT, "container_name": CONTAINER}
    incident = await decide.approve(office, incident.number, "ada", "", filled)
    raises_limit = incident.action
    assert raises_limit
    assert raises_limit.seen["deployment_uid"] == (await shop.deployment())["metadata"]["uid"]
