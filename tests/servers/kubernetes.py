"""A real Kubernetes on this machine: etcd, API server, controllers, scheduler, and two nodes that start no container.

The programs are built once, from Debian's own source package, into the cache; the nodes are kubemark's hollow kubelets,
so pods are scheduled, become ready and end as everywhere, though nothing runs in them.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
import yaml

from adapters.targets.kubernetes import Kubernetes, KubernetesSettings
from tests.servers import free_port, missing
from tests.servers.node import installed
from tests.waiting import PATIENCE

VERSION = "1.20.2"
BUILD = Path(__file__).parent / "kubernetes_build.sh"
MANIFESTS = Path(__file__).parents[2] / "manifests" / "kubernetes"
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubemark")
INSTALL = "apt-get install -y --no-install-recommends etcd-server golang-1.19-go dpkg-dev make rsync jq openssl"
BUILDING = 3000.0
"""Seconds for the build: six minutes on two idle cores."""

ADMIN = "admin-of-the-tests"
NODES = ("hollow-0", "hollow-1")
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
_numbers = count(1)


@dataclass
class KubernetesServer:
    """A running cluster. ``api`` speaks as its admin; ``agent`` is our target with the rights of the manifests only."""

    url: str
    folder: Path
    seconds_to_start: float = 0.0
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def authority(self) -> Path:
        return self.folder / "certs" / "apiserver.crt"

    @property
    def service_account(self) -> Path:
        """As Kubernetes puts it into a pod."""
        return self.folder / "serviceaccount"

    async def api(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = await self.ask(method, path, body)
        assert answer.is_success, f"{method} {path}: {answer.text[:600]}"
        return dict(answer.json())

    async def ask(self, method: str, path: str, body: object = None, token: str = ADMIN) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", **(STRATEGIC if method == "PATCH" else {})}
        async with httpx.AsyncClient(base_url=self.url, verify=self._tls(), trust_env=False, timeout=60) as client:
            return await client.request(method, path, json=body, headers=headers)

    async def namespace(self, *, allowed: bool = True) -> str:
        """A new one; where ``allowed``, the agent has the rights of namespace.yaml in it."""
        name = f"shop-{next(_numbers)}"
        await self.api("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        await self.until(f"/api/v1/namespaces/{name}/serviceaccounts/default", lambda _: True)
        if allowed:
            await self.apply("namespace", name)
        return name

    async def apply(self, manifest: str, namespace: str = "") -> None:
        """As kubectl apply -n does, for the kinds of our manifests."""
        for one in yaml.safe_load_all((MANIFESTS / f"{manifest}.yaml").read_text("utf-8")):
            where = one["metadata"].get("namespace", namespace)
            prefix = "/api/v1" if one["apiVersion"] == "v1" else f"/apis/{one['apiVersion']}"
            inside = f"/namespaces/{where}" if one["kind"] in ("ServiceAccount", "Role", "RoleBinding") else ""
            await self.api("POST", f"{prefix}{inside}/{one['kind'].lower()}s", one)

    async def until(self, path: str, good: Any, seconds: float = PATIENCE) -> dict[str, Any]:
        """Ask until the answer is as wanted; the answer."""
        deadline = time.monotonic() + seconds
        while True:
            answer = await self.ask("GET", path)
            if answer.is_success and good(answer.json()):
                return dict(answer.json())
            self.all_run()
            assert time.monotonic() < deadline, answer.text[:1500]
            await asyncio.sleep(0.1)

    def all_run(self) -> None:
        """A program that ended fails the test with its last words: waiting on would hide them."""
        for name, process in self.processes.items():
            assert process.poll() is None, f"{name} ended: {_last_words(self.folder / f'{name}.log')}"

    @asynccontextmanager
    async def agent(self, *namespaces: str, nodes: tuple[str, ...] = (), **more: Any) -> AsyncIterator[Kubernetes]:
        """Our target, signed in as the service account of the manifests."""
        host, _, port = self.url.removeprefix("https://").partition(":")
        settings: dict[str, Any] = {
            "steady_seconds": 1,
            "settled_seconds": 2,
            "drain_seconds": PATIENCE,
            "timeout_seconds": PATIENCE,
            "service_account": self.service_account,
            "environment": {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port},
        }
        target = Kubernetes(KubernetesSettings("in-cluster", namespaces, nodes, **{**settings, **more}))
        try:
            yield target
        finally:
            await target.close()

    def kubeconfig(self, name: str, url: str = "", **user: object) -> Path:
        """A kubeconfig as its owner would write it."""
        path = self.folder / f"{name}.kubeconfig"
        cluster = {"server": url or self.url, "certificate-authority": str(self.authority)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "it", "context": {"cluster": "here", "user": name}}],
            "current-context": "it",
        }
        path.write_text(yaml.safe_dump(content), "utf-8")
        return path

    async def sign_in_agent(self) -> None:
        """Make the agent's account and put its token where a pod would find it."""
        await self.apply("agent")
        await self.apply("nodes")
        account = "/api/v1/namespaces/oncall/serviceaccounts/oncall-agent"
        made = await self.api("POST", f"{account}/token", {"spec": {"expirationSeconds": 36_000}})
        self.service_account.mkdir()
        (self.service_account / "token").write_text(made["status"]["token"], "utf-8")
        shutil.copy(self.authority, self.service_account / "ca.crt")

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))


@pytest.fixture(scope="session")
def kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubernetesServer]:
    """A running cluster with its agent signed in, for all tests of a run."""
    programs = built()
    with _running(programs, tmp_path_factory.mktemp("kubernetes")) as server:
        yield server


def built() -> Path:
    """The folder of the programs, built on first use. A machine that cannot build them skips, with the reason."""
    for tool in ("etcd", "make", "rsync", "jq", "dpkg-source", "openssl"):
        if not shutil.which(tool):
            missing(f"Kubernetes (it needs {tool})", INSTALL)
    how = hashlib.sha256(BUILD.read_bytes()).hexdigest()[:8]
    return installed(f"kubernetes-{VERSION}-{how}", _build) / "bin"


def _build(folder: Path) -> None:
    if not Path("/usr/lib/go-1.19/bin/go").exists():
        missing("Kubernetes (it needs Go 1.19)", INSTALL)
    line = ["nice", str(BUILD), str(folder)]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=pipe, start_new_session=True) as build:
        said = f"it took more than {BUILDING:.0f} s"
        try:
            with suppress(subprocess.TimeoutExpired):
                said = build.communicate(timeout=BUILDING)[1].decode(errors="replace")
        finally:
            if build.poll() is None:
                os.killpg(build.pid, signal.SIGKILL)  # with all that it has started
    if build.returncode:
        missing(f"Kubernetes ({said[-600:]})", INSTALL)


@contextmanager
def _running(programs: Path, folder: Path) -> Iterator[KubernetesServer]:
    began = time.monotonic()
    ports = {name: free_port() for name in ("etcd", "peer", "api", "controllers", "scheduler", *NODES)}
    server = KubernetesServer(f"https://127.0.0.1:{ports['api']}", folder)
    subprocess.run(["openssl", "genrsa", "-out", str(folder / "sa.key"), "2048"], check=True, capture_output=True)
    (folder / "tokens.csv").write_text(f'{ADMIN},admin,admin,"system:masters"\n', "utf-8")
    with ExitStack() as stack:
        stack.callback(_stop, server)
        _start(server, "etcd", ["etcd", *_etcd(folder, ports)])
        _start(server, "api", [str(programs / "kube-apiserver"), *_api(folder, ports)])
        asyncio.run(_ready(server))
        config = f"--kubeconfig={server.kubeconfig('admin', token=ADMIN)}"
        _start(server, "controllers", [str(programs / "kube-controller-manager"), config, *_controllers(folder, ports)])
        _start(server, "scheduler", [str(programs / "kube-scheduler"), config, *_scheduler(folder, ports)])
        for node in NODES:  # each with its own socket, in a folder short enough for one
            own = stack.enter_context(TemporaryDirectory(prefix=f"{node}-", dir="/tmp", ignore_cleanup_errors=True))
            _start(server, node, [str(programs / "kubemark"), config, *_node(node, ports)], TMPDIR=own)
        asyncio.run(_whole(server))
        server.seconds_to_start = time.monotonic() - began
        yield server


def _start(server: KubernetesServer, name: str, command: list[str], **environment: str) -> None:
    own = {**os.environ, **environment}
    with (server.folder / f"{name}.log").open("wb") as log:
        server.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, cwd=server.folder, env=own)


def _stop(server: KubernetesServer) -> None:
    """The nodes first, the database last; each by its own process id."""
    for process in reversed(server.processes.values()):
        process.terminate()
    for process in server.processes.values():
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE)


def _last_words(log: Path) -> str:
    """From where Go names its error, else the end."""
    text = log.read_text("utf-8", "replace")
    said = max(text.find("fatal error: "), text.find("panic: "))
    return text[said:][:2000] if said >= 0 else text[-2000:]


async def _ready(server: KubernetesServer) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        server.all_run()
        try:
            if (await server.ask("GET", "/readyz")).text == "ok":
                return
        except (httpx.HTTPError, OSError):  # the certificate is made by the server itself
            pass
        assert time.monotonic() < deadline, (server.folder / "api.log").read_text()[-2000:]
        await asyncio.sleep(0.1)


async def _whole(server: KubernetesServer) -> None:
    await server.sign_in_agent()
    for node in NODES:
        await server.until(f"/api/v1/nodes/{node}", _is_ready)


def _is_ready(node: Mapping[str, Any]) -> bool:
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"].get("conditions", ()))
    return ready and not node["spec"].get("taints")


def _etcd(folder: Path, ports: Mapping[str, int]) -> list[str]:
    peer = f"http://127.0.0.1:{ports['peer']}"
    client = f"http://127.0.0.1:{ports['etcd']}"
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
    ]


def _api(folder: Path, ports: Mapping[str, int]) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{ports['etcd']}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={ports['api']}",
        f"--cert-dir={folder / 'certs'}",
        "--token-auth-file=tokens.csv",
        "--authorization-mode=RBAC",
        "--service-account-key-file=sa.key",
        "--service-account-signing-key-file=sa.key",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.0.0.0/24",
    ]


def _controllers(folder: Path, ports: Mapping[str, int]) -> list[str]:
    own = ["--service-account-private-key-file=sa.key", f"--cert-dir={folder / 'controllers'}"]
    return [*own, *_local(ports["controllers"])]


def _scheduler(folder: Path, ports: Mapping[str, int]) -> list[str]:
    return [f"--cert-dir={folder / 'scheduler'}", *_local(ports["scheduler"])]


def _local(port: int) -> list[str]:
    return ["--bind-address=127.0.0.1", f"--secure-port={port}", "--port=0", "--leader-elect=false"]


def _node(name: str, ports: Mapping[str, int]) -> list[str]:
    return ["--morph=kubelet", f"--name={name}", f"--kubelet-port={ports[name]}", "--kubelet-read-only-port=0", "--v=1"]
