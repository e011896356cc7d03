"""Things in a real cluster for the agent to mend, and what a person would have approved."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests import approved
from tests.servers.kubernetes import KubernetesServer

ends = approved.ends

DEPLOYMENT = "web"
CONTAINER = "app"


@dataclass
class Shop:
    """A namespace with a deployment of two pods in it."""

    server: KubernetesServer
    namespace: str

    @property
    def apps(self) -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}"

    @property
    def core(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}"

    async def deploy(self, replicas: int = 2, name: str = DEPLOYMENT, **spec: Any) -> None:
        """Make it, and wait until all its pods are there, ready or not."""
        body = {"metadata": {"name": name}, "spec": {"replicas": replicas, **workload(name), **spec}}
        await self.server.api("POST", f"{self.apps}/deployments", body)
        if "readinessGates" not in body["spec"]["template"]["spec"]:
            await self.rolled_out(name)

    async def rolled_out(self, name: str = DEPLOYMENT) -> None:
        def there(one: dict[str, Any]) -> bool:
            wanted, status = one["spec"]["replicas"], one["status"]
            seen = status.get("observedGeneration", 0) >= one["metadata"]["generation"]
            counts = {status.get(name, 0) for name in ("availableReplicas", "updatedReplicas", "replicas")}
            return seen and counts == {wanted}

        await self.server.until(f"{self.apps}/deployments/{name}", there)

    async def settled(self) -> None:
        """Wait until its pods are as many as wanted and none is on its way in or out."""
        await self.rolled_out()
        wanted = (await self.deployment())["spec"]["replicas"]
        await self.server.until(
            f"{self.core}/pods", lambda answer: [ready(one) for one in answer["items"]] == [True] * wanted
        )

    async def deployment(self, name: str = DEPLOYMENT) -> dict[str, Any]:
        return await self.server.api("GET", f"{self.apps}/deployments/{name}")

    async def change(self, spec: Mapping[str, Any], name: str = DEPLOYMENT) -> None:
        """As somebody else would."""
        await self.server.api("PATCH", f"{self.apps}/deployments/{name}", {"spec": spec})

    async def pods(self) -> list[dict[str, Any]]:
        """Those that are not being ended, oldest first."""
        items = (await self.server.api("GET", f"{self.core}/pods"))["items"]
        return sorted(
            (one for one in items if "deletionTimestamp" not in one["metadata"]),
            key=lambda one: str(one["metadata"]["creationTimestamp"]),
        )

    async def pod_name(self) -> str:
        return str((await self.pods())[0]["metadata"]["name"])

    async def delete(self, path: str) -> None:
        await self.server.api("DELETE", path, {"gracePeriodSeconds": 0})

    async def alone_on(self, node: str) -> None:
        """Wait until the shops before this one have left the node; a drain is of everything on it."""

        def ours(answer: dict[str, Any]) -> bool:
            return all(one["metadata"]["namespace"] == self.namespace for one in answer["items"])

        await self.server.until(f"/api/v1/pods?fieldSelector=spec.nodeName={node}", ours)

    async def show(self, pod: str, **status: Any) -> None:
        """Have Kubernetes show what a kubelet would say of a container in trouble."""
        await self.server.api("PATCH", f"{self.core}/pods/{pod}/status", {"status": status})

    async def token(self, name: str = "default") -> str:
        """Of a service account of this namespace."""
        made = await self.server.api("POST", f"{self.core}/serviceaccounts/{name}/token", {"spec": {}})
        return str(made["status"]["token"])


def ready(pod: Mapping[str, Any]) -> bool:
    told = {one["type"]: one["status"] for one in pod["status"].get("conditions", ())}
    return "deletionTimestamp" not in pod["metadata"] and told.get("Ready") == "True"


def workload(name: str, **pod: Any) -> dict[str, Any]:
    """Selector and template of pods that end within a second."""
    container = {"name": CONTAINER, "image": "shop:1", "resources": {"limits": {"memory": "64Mi"}}}
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container], **pod}
    labels = {"app": name}
    return {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}}


@asynccontextmanager
async def open_shop(server: KubernetesServer, replicas: int = 2, *, allowed: bool = True) -> AsyncIterator[Shop]:
    """It is closed without waiting: Kubernetes removes what is in it by and by."""
    shop = Shop(server, await server.namespace(allowed=allowed))
    try:
        if replicas:
            await shop.deploy(replicas)
        yield shop
    finally:
        await server.api("DELETE", f"/api/v1/namespaces/{shop.namespace}")
