"""What happens by the clock: logs are scanned, time passes for incidents. State lives in the database, not here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

Scheduler = AsyncIOScheduler
Job = Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(jobs: dict[str, tuple[Job, float]]) -> AsyncIterator[AsyncIOScheduler]:
    """Run each job now and then every so many seconds; one that is still at work is not begun again."""
    scheduler = AsyncIOScheduler(timezone=UTC)
    for name, (job, seconds) in jobs.items():
        scheduler.add_job(
            job,
            "interval",
            seconds=seconds,
            id=name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
            next_run_time=datetime.now(UTC),
        )
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.shutdown(wait=False)
