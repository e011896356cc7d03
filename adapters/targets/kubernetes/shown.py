"""The parts of Kubernetes' objects that we read. https://kubernetes.io/docs/reference/kubernetes-api/"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

Part = TypeVar("Part")


def _none_is_empty(value: object) -> object:
    return () if value is None else value


def _none_is_no_entry(value: object) -> object:
    return {} if value is None else value


Many = Annotated[tuple[Part, ...], BeforeValidator(_none_is_empty)]
Words = Annotated[Mapping[str, str], BeforeValidator(_none_is_no_entry)]


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Owner(_Shown):
    kind: str
    name: str
    uid: str
    controller: bool = False


class About(_Shown):
    """Kubernetes' ObjectMeta."""

    name: str
    uid: str
    namespace: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime
    deletion_timestamp: datetime | None = None
    annotations: Words = Field(default_factory=dict)
    owner_references: Many[Owner] = ()

    @property
    def owner(self) -> Owner | None:
        """Whoever replaces it when it goes; None if nobody does."""
        return next((one for one in self.owner_references if one.controller), None)

    @property
    def revision(self) -> int:
        """Which of its deployment's revisions this is; 0 if the controller has not said so yet."""
        number = self.annotations.get("deployment.kubernetes.io/revision", "")
        return int(number) if number.isascii() and number.isdigit() else 0


class Condition(_Shown):
    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class Waiting(_Shown):
    reason: str = ""


class Terminated(_Shown):
    exit_code: int
    reason: str = ""
    finished_at: datetime | None = None


class State(_Shown):
    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(_Shown):
    name: str
    restart_count: int = 0
    state: State = State()
    last_state: State = State()


class Resources(_Shown):
    limits: Words = Field(default_factory=dict)


class Container(_Shown):
    name: str
    resources: Resources = Resources()

    @property
    def memory_limit(self) -> str:
        return self.resources.limits.get("memory", "")


class PodSpec(_Shown):
    node_name: str = ""
    containers: Many[Container] = ()


class PodStatus(_Shown):
    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: Many[Condition] = ()
    container_statuses: Many[ContainerStatus] = ()
    init_container_statuses: Many[ContainerStatus] = ()


class Pod(_Shown):
    metadata: About
    spec: PodSpec
    status: PodStatus = PodStatus()

    @property
    def ready(self) -> bool:
        return self.ready_since is not None

    @property
    def ready_since(self) -> datetime | None:
        """None if it is not ready."""
        ready = (one for one in self.status.conditions if one.type == "Ready" and one.status == "True")
        return next((one.last_transition_time or self.metadata.creation_timestamp for one in ready), None)

    @property
    def unschedulable(self) -> bool:
        return any(one.type == "PodScheduled" and one.reason == "Unschedulable" for one in self.status.conditions)

    @property
    def has_ended(self) -> bool:
        return self.status.phase in ("Succeeded", "Failed")

    @property
    def is_mirror(self) -> bool:
        """It stands in a file on its node: the API shows it, and cannot end it."""
        return "kubernetes.io/config.mirror" in self.metadata.annotations


class Page(_Shown):
    continues: str = Field(default="", validation_alias="continue")


class Pods(_Shown):
    items: Many[Pod]
    metadata: Page = Page()


class Selector(_Shown):
    match_labels: Words = Field(default_factory=dict)
    match_expressions: Many[Mapping[str, Any]] = ()


class Template(_Shown):
    spec: PodSpec


class DeploymentSpec(_Shown):
    replicas: int = 1
    paused: bool = False
    selector: Selector
    template: Template


class DeploymentStatus(_Shown):
    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    ready_replicas: int = 0
    available_replicas: int = 0
    conditions: Many[Condition] = ()


class Deployment(_Shown):
    metadata: About
    spec: DeploymentSpec
    status: DeploymentStatus = DeploymentStatus()

    @property
    def failed(self) -> str:
        """Why Kubernetes has given up on its rollout; empty if it has not."""
        for one in self.status.conditions:
            if one.type == "Progressing" and one.status == "False":
                return one.message or one.reason
            if one.type == "ReplicaFailure" and one.status == "True":
                return one.message or one.reason
        return ""


class ReplicaSetSpec(_Shown):
    replicas: int = 0
    template: Mapping[str, Any] = Field(default_factory=dict)


class ReplicaSet(_Shown):
    metadata: About
    spec: ReplicaSetSpec


class ReplicaSets(_Shown):
    items: Many[ReplicaSet]


class NodeSpec(_Shown):
    unschedulable: bool = False


class NodeStatus(_Shown):
    conditions: Many[Condition] = ()


class Node(_Shown):
    metadata: About
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def ready(self) -> bool:
        return any(one.type == "Ready" and one.status == "True" for one in self.status.conditions)

    @property
    def why_not_ready(self) -> str:
        return next((one.reason for one in self.status.conditions if one.type == "Ready"), "never was")

    @property
    def pressures(self) -> tuple[str, ...]:
        wrong = (one for one in self.status.conditions if one.type != "Ready" and one.status == "True")
        return tuple(one.type for one in wrong)


class Warned(_Shown):
    """An event of type Warning."""

    reason: str = ""
    message: str = ""
    last_timestamp: datetime | None = None


class Events(_Shown):
    items: Many[Warned]


class Scaled(_Shown):
    """What an autoscaler scales."""

    kind: str
    name: str


class AutoscalerSpec(_Shown):
    scale_target_ref: Scaled


class Autoscaler(_Shown):
    metadata: About
    spec: AutoscalerSpec


class Autoscalers(_Shown):
    items: Many[Autoscaler]


class Version(_Shown):
    git_version: str


class Resource(_Shown):
    """One line of the API's own table of contents."""

    name: str
    group: str = ""
    version: str = ""


class Contents(_Shown):
    resources: Many[Resource]


class Allowed(_Shown):
    allowed: bool = False


class Review(_Shown):
    status: Allowed
