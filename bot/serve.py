"""Serves the program until it is told to stop."""

from __future__ import annotations

import asyncio
import signal

from aiohttp import web

from bot.app import Memory, program
from bot.log import get_logger
from bot.settings import Settings
from engine.errors import Misconfigured
from storage.incidents import SqlIncidents

log = get_logger("oncall")

CLOSING = 2.0
"""Seconds that open pages have to end when the program stops."""


async def serve(settings: Settings, memory: Memory = SqlIncidents) -> None:
    """Until SIGTERM or SIGINT. Raises OnCallError, with what to do, where the program cannot start."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with program(settings, memory) as ready:
        runner = runner_of(ready.app)
        await runner.setup()
        try:
            await _listen(runner, settings)
            _greet(settings, ready.link)
            await stop.wait()
        finally:
            log.info("stopping", waits_for="actions that were sent")
            await runner.cleanup()
    log.info("stopped")


def runner_of(app: web.Application) -> web.AppRunner:
    """No client of ours compresses, and a little that a stranger did, unpacked, would keep us busy for seconds."""
    return web.AppRunner(app, access_log=None, shutdown_timeout=CLOSING, auto_decompress=False)


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        raise Misconfigured(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}."
            " Stop the program that listens there, or choose another PORT."
        ) from error


def _greet(settings: Settings, link: str) -> None:
    log.info("ready", address=settings.address, room=settings.incident_room, demo=settings.demo)
    lines = ["", "  The on-call agent is ready. Open this link once; it signs you in:", "", f"  {link}", ""]
    if settings.demo:
        lines += ["  It plays the guided example: press a button in the room, and see an incident to its end.", ""]
    elif not settings.admins:
        lines += ["  ADMINS is empty, so you may look and nobody may approve. Name yourself: ADMINS=you", ""]
    print("\n".join(lines), flush=True)  # noqa: T201 - the link is for the person at the terminal, never for a log
