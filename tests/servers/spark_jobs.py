"""Applications of a real Spark for the agent to mend, and what a person would have approved."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.targets.spark import Spark, SparkSettings
from tests import approved
from tests.servers.spark import SparkCluster
from tests.waiting import PATIENCE

ends = approved.ends


@asynccontextmanager
async def connected(spark: SparkCluster, rest_url: str = "", **more: object) -> AsyncIterator[Spark]:
    given: dict[str, object] = {
        "master_url": spark.master_url,
        "rest_url": rest_url or spark.rest_url,
        "requests": str(spark.requests),
        "applications": ("oncall-*",),
        "timeout_seconds": PATIENCE,
        **more,
    }
    target = Spark(SparkSettings(**given))  # type: ignore[arg-type]  # one table for all tests
    try:
        yield target
    finally:
        await target.close()


async def ended(spark: SparkCluster, name: str, mode: str = "broken") -> str:
    """An application that has failed."""
    submission = await spark.submit(name, mode)
    assert (await spark.driver_is(submission, "FAILED", "FINISHED"))["state"] == "FAILED"
    return str((await spark.apps(name))[-1]["id"])


async def stuck(spark: SparkCluster, name: str) -> tuple[str, str]:
    """An application that runs until it is mended, and its submission."""
    submission = await spark.submit(name, "stuck")
    return await spark.app_is_there(name), submission


async def told(target: Spark, application: str) -> None:
    """Its driver has registered it, and its log says so; that takes a second."""
    deadline = time.monotonic() + PATIENCE
    while "submission" not in (await target.look({"application_id": application})).state or (
        (await target.look({"application_id": application})).state["submission"] == "none"
    ):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.3)
