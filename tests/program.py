"""The program as a user starts it: its own process, reached over HTTP only."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from yarl import URL

from tests.servers import free_port
from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent
OWN = re.compile(
    r"^(?:.*_FILE|DATABASE_URL|SECRET_KEY|ADMINS|LOG_|AIRFLOW_|HOST|PORT|DEMO|SMTP_|EMAIL_|TEAMS_|ONCALL_EMAILS|ENV_FILE)"
)


@dataclass
class Running:
    """One start of the program in ``folder``. ``log`` is what it wrote to standard error."""

    folder: Path
    settings: dict[str, str]
    arguments: Sequence[str] = ("-m", "bot", "run")
    port: int = field(default_factory=free_port)
    link: str = ""
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "program.log").read_text("utf-8")

    async def start(self) -> None:
        """Until it has printed its link."""
        own = {name: value for name, value in os.environ.items() if not OWN.match(name)}
        elsewhere = {"PYTHONPATH": str(ROOT), "PORT": str(self.port), "ELASTICSEARCH_URL": "", "LOG_FORMAT": "json"}
        with (self.folder / "program.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self.arguments,
                cwd=self.folder,
                env={**own, **elsewhere, **self.settings},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self.process.stdout
        async with asyncio.timeout(PATIENCE):
            while line := (await self.process.stdout.readline()).decode():
                if "/sign-in?" in line:
                    self.link = line.strip()
                    return
        raise AssertionError(f"the program did not start: {self.log[-3000:]}")

    async def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        assert self.process
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    async def died(self) -> int:
        assert self.process
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    def events(self) -> list[str]:
        """The names of what it logged, in order."""
        return [json.loads(line)["event"] for line in self.log.splitlines() if line.startswith("{")]


@asynccontextmanager
async def running(
    folder: Path, settings: dict[str, str], arguments: Sequence[str] = ("-m", "bot", "run")
) -> AsyncIterator[Running]:
    one = Running(folder, settings, arguments)
    await one.start()
    try:
        yield one
    finally:
        if one.process and one.process.returncode is None:
            one.process.kill()
            await one.process.wait()


@asynccontextmanager
async def signed_in(one: Running) -> AsyncIterator[aiohttp.ClientSession]:
    """A person at the web chat, as the first link signs them in."""
    async with aiohttp.ClientSession(one.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get(URL(one.link, encoded=True)) as answer:
            assert answer.status == 200
        yield session


async def say(session: aiohttp.ClientSession, one: Running, text: str, room: str = "incidents") -> None:
    """Type a line in a room."""
    form = {"text": text, "request_id": uuid.uuid4().hex}
    async with session.post(f"/chat/{room}", data=form, headers={"Origin": one.url}) as answer:
        assert answer.status < 400, await answer.text()


async def page(session: aiohttp.ClientSession, path: str = "/chat/incidents") -> str:
    async with session.get(path) as answer:
        return await answer.text()
