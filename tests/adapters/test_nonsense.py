"""A server that answers 200 and nonsense: whatever it says, a target knows nothing by it and praises nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import pytest
from aiohttp import web

from adapters.targets.airflow import Airflow, AirflowSettings
from adapters.targets.kubernetes import Kubernetes, KubernetesSettings
from adapters.targets.services import Services, ServicesSettings
from adapters.targets.spark import Spark, SparkSettings
from engine.errors import Misconfigured, Unreachable
from engine.model import Action, Judgement, Result

NONSENSE = {
    "nested without end": b"[" * 100_000,
    "objects without end": b'{"State":' * 100_000,
    "no JSON": b"<html>",
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
    "null": b"null",
    "a number": b"17",
    "a text": b'"x"',
    "lists": b'[[1], {"Name": 1}]',
    "wrong kinds": b'{"Components": [1], "Version": {}, "Id": [], "workers": 1, "activeapps": [1], "message": []}',
}


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: it
clusters: [{{name: here, cluster: {{server: "{url}"}}}}]
users: [{{name: agent, user: {{token: secret-of-the-agent}}}}]
contexts: [{{name: it, context: {{cluster: here, user: agent}}}}]
"""


@pytest.fixture(params=NONSENSE)
def nonsense(request: pytest.FixtureRequest) -> bytes:
    return NONSENSE[request.param]


@asynccontextmanager
async def serving(said: bytes, socket: Path | None = None) -> AsyncIterator[str]:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=said, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.UnixSite(runner, str(socket)) if socket else web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield "http://{}:{}".format(*runner.addresses[0][:2]) if not socket else str(socket)
    finally:
        await runner.cleanup()


async def test_docker(nonsense: bytes, tmp_path: Path) -> None:
    async with serving(nonsense, tmp_path / "docker.sock") as socket:
        target = Services(ServicesSettings(bus="", docker=socket, allowed=("web",)))
        await _knows_nothing(target, "restart_service", {"unit": "web"}, {"by": "docker", "status": "running"})
        await target.close()


async def test_spark(nonsense: bytes, tmp_path: Path) -> None:
    async with serving(nonsense) as url:
        target = Spark(SparkSettings(url, url, str(tmp_path), ("*",)))
        for name in ("driver-20260101000000-0001", "app-20260101000000-0001"):
            await _knows_nothing(target, "kill_spark_app", {"application_id": name}, {"state": "RUNNING"})
        await target.close()


async def test_airflow(nonsense: bytes) -> None:
    async with serving(nonsense) as url:
        target = Airflow(AirflowSettings(url, "oncall", "password", dags=("*",)))
        task = {"dag_id": "orders", "dag_run_id": "manual__1", "task_id": "load", "map_index": "-1"}
        await _knows_nothing(target, "restart_dag_task", task, {"state": "failed", "try_number": "1"})
        await target.close()


async def test_kubernetes(nonsense: bytes, tmp_path: Path) -> None:
    async with serving(nonsense) as url:
        config = tmp_path / "kubeconfig"
        config.write_text(KUBECONFIG.format(url=url), "utf-8")
        target = Kubernetes(KubernetesSettings(str(config), namespaces=("shop",)))
        pod = {"namespace": "shop", "pod_name": "web-1"}
        await _knows_nothing(target, "restart_pod", pod, {"pod_uid": "1"})
        await target.close()


async def _knows_nothing(
    target: Airflow | Kubernetes | Services | Spark, name: str, parameters: dict[str, str], seen: dict[str, str]
) -> None:
    spec = target.catalogue()[name]
    action = Action("a1", target.name, name, parameters, spec.risk, "", "", "", seen)
    evidence = await _or_none(target.look(parameters))
    assert evidence is None or evidence.healthy is None
    assert (await target.act(action)).result in (Result.FAILED, Result.CHANGED, Result.UNKNOWN)
    verdict = await _or_none(target.verify(action))
    assert verdict is None or verdict.judgement is Judgement.UNKNOWN
    assert await _or_none(target.check()) != ""


T = TypeVar("T")


async def _or_none(asked: Awaitable[T]) -> T | None:
    with suppress(Unreachable, Misconfigured):
        return await asked
    return None
