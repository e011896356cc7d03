"""Seconds as a program lives them: those in which the whole machine stood still do not count."""

from __future__ import annotations

import threading
import time
from functools import cache

BEAT = 0.05
"""Seconds. A beat that comes late counts no more than two of them."""


class _Heart(threading.Thread):
    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seconds = 0.0

    def run(self) -> None:
        last = time.monotonic()
        while True:
            time.sleep(BEAT)
            now = time.monotonic()
            self.seconds += min(now - last, 2 * BEAT)
            last = now


@cache
def _heart() -> _Heart:
    heart = _Heart()
    heart.start()
    return heart


def lived() -> float:
    """Seconds, of use only beside an earlier answer."""
    return _heart().seconds
