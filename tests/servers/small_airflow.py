"""A small server that answers like Airflow's REST API for one task, and counts what reaches it.

It stands in where a test needs hundreds of rounds or a crash at an exact moment; the real Airflow is met in tests/real.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from tests.servers import free_port


@dataclass
class SmallAirflow:
    """Each task instance is failed at try 1 until it is cleared; then it is a success at try 2."""

    port: int = 0
    clears: list[str] = field(default_factory=list)
    answer_after: float = 0.0
    lose_answer: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """What the program's settings say of it."""
        return {"AIRFLOW_URL": self.url, "AIRFLOW_USERNAME": "admin", "AIRFLOW_PASSWORD": "admin", "AIRFLOW_DAGS": "*"}

    async def sign_in(self, _request: web.Request) -> web.Response:
        return web.json_response({"access_token": "token-of-the-test"}, status=201)

    async def version(self, _request: web.Request) -> web.Response:
        return web.json_response({"version": "3.3.2"})

    async def dag(self, request: web.Request) -> web.Response:
        return web.json_response({"dag_id": request.match_info["dag"], "is_paused": False})

    async def run(self, request: web.Request) -> web.Response:
        dag, run = (request.match_info[name] for name in ("dag", "run"))
        state = "success" if run in self.clears else "failed"
        return web.json_response({"dag_id": dag, "dag_run_id": run, "state": state, "end_date": "2026-11-21T03:00:00Z"})

    async def task(self, request: web.Request) -> web.Response:
        dag, run, task = (request.match_info[name] for name in ("dag", "run", "task"))
        cleared = run in self.clears
        return web.json_response(
            {
                "dag_id": dag,
                "dag_run_id": run,
                "task_id": task,
                "map_index": -1,
                "try_number": 2 if cleared else 1,
                "max_tries": 0,
                "state": "success" if cleared else "failed",
                "end_date": "2026-11-21T03:00:00Z",
            }
        )

    async def clear(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body.get("dry_run", True):
            return web.json_response({"task_instances": [], "total_entries": 0})
        self.clears.append(body["dag_run_id"])
        await asyncio.sleep(self.answer_after)
        if self.lose_answer and request.transport:
            request.transport.close()
        one = {"dag_id": request.match_info["dag"], "dag_run_id": body["dag_run_id"], "task_id": "transform"}
        shown = {**one, "map_index": -1, "try_number": 1, "max_tries": 1, "state": None, "end_date": None}
        return web.json_response({"task_instances": [shown], "total_entries": 1})

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[SmallAirflow]:
        app = web.Application()
        app.router.add_post("/auth/token", self.sign_in)
        app.router.add_get("/api/v2/version", self.version)
        app.router.add_get("/api/v2/dags/{dag}", self.dag)
        app.router.add_get("/api/v2/dags/{dag}/dagRuns/{run}", self.run)
        app.router.add_get("/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}", self.task)
        app.router.add_get("/api/v2/dags/{dag}/dagRuns/{run}/taskInstances/{task}/{index}", self.task)
        app.router.add_post("/api/v2/dags/{dag}/clearTaskInstances", self.clear)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        self.port = free_port()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        try:
            yield self
        finally:
            await runner.cleanup()
