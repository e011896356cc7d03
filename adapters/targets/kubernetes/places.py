"""The places in Kubernetes that identifiers name, and their addresses in its API. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from engine.errors import Refused

# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ : no slash, no percent sign can pass.
_LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
Name = Annotated[str, StringConstraints(pattern=rf"^{_LABEL}(\.{_LABEL})*$", max_length=253)]
Label = Annotated[str, StringConstraints(pattern=rf"^{_LABEL}$", max_length=63)]


class Where(BaseModel):
    """What identifiers or parameters name; other identifiers are none of our business."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    namespace: Label = ""
    pod_name: Name = ""
    deployment: Name = ""
    node_name: Name = ""
    replica_set: Name = ""

    @property
    def pod(self) -> str:
        return f"{self.inside}/pods/{self.pod_name}"

    @property
    def inside(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}"

    @property
    def deployed(self) -> str:
        return f"{self.apps}/deployments/{self.deployment}"

    @property
    def apps(self) -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}"

    @property
    def replicated(self) -> str:
        return f"{self.apps}/replicasets/{self.replica_set}"

    @property
    def node(self) -> str:
        return f"/api/v1/nodes/{self.node_name}"


Place = TypeVar("Place", bound=Where)


def where(names: Mapping[str, str], kind: type[Place]) -> Place:
    """Raises Refused if a name is none that Kubernetes allows; it may come from a hostile log line."""
    try:
        return kind.model_validate({name: value for name, value in names.items() if value})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name, value = ".".join(str(part) for part in first["loc"]), repr(first["input"])[:80]
        raise Refused(f"{name} is {value}, which is not allowed there.") from None


def finest(names: Mapping[str, str]) -> Where:
    """The pod, the deployment or the node, the first that is named in full. Raises Refused."""
    at = where(names, Where)
    if at.pod_name and at.namespace:
        return at
    if at.deployment and at.namespace:
        return at.model_copy(update={"pod_name": ""})
    if at.node_name:
        return Where(node_name=at.node_name)
    if at.pod_name or at.deployment:
        raise Refused("namespace is not given.")
    raise Refused("no pod, deployment or node is named.")
