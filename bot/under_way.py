"""Something that is done beside everything else, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager


@asynccontextmanager
async def under_way(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """It ends with the block, at the latest."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
