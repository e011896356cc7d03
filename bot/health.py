"""What an orchestrator asks: is the program alive, and is it ready?"""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.schedule import Scheduler
from engine.errors import OnCallError
from storage.database import Database

DATABASE = web.AppKey("database", Database)
SCHEDULER = web.AppKey("scheduler", Scheduler)

PATIENCE = 3.0
"""Seconds that the database has to answer."""


def mount(app: web.Application) -> None:
    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)


async def alive(_request: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


async def ready(request: web.Request) -> web.Response:
    """200 if the database answers and the scheduler runs, else 503; the body says which does not."""
    scheduler = request.app.get(SCHEDULER)
    checks = {
        "database": await _database(request.app[DATABASE]),
        "scheduler": "ok" if scheduler and scheduler.running else "not running",
    }
    good = all(answer == "ok" for answer in checks.values())
    return web.json_response({"status": "ready" if good else "not ready", **checks}, status=200 if good else 503)


async def _database(database: Database) -> str:
    try:
        async with asyncio.timeout(PATIENCE), database.read() as connection:
            await connection.exec_driver_sql("SELECT 1")
    except TimeoutError:
        return f"no answer within {PATIENCE:.0f} s"
    except OnCallError:
        return "not reachable: oncall check says why"  # and names hosts and users, which are not for everybody
    return "ok"
