"""Rounds go on whatever one of them met."""

from __future__ import annotations

import asyncio

from engine.rounds import Rounds


async def test_a_round_that_failed_is_told_and_made_again() -> None:
    made, troubles = asyncio.Queue[int](), list[str]()

    async def work() -> None:
        made.put_nowait(made.qsize())
        if not troubles:
            raise ValueError("the first one fails")

    running = Rounds(work, lambda error: troubles.append(str(error)))
    task = asyncio.create_task(running.run())
    await made.get()  # it begins without being woken
    running.wake()
    await made.get()
    assert troubles == ["the first one fails"]
    task.cancel()
