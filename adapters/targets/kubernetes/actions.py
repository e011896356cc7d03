"""What can be done to Kubernetes, and the exact request for each. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from adapters.targets.kubernetes.found import RESTARTED
from adapters.targets.kubernetes.memory import AMOUNT, SHARE
from adapters.targets.kubernetes.places import Where, where
from adapters.targets.parameters import wrong
from engine.errors import Refused
from engine.model import ActionSpec, Parameter, Risk

MOST_REPLICAS = 1000


class Change(Where):
    """Parameters of every action; each uses those that its catalogue entry names."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    container_name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)] = ""
    memory_limit: Annotated[str, StringConstraints(pattern=f"^({AMOUNT}|{SHARE})$", max_length=24)] = "+50%"
    replicas: Annotated[int, Field(ge=1, le=MOST_REPLICAS)] = 1
    revision: Annotated[int, Field(ge=0, le=10**9)] = 0


Body = Mapping[str, Any]
_AS_SEEN = {"uid": "{as seen}", "resourceVersion": "{as seen}"}


def change(name: str, parameters: Mapping[str, str]) -> Change:
    """Raises Refused if there is no such action, or its parameters are not exactly those of the catalogue."""
    if name not in CATALOGUE:
        raise Refused(f"Kubernetes has no action {name[:80]!r}.")
    known = {parameter.name: parameter for parameter in CATALOGUE[name].parameters}
    for parameter in known.values():
        if parameter.required and not parameters.get(parameter.name):
            raise Refused(f"{parameter.name} is not given.")
    if strange := parameters.keys() - known.keys():
        raise Refused(f"{name} has no parameter {min(strange)[:80]!r}.")
    return where(parameters, Change)


def restarted(at: str) -> Body:
    """What kubectl rollout restart sends; ``at`` only has to differ from the last."""
    return {"spec": {"template": {"metadata": {"annotations": {RESTARTED: at}}}}}


def scaled(replicas: int) -> Body:
    return {"spec": {"replicas": replicas}}


def remembering(container: str, limit: str) -> Body:
    """Of a list of containers, a strategic merge changes only the one of this name."""
    one = {"name": container, "resources": {"limits": {"memory": limit}}}
    return {"spec": {"template": {"spec": {"containers": [one]}}}}


def rolled_back(template: Body) -> Body:
    return {"spec": {"template": {"$patch": "replace", **template}}}


def cordoned(*, cordon: bool) -> Body:
    return {"spec": {"unschedulable": cordon}}


def evicted(version: str, namespace: str, name: str, uid: str) -> Body:
    about = {"name": name, "namespace": namespace}
    preconditions = {"preconditions": {"uid": uid}}
    return {"apiVersion": version, "kind": "Eviction", "metadata": about, "deleteOptions": preconditions}


def deleted(uid: str) -> Body:
    """Kubernetes deletes it only if it still is the very pod of this uid."""
    return {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}


def marked(body: Body, about: Mapping[str, Any]) -> Body:
    """The body, for exactly the object with this uid and version: Kubernetes refuses it for any other."""
    return {"metadata": dict(about), **body}


def _delete(wanted: Change) -> str:
    return f"DELETE {wanted.pod}\n{json.dumps(deleted('{as seen}'))}"


def _patch(path: str, body: Body) -> str:
    return f"PATCH {path}\n{json.dumps(marked(body, _AS_SEEN))}"


def _rollback(wanted: Change) -> str:
    template = f"{{that of revision {wanted.revision or '0: the last that differs'}}}"
    return f"PATCH {wanted.deployed}\n{json.dumps({'metadata': _AS_SEEN, 'spec': {'template': template}})}"


def _drain(wanted: Change) -> str:
    pod = "/api/v1/namespaces/{each pod's}/pods/{each pod}/eviction"
    return f"{_patch(wanted.node, cordoned(cordon=True))}\nPOST {pod}"


_REQUESTS: Mapping[str, Callable[[Change], str]] = {
    "restart_pod": _delete,
    "rollout_restart": lambda wanted: _patch(wanted.deployed, restarted("{now}")),
    "rollback_deployment": _rollback,
    "scale_deployment": lambda wanted: _patch(wanted.deployed, scaled(wanted.replicas)),
    "increase_memory_limit": lambda wanted: _patch(
        wanted.deployed, remembering(wanted.container_name, wanted.memory_limit)
    ),
    "cordon_node": lambda wanted: _patch(wanted.node, cordoned(cordon=True)),
    "uncordon_node": lambda wanted: _patch(wanted.node, cordoned(cordon=False)),
    "drain_node": _drain,
}

_NAMESPACE = Parameter("namespace", "Namespace")
_POD = Parameter("pod_name", "Pod")
_DEPLOYMENT = Parameter("deployment", "Deployment")
_NODE = Parameter("node_name", "Node")
_CONTAINER = Parameter("container_name", "Container")
_MEMORY = Parameter("memory_limit", "New limit, as 1Gi, or what is added, as +50%", required=False, default="+50%")
_REPLICAS = Parameter("replicas", "Pods", kind="integer")
_REVISION = Parameter("revision", "Revision (0: the last that differs)", kind="integer", required=False, default="0")

_ROLLOUT = timedelta(minutes=15)
"""Kubernetes itself calls a rollout failed after ten minutes, unless the deployment says otherwise."""

_ONCE = "The second is refused: it is for the object as it was before the first"
_SAME = "Nothing: the second finds it so"


def _request(name: str) -> Callable[[Mapping[str, str]], str]:
    def request(parameters: Mapping[str, str]) -> str:
        try:
            return _REQUESTS[name](change(name, parameters))
        except Refused as error:
            return f"No request can be made of this: {error}"

    return request


def _spec(  # noqa: PLR0913  # a catalogue entry has as many sides as a person must know
    name: str,
    *parameters: Parameter,
    risk: Risk,
    effect: str,
    undo: str,
    within: timedelta,
    repeat: str = _ONCE,
    timeout: timedelta = timedelta(seconds=30),
) -> ActionSpec:
    thing = tuple(one.name for one in parameters if one in (_NAMESPACE, _POD, _DEPLOYMENT, _NODE))
    return ActionSpec(
        name, parameters, risk, effect, undo, _request(name), within, wrong(Change), thing, timeout, repeat
    )  # fmt: skip


CATALOGUE: Mapping[str, ActionSpec] = {
    spec.name: spec
    for spec in (
        _spec(
            "restart_pod", _NAMESPACE, _POD,
            risk=Risk.LOW,
            effect="Deletes pod {pod_name} in namespace {namespace}; what manages it starts another in its place",
            undo="None: the pod is gone, and with it what it kept to itself; its successor starts afresh",
            within=timedelta(minutes=10),
        ),
        _spec(
            "rollout_restart", _NAMESPACE, _DEPLOYMENT,
            risk=Risk.MEDIUM,
            effect="Replaces all pods of deployment {deployment} in namespace {namespace}, a few at a time",
            undo="None: but the new pods are of the same revision",
            within=_ROLLOUT,
        ),
        _spec(
            "rollback_deployment", _NAMESPACE, _DEPLOYMENT, _REVISION,
            risk=Risk.HIGH,
            effect="Gives deployment {deployment} in namespace {namespace} the pods of an earlier revision"
            " ({revision}; 0 is the last that differs)",
            undo="Roll back once more: the present revision stays in its history",
            within=_ROLLOUT,
        ),
        _spec(
            "scale_deployment", _NAMESPACE, _DEPLOYMENT, _REPLICAS,
            risk=Risk.MEDIUM,
            effect="Sets deployment {deployment} in namespace {namespace} to {replicas} pods",
            undo="Scale it to the number of pods that it had",
            within=_ROLLOUT,
        ),
        _spec(
            "increase_memory_limit", _NAMESPACE, _DEPLOYMENT, _CONTAINER, _MEMORY,
            risk=Risk.MEDIUM,
            effect="Sets the memory limit of container {container_name} of deployment {deployment} in namespace"
            " {namespace} to {memory_limit}, which replaces its pods, a few at a time",
            undo="Roll the deployment back: its earlier revision has the old limit",
            within=_ROLLOUT,
        ),
        _spec(
            "cordon_node", _NODE,
            risk=Risk.MEDIUM,
            effect="Cordons node {node_name}: it gets no new pods, those on it stay",
            undo="Uncordon node {node_name}",
            within=timedelta(minutes=1),
            repeat=_SAME,
        ),
        _spec(
            "uncordon_node", _NODE,
            risk=Risk.MEDIUM,
            effect="Uncordons node {node_name}: it gets new pods again",
            undo="Cordon node {node_name}",
            within=timedelta(minutes=1),
            repeat=_SAME,
        ),
        _spec(
            "drain_node", _NODE,
            risk=Risk.HIGH,
            effect="Cordons node {node_name} and evicts its pods as far as their disruption budgets allow; what they"
            " keep on the node itself is lost",
            undo="Uncordon node {node_name}; the pods stay where they are by then",
            within=timedelta(minutes=15),
            repeat="The second evicts what the first has left there",
            timeout=timedelta(minutes=3),
        ),
    )
}  # fmt: skip
