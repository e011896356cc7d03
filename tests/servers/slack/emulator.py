"""The Slack API emulator as a process of its own, with a workspace and its people in it."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.servers import free_port
from tests.servers.node import node, node_environment, node_packages
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[3]
MANIFEST = ROOT / "manifests" / "slack" / "manifest.yaml"

PEOPLE = ("alice", "bob", "cleo", "mallory", "visitor", "leaver")
"""Visitor belongs to another company, leaver's account is deactivated: see PROFILES."""
CHANNELS = ("incidents", "data-oncall", "random", "lobby")
APP_ID = "A0ONCALL01"
BOT_ID = "B0ONCALL01"
BOT_USER = "U0ONCALL01"
BOT_NAME = "oncall"
BOT_TOKEN = "xoxb-1-oncall"
APP_TOKEN = "xapp-1-oncall"
ADMIN_TOKEN = "xoxp-1-admin"
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"

ALL_SCOPES = [
    "chat:write",
    *(f"{kind}:{right}" for kind in ("channels", "groups", "im", "mpim") for right in ("read", "history", "write")),
    "channels:manage",
    "channels:join",
    "users:read",
    "users:read.email",
]

PROFILES: Mapping[str, Mapping[str, Any]] = {
    "visitor": {"team_id": "T0ELSEWHERE", "is_stranger": True},
    "leaver": {"deleted": True},
}
"""What Slack says of a person beside what the emulator knows."""


def person_token(name: str) -> str:
    return f"xoxp-1-{name}"


TOKENS = frozenset({BOT_TOKEN, ADMIN_TOKEN, *map(person_token, PEOPLE)})


def manifest() -> dict[str, Any]:
    return dict(yaml.safe_load(MANIFEST.read_text("utf-8")))


def manifest_scopes() -> list[str]:
    return list(manifest()["oauth_config"]["scopes"]["bot"])


def seed(scopes: Iterable[str]) -> dict[str, Any]:
    people = [
        {
            "name": name,
            "real_name": name.title(),
            "email": f"{name}@acme.test",
            "profile": {"email": f"{name}@acme.test"},
        }
        for name in PEOPLE
    ]
    app = {
        "client_id": "1.2",
        "client_secret": "of-the-tests",
        "app_id": APP_ID,
        "name": "On-call agent",
        "redirect_uris": [],
        "scopes": list(scopes),
        "bot_id": BOT_ID,
        "bot_user_id": BOT_USER,
        "bot_name": BOT_NAME,
    }
    bot = {"token": BOT_TOKEN, "user_id": BOT_USER, "scopes": list(scopes), "app_id": APP_ID, "bot_id": BOT_ID}
    tokens = [
        bot,
        {"token": ADMIN_TOKEN, "user": "admin", "scopes": ALL_SCOPES},
        *({"token": person_token(name), "user": name, "scopes": ALL_SCOPES} for name in PEOPLE),
    ]
    return {
        "strict_scopes": True,
        "team": {"name": "Acme", "domain": "acme"},
        "users": people,
        "channels": [{"name": name, "topic": ""} for name in CHANNELS],
        "oauth_apps": [app],
        "tokens": tokens,
    }


@asynccontextmanager
async def emulator(scopes: Iterable[str]) -> AsyncIterator[str]:
    """Start it on a free port and yield its address, without a slash at the end."""
    packages = await asyncio.to_thread(node_packages, "slack", {"emulate": "0.12.2"})
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "seed.yaml")
        config.write_text(json.dumps({"slack": seed(scopes)}), "utf-8")  # JSON is YAML
        program = packages / "node_modules" / "emulate" / "dist" / "index.js"
        line = [str(node()), str(program), "start", "-s", "slack", "-p", str(port), "--seed", str(config)]
        output = Path(folder, "output").open("wb")  # noqa: ASYNC230, SIM115 - one small file, closed below
        process = await asyncio.create_subprocess_exec(
            *line, stdout=output, stderr=output, cwd=folder, env=node_environment()
        )
        output.close()
        try:
            await _listens(port, process, Path(folder, "output"))
            yield f"http://127.0.0.1:{port}"
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _listens(port: int, process: asyncio.subprocess.Process, output: Path) -> None:
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while process.returncode is None and asyncio.get_running_loop().time() < deadline:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        await writer.wait_closed()
        return
    raise RuntimeError(f"The Slack emulator did not start: {output.read_text(errors='replace')[-1500:]}")
