"""podman's Docker API on a socket of its own, with containers of one small program and a store of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers import missing
from tests.waiting import PATIENCE

# Limits that a root without all its rights may set too; locks in files, not shared with another run's podman.
SETTINGS = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
lock_type = "file"
"""
APPLETS = ("sh", "sleep", "true", "false", "test")
IMAGE = "oncall-box"


@dataclass
class PodmanServer:
    """``socket`` speaks Docker's API; ``podman`` runs the program beside it."""

    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def socket(self) -> str:
        return str(self.folder / "docker.sock")

    def podman(self, *line: str) -> str:
        done = subprocess.run(self.line(*line), env=self._environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def line(self, *line: str) -> list[str]:
        places = {"root": "store", "runroot": "run", "tmpdir": "tmp"}
        own = [f"--{option}={self.folder / name}" for option, name in places.items()]
        return ["podman", *own, "--storage-driver=vfs", *line]

    def run(self, name: str, *program: str, options: tuple[str, ...] = ()) -> str:
        """Start a container, by default one that goes on. Returns its id."""
        program = program or ("sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done")
        return self.podman("run", "-d", "--name", name, "--network=host", *options, IMAGE, *program)

    def start(self) -> None:
        line = self.line("system", "service", "--time=0", f"unix://{self.socket}")
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(line, env=self._environment(), stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while not Path(self.socket).exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "log").read_text(errors="replace")
                missing(f"A podman that starts ({said[-300:].strip()})", "run the tests as root")
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE)

    def build(self) -> None:
        """An image of busybox alone."""
        programs = self.folder / "image" / "bin"
        programs.mkdir(parents=True)
        (self.folder / "image" / "tmp").mkdir()
        shutil.copy(shutil.which("busybox") or "", programs / "busybox")
        for applet in APPLETS:
            (programs / applet).symlink_to("busybox")
        archive = self.folder / "image.tar"
        subprocess.run(["tar", "-C", str(self.folder / "image"), "-cf", str(archive), "."], check=True)
        self.podman("import", str(archive), IMAGE)

    def _environment(self) -> dict[str, str]:
        settings = self.folder / "containers.conf"
        settings.write_text(SETTINGS)
        return {"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": str(self.folder), "CONTAINERS_CONF": str(settings)}


@contextmanager
def running(folder: Path) -> Iterator[PodmanServer]:
    server = PodmanServer(folder)
    server.build()
    server.start()
    try:
        yield server
    finally:
        server.stop()
        server.podman("rm", "--all", "--force", "--time=0")


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodmanServer]:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    if any(shutil.which(tool, path=path) is None for tool in ("podman", "runc", "busybox")):
        missing("podman", "apt-get install -y --no-install-recommends podman runc busybox-static")
    if os.geteuid() != 0:
        missing("The right to start containers", "run the tests as root")
    with running(tmp_path_factory.mktemp("podman")) as server:
        yield server
