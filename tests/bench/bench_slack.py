"""How fast Slack is answered: from a signed request to our acknowledgement, and until the reply is there.

Beside it opsdroid does the same reply. It acknowledges before it does anything, checks no signature, keeps nothing,
and handles a repeated event again; so its times are those of doing less.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import aiohttp
import psutil
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from tests.bench.slack_programs import SECRET
from tests.servers import free_port, missing
from tests.servers.node import installed

RIVAL = ("opsdroid[connector-slack]==0.31.0", "setuptools==80.9.0")
"""It wants pkg_resources, which later versions of setuptools no longer have."""
RATE = 50
"""Requests a second."""
SECONDS = 20
PEOPLE = 20
HERE = Path(__file__).parent


@dataclass
class Stub:
    """Slack's side: knows everybody, and notes when a reply arrived in which room."""

    address: str = ""
    replied: dict[str, float] = field(default_factory=dict)

    async def serve(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        body = await request.post() or (await request.json() if request.can_read_body else {})
        return web.json_response({"ok": True, **self._answer(method, {**request.query, **body})})

    def _answer(self, method: str, given: Mapping[str, Any]) -> dict[str, Any]:
        match method:
            case "chat.postMessage":
                self.replied[str(given["channel"])] = time.perf_counter()
                return {"ts": f"{time.time():.6f}", "channel": given["channel"]}
            case "users.info":
                profile = {"display_name": given["user"], "real_name": given["user"], "bot_id": "B1"}
                return {"user": {"id": given["user"], "name": given["user"], "team_id": "T1", "profile": profile}}
            case "conversations.list":
                return {"channels": []}
            case _:
                return {"user_id": "U1", "user": "oncall", "team_id": "T1", "url": "https://acme.slack.com/"}


@dataclass
class Measured:
    """In seconds."""

    acknowledged: list[float] = field(default_factory=list)
    replied: list[float] = field(default_factory=list)
    work: float = 0.0
    """Of the processor, for all of them."""


@asynccontextmanager
async def stub() -> AsyncIterator[Stub]:
    slack, port = Stub(), free_port()
    app = web.Application()
    app.router.add_route("*", "/api/{method}", slack.serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    slack.address = f"http://127.0.0.1:{port}/api/"
    yield slack
    await runner.cleanup()


@asynccontextmanager
async def running(name: str, python: str, slack: Stub, folder: Path) -> AsyncIterator[tuple[str, psutil.Process]]:
    """The program and its address, once it listens."""
    port = free_port()
    line = [python, str(HERE / "slack_programs.py"), name, str(port), slack.address, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1]) if name == "ours" else ""}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(line, stdout=output, stderr=output, env=environment, cwd=folder)
    try:
        path = "/slack/events" if name == "ours" else "/connector/slack"
        yield await _listens(port, process, folder, path), psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


async def _listens(port: int, process: subprocess.Popen[bytes], folder: Path, path: str) -> str:
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            assert process.poll() is None, (folder / "output").read_text()
            try:
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    if answer.status == 405:  # the address is there, and wants a POST
                        return f"http://127.0.0.1:{port}{path}"
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.1)


async def measure(address: str, slack: Stub, seconds: float) -> Measured:
    """Send at an even rate, whether or not the answers keep up with it."""
    slack.replied.clear()
    sent: dict[str, float] = {}
    measured = Measured()
    async with aiohttp.ClientSession() as session:

        async def one(number: int) -> None:
            room = f"D{number:08d}"
            body = event(number, room)
            sent[room] = began = time.perf_counter()
            async with session.post(address, data=body, headers=signed(body)) as answer:
                assert answer.status == 200, await answer.text()
                await answer.read()
            measured.acknowledged.append(time.perf_counter() - began)

        start = time.perf_counter()
        async with asyncio.TaskGroup() as requests:
            for number in range(int(RATE * seconds)):
                await asyncio.sleep(max(0.0, start + number / RATE - time.perf_counter()))
                requests.create_task(one(number))
        async with asyncio.timeout(60):
            while len(slack.replied) < len(sent):
                await asyncio.sleep(0.05)
    measured.replied = [slack.replied[room] - began for room, began in sent.items()]
    return measured


def event(number: int, room: str) -> str:
    person, ts = f"U{number % PEOPLE:08d}", f"{time.time():.6f}"
    inner = {"type": "message", "channel_type": "im", "channel": room, "user": person, "text": "list", "ts": ts}
    return json.dumps({"type": "event_callback", "team_id": "T1", "event_id": f"Ev{time.time_ns()}", "event": inner})


def signed(body: str) -> dict[str, str]:
    stamp = str(int(time.time()))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=body)
    return {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature or "",
    }


def rival() -> str:
    """The interpreter that has opsdroid, in an environment of its own."""
    return str(installed("opsdroid-0.31.0", _install) / "bin" / "python")


def _install(folder: Path) -> None:
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True, capture_output=True)
        python = str(folder / "bin" / "python")
        subprocess.run([python, "-m", "pip", "install", "-q", *RIVAL], check=True, capture_output=True, timeout=600)
    except (subprocess.SubprocessError, OSError) as error:
        missing(f"opsdroid ({error})", f"pip install {' '.join(RIVAL)}")


def percentile(values: list[float], part: int) -> float:
    """In milliseconds."""
    return 1000 * quantiles(values, n=100)[part - 1]


async def test_slack(tmp_path: Path) -> None:
    found: dict[str, Measured] = {}
    for name, python in (("ours", sys.executable), ("opsdroid", rival())):
        folder = tmp_path / name
        folder.mkdir()
        async with stub() as slack, running(name, python, slack, folder) as (address, process):
            await measure(address, slack, 2)
            before = worked(process)
            found[name] = await measure(address, slack, SECONDS)
            found[name].work = worked(process) - before
        for what, times in (("acknowledged", found[name].acknowledged), ("replied", found[name].replied)):
            print(f"{name}: {what} p50 {percentile(times, 50):.1f} ms, p99 {percentile(times, 99):.1f} ms")
        each = 1000 * found[name].work / len(found[name].replied)
        print(f"{name}: {each:.1f} ms of one processor for each; machine load {os.getloadavg()[0]:.1f}")
    for what in ("acknowledged", "replied"):
        mine, theirs = (percentile(getattr(found[name], what), 99) for name in ("ours", "opsdroid"))
        print(f"{what}: p99 of ours is {mine / theirs:.2f} times that of opsdroid")


def worked(process: psutil.Process) -> float:
    """Seconds of the processor so far."""
    times = process.cpu_times()
    return float(times.user + times.system)
