"""Services that are containers, against the Docker API of a real podman."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from adapters.targets.services import Services, ServicesSettings
from adapters.targets.services.actions import CATALOGUE
from engine.errors import Unreachable
from engine.model import Action, Judgement, Result
from tests import approved
from tests.approved import ends
from tests.servers.cut import cut_line
from tests.servers.podman import PodmanServer
from tests.servers.systemd import SystemdServer
from tests.waiting import PATIENCE

pytestmark = pytest.mark.real

_numbers = count(1)


def target_at(socket: str | Path, bus: str = "", seconds: float = PATIENCE, stable: float = 1) -> Services:
    settings = ServicesSettings(
        bus=bus,
        docker=str(socket),
        allowed=("web-*",),
        timeout_seconds=seconds,
        stable_seconds=stable,
        grace_seconds=1,
    )
    return Services(settings)


@pytest.fixture
async def target(podman: PodmanServer) -> AsyncIterator[Services]:
    target = target_at(podman.socket)
    yield target
    await target.close()


@pytest.fixture
def name(podman: PodmanServer) -> Iterator[str]:
    """A container that is up."""
    name = f"web-{next(_numbers)}"
    podman.run(name)
    yield name
    podman.podman("rm", "--force", "--time=0", name)


async def proposed(target: Services, unit: str, name: str = "restart_service", **more: str) -> Action:
    return await approved.proposed(target, name, unit=unit, **more)


def started(podman: PodmanServer, name: str) -> str:
    return str(json.loads(podman.podman("inspect", name))[0]["State"]["StartedAt"])


async def test_a_dead_container_is_restarted_and_stays_up(podman: PodmanServer, target: Services, name: str) -> None:
    podman.podman("kill", name)
    podman.podman("wait", name)
    evidence = await target.look({"unit": name})
    assert evidence.healthy is False
    assert "is exited with exit code 137" in evidence.summary
    restart = await proposed(target, name)
    assert (await target.verify(restart)).judgement is Judgement.UNKNOWN
    assert (await target.act(restart)).result is Result.DONE
    patient = target_at(podman.socket, stable=600)
    assert (await patient.verify(restart)).judgement is Judgement.NOT_YET, "up for a moment is not up"
    await patient.close()
    assert (await ends(target, restart)).judgement is Judgement.WORKED
    up = started(podman, name)
    assert (await target.act(restart)).result is Result.CHANGED, "twice does no harm"
    assert started(podman, name) == up


async def test_a_container_that_was_replaced_is_left_alone(podman: PodmanServer, target: Services, name: str) -> None:
    restart = await proposed(target, name)
    podman.podman("rm", "--force", "--time=0", name)
    podman.run(name)
    up = started(podman, name)
    assert (await target.act(restart)).result is Result.CHANGED
    assert started(podman, name) == up
    verdict = await target.verify(restart)
    assert verdict.judgement is Judgement.UNKNOWN
    assert "somebody has replaced it" in verdict.detail


async def test_one_that_is_replaced_at_the_very_last_moment(podman: PodmanServer, tmp_path: Path, name: str) -> None:
    """Between our last look and our request: the request names the container's id, and not its name."""

    def replace() -> None:
        podman.podman("rm", "--force", "--time=0", name)
        podman.run(name)

    async with proxy(podman.socket, tmp_path / "proxy", before_post=replace):
        target = target_at(tmp_path / "proxy")
        outcome = await target.act(await proposed(target, name))
        await target.close()
    assert outcome.result is Result.FAILED
    assert outcome.detail == "Docker no longer knows that container. Nothing was done."
    assert json.loads(podman.podman("inspect", name))[0]["State"]["Status"] == "running"


async def test_the_beginning_of_an_id_is_no_name(podman: PodmanServer, target: Services, name: str) -> None:
    """Docker's API takes it for one."""
    id = podman.podman("inspect", "--format", "{{.Id}}", name)
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=podman.socket)) as client:
        assert (await client.get(f"http://docker/containers/{id[:12]}/json")).status_code == 200
    assert (await target.look({"unit": id[:12]})).state == {"exists": "no"}


async def test_one_that_ends_again_has_failed(podman: PodmanServer, target: Services) -> None:
    podman.run("web-ends", "false")
    podman.podman("wait", "web-ends")
    restart = await proposed(target, "web-ends")
    assert (await target.act(restart)).result is Result.DONE
    podman.podman("wait", "web-ends")
    assert (await ends(target, restart)).judgement is Judgement.FAILED


async def test_its_own_health_check_decides(podman: PodmanServer, target: Services, tmp_path: Path) -> None:
    health = ("--health-cmd", "test -e /tmp/well", "--health-interval", "disable", "--health-retries", "1")
    podman.run("web-health", options=(*health, "-v", f"{tmp_path}:/tmp"))
    restart = await proposed(target, "web-health")
    assert (await target.act(restart)).result is Result.DONE
    assert (await target.verify(restart)).judgement is Judgement.NOT_YET
    (tmp_path / "well").touch()
    podman.podman("healthcheck", "run", "web-health")
    assert (await ends(target, restart)).judgement is Judgement.WORKED
    assert (await target.look({"unit": "web-health"})).healthy is True


async def test_outside_the_fence(podman: PodmanServer, target: Services) -> None:
    podman.run("private")
    up = started(podman, "private")
    outcome = await target.act(await proposed(target, "private"))
    assert outcome.result is Result.FAILED
    assert "SERVICES_ALLOWED" in outcome.detail
    assert started(podman, "private") == up


async def test_a_containers_memory_is_none_of_ours(target: Services, name: str) -> None:
    outcome = await target.act(await proposed(target, name, "adjust_memory_config", memory_limit="512M"))
    assert outcome.result is Result.FAILED
    assert "only a unit's memory can be adjusted" in outcome.detail


async def test_systemd_comes_first(podman: PodmanServer, systemd: SystemdServer) -> None:
    systemd.unit("web-both.service", ExecStart="/bin/sleep 1000")
    podman.run("web-both")
    podman.run("web-alone")
    target = target_at(podman.socket, bus=systemd.socket)
    assert (await target.look({"unit": "web-both"})).state["by"] == "systemd"
    assert (await target.look({"unit": "web-alone"})).state["by"] == "docker"
    assert (await target.look({"unit": "web-none"})).summary == "systemd knows no unit web-none.service."
    restart = await proposed(target, "web-alone")
    assert (await target.act(restart)).result is Result.DONE
    assert (await ends(target, restart)).judgement is Judgement.WORKED
    said = await target.check()
    assert "Podman Engine" in said
    assert "gives all rights on the machine" in said
    await target.close()


@pytest.mark.parametrize("silent", [False, True])
async def test_the_answer_is_lost(podman: PodmanServer, tmp_path: Path, name: str, silent: bool) -> None:
    direct = target_at(podman.socket)
    restart = await proposed(direct, name)
    async with cut_line(tmp_path / "docker", podman.socket, b"/restart", silent=silent) as line:
        cut = target_at(tmp_path / "docker", seconds=5 if silent else PATIENCE)
        outcome = await cut.act(restart)
        await cut.close()
    assert (outcome.result, line.arrived) == (Result.UNKNOWN, 1)
    assert (await ends(direct, restart)).judgement is Judgement.WORKED, "it had arrived"
    await direct.close()


async def test_nobody_is_there(tmp_path: Path) -> None:
    target = target_at(tmp_path / "docker")
    with pytest.raises(Unreachable, match="Docker cannot be asked"):
        await target.look({"unit": "web-1"})
    spec = CATALOGUE["restart_service"]
    action = Action("a1", "services", spec.name, {"unit": "web-1"}, spec.risk, "", "", "", {"by": "docker"})
    assert (await target.act(action)).result is Result.FAILED
    await target.close()


async def test_a_proxy_that_only_lets_us_look(podman: PodmanServer, tmp_path: Path, name: str) -> None:
    up = started(podman, name)
    async with proxy(podman.socket, tmp_path / "proxy"):
        target = target_at(tmp_path / "proxy")
        restart = await proposed(target, name)
        assert restart.seen["status"] == "running"
        outcome = await target.act(restart)
        await target.close()
    assert outcome.result is Result.FAILED
    assert outcome.detail == "Docker forbids it: POST is not for you. Nothing was done."
    assert started(podman, name) == up


@asynccontextmanager
async def proxy(far: str, near: Path, before_post: Callable[[], None] | None = None) -> AsyncIterator[None]:
    """What people put before Docker's socket, so that not everybody is root: it passes GET, and POST after a call."""

    async def answer(request: web.Request) -> web.Response:
        if request.method == "POST":
            if before_post is None:
                return web.json_response({"message": "POST is not for you."}, status=403)
            await asyncio.to_thread(before_post)
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=far), timeout=60) as client:
            found = await client.request(request.method, f"http://docker{request.raw_path}")
        return web.Response(body=found.content, status=found.status_code, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(near)).start()
    try:
        yield
    finally:
        await runner.cleanup()
