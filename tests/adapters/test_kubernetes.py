"""The Kubernetes target where no cluster is needed: what it reads, what it refuses, and servers that misbehave."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from adapters.targets.kubernetes import CATALOGUE, Kubernetes, KubernetesSettings
from adapters.targets.kubernetes.fence import Fence
from adapters.targets.kubernetes.memory import increased
from engine.errors import Misconfigured, Refused, Unreachable
from engine.model import Action, Judgement, Result
from tests.adapters.recorded_kubernetes import TOKEN, RecordedKubernetes, connected, kubeconfig, recorded_kubernetes
from tests.adapters.recorded_kubernetes import refused as says_no
from tests.waiting import PATIENCE

NODE = {"node_name": "n1"}
PATH = "/api/v1/nodes/n1"


def node(uid: str = "u1", *, cordoned: bool = False, mark: str = "") -> dict[str, Any]:
    about = {"name": "n1", "uid": uid, "resourceVersion": "7", "creationTimestamp": "2026-11-21T08:00:00Z"}
    ready = {"type": "Ready", "status": "True"}
    spec = {"unschedulable": True} if cordoned else {}
    return {
        "metadata": {**about, "annotations": {"oncall-agent/action": mark} if mark else None},
        "spec": spec,
        "status": {"conditions": [ready]},
    }


CORDON = Action(
    "a1", "kubernetes", "cordon_node", NODE, CATALOGUE["cordon_node"].risk, "", "", "",
    {"node_uid": "u1", "unschedulable": "no", "ready": "yes"},
)  # fmt: skip


@pytest.fixture
async def server() -> Any:
    async with recorded_kubernetes() as server:
        server.answers[f"GET {PATH}"] = node()
        yield server


@pytest.fixture
async def target(server: RecordedKubernetes, tmp_path: Path) -> Any:
    async with connected(server.url, tmp_path) as target:
        yield target


@pytest.mark.parametrize(
    ("present", "wanted", "new"),
    [
        ("64Mi", "+50%", "96Mi"),
        ("1Gi", "+100%", "2048Mi"),
        ("100M", "+10%", "105Mi"),
        ("512Mi", "1Gi", "1Gi"),
        ("1000000000", "1.5G", "1.5G"),
    ],
)
def test_a_limit_is_increased(present: str, wanted: str, new: str) -> None:
    assert increased(present, wanted) == new


@pytest.mark.parametrize(
    ("present", "wanted", "why"),
    [
        ("64Mi", "64Mi", "no increase"),
        ("64Mi", "64M", "no increase"),
        ("64Mi", "257Mi", "mistake"),
        ("64Mi", "+301%", "mistake"),
        ("64Mi", "64Mi\n", "no increase"),
        ("128974848000m", "1Gi", "none that I can add to"),
        ("", "1Gi", "none that I can add to"),
    ],
)
def test_what_is_no_increase_is_refused(present: str, wanted: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        increased(present, wanted)


@pytest.mark.parametrize(
    ("patterns", "name", "inside"),
    [
        ((), "shop", False),
        (("shop",), "shop", True),
        (("shop",), "shop-2", False),
        (("shop-*",), "shop-2", True),
        (("s.op",), "shop", False),
        (("*",), "shop", True),
        (("*",), "kube-system", False),
        (("kube-*",), "kube-system", True),
    ],
)
def test_the_fence(patterns: tuple[str, ...], name: str, inside: bool) -> None:
    assert (Fence(patterns, ()).wrong({"namespace": name}) == {}) is inside


@pytest.mark.parametrize(
    ("url", "cluster", "user", "why"),
    [
        ("http://k8s.example.com", {}, {"token": "t"}, "must begin with https"),
        ("file:///etc/passwd", {}, {"token": "t"}, "must begin with https"),
        ("https://k8s", {"insecure-skip-tls-verify": True}, {"token": "t"}, "skips the check"),
        ("https://k8s", {}, {"exec": {"command": "sh"}}, "another program"),
        ("https://k8s", {"certificate-authority-data": "%%%"}, {"token": "t"}, "cannot be read"),
        ("https://k8s", {"certificate-authority": "no-such-file"}, {"token": "t"}, "cannot be read"),
        ("https://k8s", {}, {"client-certificate": "no-such-file"}, "cannot be read"),
    ],
)
def test_a_kubeconfig_that_is_not_safe_or_not_whole(
    tmp_path: Path, url: str, cluster: dict[str, Any], user: dict[str, Any], why: str
) -> None:
    config = kubeconfig(tmp_path / "config", url, cluster, user)
    with pytest.raises(Misconfigured, match=why):
        Kubernetes(KubernetesSettings(str(config)))


@pytest.mark.parametrize("text", ["", "[]", "a: [", "current-context: x", "\x00", "!!python/object/apply:os.getcwd []"])
def test_what_is_no_kubeconfig(tmp_path: Path, text: str) -> None:
    (tmp_path / "config").write_text(text)
    with pytest.raises(Misconfigured, match=r"kubeconfig|has no context"):
        Kubernetes(KubernetesSettings(str(tmp_path / "config")))


def test_outside_a_pod_there_is_no_service_account(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="name a kubeconfig instead"):
        Kubernetes(KubernetesSettings("in-cluster", service_account=tmp_path, environment={}))


async def test_a_token_that_was_replaced_is_read_anew(server: RecordedKubernetes, tmp_path: Path) -> None:
    given: list[str] = []

    async def listen(request: web.Request) -> web.StreamResponse:
        given.append(request.headers["Authorization"])
        return web.json_response(node())

    server.answers[f"GET {PATH}"] = listen
    (tmp_path / "token").write_text("first\n")
    target = Kubernetes(
        KubernetesSettings(str(kubeconfig(tmp_path / "config", server.url, {}, {"tokenFile": "token"})))
    )
    await target.look(NODE)
    (tmp_path / "token").write_text("second")
    await target.look(NODE)
    await target.close()
    assert given == ["Bearer first", "Bearer second"]


async def html(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Please sign in</html>", content_type="text/html")


async def failing(_request: web.Request) -> web.StreamResponse:
    return says_no(500, "etcdserver: request timed out")


async def forbidding(_request: web.Request) -> web.StreamResponse:
    return says_no(403, f"no, {TOKEN} may not")


async def redirecting(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=307, headers={"Location": "http://127.0.0.1:1/"})


async def endless(_request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(_request)
    while True:
        await response.write(b" " * 4_000_000)


async def slow(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return web.Response()


async def cutting(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def a_list(_request: web.Request) -> web.StreamResponse:
    return web.json_response(["nothing", "that", "Kubernetes", "says"])


@pytest.mark.parametrize(
    ("answer", "result", "temporary"),
    [
        (html, Result.UNKNOWN, False),
        (a_list, Result.UNKNOWN, False),
        (failing, Result.UNKNOWN, True),
        (endless, Result.UNKNOWN, True),
        (slow, Result.UNKNOWN, True),
        (cutting, Result.UNKNOWN, True),
        (forbidding, Result.FAILED, False),
        (redirecting, Result.FAILED, False),
    ],
)
async def test_a_server_that_misbehaves(
    server: RecordedKubernetes, tmp_path: Path, answer: Any, result: Result, temporary: bool
) -> None:
    async with connected(server.url, tmp_path, 2 if answer in (endless, slow) else PATIENCE) as target:
        await _misbehaves(server, target, answer, result, temporary)


async def _misbehaves(
    server: RecordedKubernetes, target: Kubernetes, answer: Any, result: Result, temporary: bool
) -> None:
    server.answers[f"PATCH {PATH}"] = answer
    outcome = await target.act(CORDON)
    assert outcome.result is result, outcome
    assert "<html>" not in outcome.detail
    assert TOKEN not in outcome.detail
    assert server.heard.count(f"PATCH {PATH}") == 1

    server.answers[f"GET {PATH}"] = answer
    for call in (target.look(NODE), target.verify(CORDON)):
        with pytest.raises(Unreachable) as caught:
            await call
        assert caught.value.temporary is temporary
        assert TOKEN not in str(caught.value)
    outcome = await target.act(CORDON)
    assert (outcome.result, "Nothing was sent" in outcome.detail) == (Result.FAILED, True), outcome


async def test_a_change_is_for_the_very_object_and_version_that_was_seen(
    server: RecordedKubernetes, target: Kubernetes
) -> None:
    bodies: list[Any] = []

    async def conflict(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.json())
        return says_no(409, "the object has been modified")

    server.answers[f"PATCH {PATH}"] = conflict
    outcome = await target.act(CORDON)
    assert (outcome.result, "changed each time" in outcome.detail) == (Result.FAILED, True)
    about = {"uid": "u1", "resourceVersion": "7", "annotations": {"oncall-agent/action": "a1"}}
    assert bodies == [{"metadata": about, "spec": {"unschedulable": True}}] * 4


@pytest.mark.parametrize(
    ("shown", "judgement"),
    [
        (node(), Judgement.UNKNOWN),
        (node(cordoned=True), Judgement.RECOVERED),
        (node(cordoned=True, mark="a1"), Judgement.WORKED),
        (node(mark="a1"), Judgement.FAILED),
        (node("u2"), Judgement.UNKNOWN),
    ],
)
async def test_only_what_carries_our_mark_is_ours(
    server: RecordedKubernetes, target: Kubernetes, shown: dict[str, Any], judgement: Judgement
) -> None:
    server.answers[f"GET {PATH}"] = shown
    assert (await target.verify(CORDON)).judgement is judgement


async def test_every_page_of_a_list_is_read(server: RecordedKubernetes, target: Kubernetes) -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        more = "" if "continue" in request.query else "next page"
        about = {"name": f"p{len(more)}", "uid": "u", "creationTimestamp": "2026-11-21T08:00:00Z", "namespace": "shop"}
        return web.json_response({"items": [{"metadata": about, "spec": {}}], "metadata": {"continue": more}})

    server.answers["GET /api/v1/pods"] = page
    drain = Action("a1", "kubernetes", "drain_node", NODE, CATALOGUE["drain_node"].risk, "", "", "", CORDON.seen)
    outcome = await target.act(drain)
    assert (outcome.result, "shop/p9, shop/p0" in outcome.detail) == (Result.FAILED, True), outcome
    assert server.heard.count("GET /api/v1/pods") == 2
    assert not any(line.startswith(("PATCH", "POST")) for line in server.heard)


async def test_the_token_is_never_shown(target: Kubernetes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await target.look(NODE)
    assert TOKEN not in f"{target!r}{vars(target)!r}{caplog.text}"


@pytest.mark.parametrize(
    ("observed", "reason", "judgement"),
    [(1, "CrashLoopBackOff", Judgement.NOT_YET), (2, "CrashLoopBackOff", Judgement.FAILED), (2, "", Judgement.WORKED)],
)
async def test_the_pods_of_before_are_not_judged(
    server: RecordedKubernetes, target: Kubernetes, observed: int, reason: str, judgement: Judgement
) -> None:
    """Until the controller has seen the change, what crashes is what was there when it was approved."""
    _deployed(server, observed, reason)
    parameters = {"namespace": "shop", "deployment": "web"}
    restart = Action("a1", "kubernetes", "rollout_restart", parameters, CORDON.risk, "", "", "", {"generation": "1"})
    assert (await target.verify(restart)).judgement is judgement


@pytest.mark.parametrize(
    ("failed", "judgement"), [("web-0", Judgement.NOT_YET), ("web-1", Judgement.FAILED), ("web-10", Judgement.FAILED)]
)
@pytest.mark.parametrize("words", ['ReplicaSet "{}" has timed out progressing.', 'pods "{}-" is forbidden'])
async def test_the_failure_that_a_rollback_mends_is_not_its_own(
    server: RecordedKubernetes, target: Kubernetes, words: str, failed: str, judgement: Judgement
) -> None:
    """A controller that has seen the change still shows the old condition, until it has made some progress."""
    _deployed(server, 2, "")
    shown: Any = server.answers["GET /apis/apps/v1/namespaces/shop/deployments/web"]
    told = {"type": "Progressing", "status": "False", "message": words.format(failed)}
    shown["status"] |= {"conditions": [told], "replicas": 2}
    sets: Any = server.answers["GET /apis/apps/v1/namespaces/shop/replicasets"]
    before = {"metadata": _named("web-0", "r0", "d"), "spec": sets["items"][0]["spec"]}
    sets["items"].append(before)
    parameters = {"namespace": "shop", "deployment": "web"}
    back = Action("a1", "kubernetes", "rollback_deployment", parameters, CORDON.risk, "", "", "", {"revision": "0"})
    assert (await target.verify(back)).judgement is judgement
    assert (failed in (await target.look(parameters)).summary) is (judgement is Judgement.FAILED)


def _deployed(server: RecordedKubernetes, observed: int, reason: str) -> None:
    """A deployment that carries our mark, changed once, with one pod that waits for this reason or has long been ready."""
    state = {"waiting": {"reason": reason}} if reason else {"running": {}}
    ready = {"type": "Ready", "status": "False" if reason else "True", "lastTransitionTime": "2026-11-21T08:00:00Z"}
    revision = {"deployment.kubernetes.io/revision": "1"}
    template = {"spec": {"containers": [{"name": "app"}]}}
    counts = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    server.answers |= {
        "GET /apis/apps/v1/namespaces/shop/deployments/web": {
            "metadata": _named("web", "d", generation=2, annotations={**revision, "oncall-agent/action": "a1"}),
            "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template},
            "status": {"observedGeneration": observed, **counts},
        },
        "GET /apis/apps/v1/namespaces/shop/replicasets": {
            "items": [{"metadata": _named("web-1", "r", "d", annotations=revision), "spec": {"template": template}}]
        },
        "GET /api/v1/namespaces/shop/pods": {
            "items": [
                {
                    "metadata": _named("web-1-x", "p", "r"),
                    "spec": {},
                    "status": {"conditions": [ready], "containerStatuses": [{"name": "app", "state": state}]},
                }
            ]
        },
    }


def _named(name: str, uid: str, owner: str = "", **more: Any) -> dict[str, Any]:
    owned = [{"kind": "Any", "name": "its-owner", "uid": owner, "controller": True}] if owner else []
    about = {"name": name, "uid": uid, "namespace": "shop", "creationTimestamp": "2026-11-21T08:00:00Z"}
    return {**about, "ownerReferences": owned, **more}
