"""A small Kubernetes API that answers what it was told to, and what it was not told of does not exist there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from adapters.targets.kubernetes import Kubernetes, KubernetesSettings
from tests.waiting import PATIENCE

Answer = dict[str, Any] | Callable[[web.Request], Awaitable[web.StreamResponse]]
TOKEN = "token-nobody-may-see"


@dataclass
class RecordedKubernetes:
    """``heard`` is every request, as ``GET /api/v1/nodes/n1``."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        line = f"{request.method} {request.path}"
        self.heard.append(line)
        answer = self.answers.get(line)
        if callable(answer):
            return await answer(request)
        if answer is None:
            return refused(404, f"{request.path[-40:]} not found")
        return web.json_response(answer)


def refused(status: int, words: str) -> web.Response:
    """As Kubernetes says no."""
    return web.json_response({"kind": "Status", "status": "Failure", "message": words, "code": status}, status=status)


@asynccontextmanager
async def recorded_kubernetes() -> AsyncIterator[RecordedKubernetes]:
    recorded = RecordedKubernetes()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", recorded.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    recorded.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield recorded
    finally:
        await runner.cleanup()


def kubeconfig(path: Path, url: str, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None) -> Path:
    """Write one with this server, and whatever else its cluster and user say."""
    content = {
        "clusters": [{"name": "c", "cluster": {"server": url, **(cluster or {})}}],
        "users": [{"name": "agent", "user": {"token": TOKEN} if user is None else user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "agent"}}],
        "current-context": "x",
    }
    path.write_text(yaml.safe_dump(content), "utf-8")
    return path


@asynccontextmanager
async def connected(url: str, folder: Path, seconds: float = PATIENCE) -> AsyncIterator[Kubernetes]:
    """The target, for everything at this address but Kubernetes' own namespaces."""
    config = kubeconfig(folder / "kubeconfig", url)
    target = Kubernetes(KubernetesSettings(str(config), ("*",), ("*",), timeout_seconds=seconds))
    try:
        yield target
    finally:
        await target.close()
