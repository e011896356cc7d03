"""Waiting for what must come true by itself: a machine may be slow, so nothing is awaited for a fixed time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

PATIENCE = 180.0
"""Seconds, far more than anything needs."""


async def until(true: Callable[[], Awaitable[object]], said: str = "") -> None:
    """Ask until the answer is true; a failure names what it waited for."""
    deadline = time.monotonic() + PATIENCE
    while not await true():
        assert time.monotonic() < deadline, f"still not so: {said or true}"
        await asyncio.sleep(0.05)
