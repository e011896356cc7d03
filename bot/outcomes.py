"""What became of actions so far, held in memory for those who ask about many failures."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice

from engine.errors import Misconfigured, Unreachable
from engine.learn import Elsewhere
from engine.model import Lesson
from storage.database import Database, connect, kept
from storage.incidents import SqlIncidents
from storage.upgrade import version

MOST_HERE, MOST_ELSEWHERE = 200, 400
"""As many as the program itself looks at, in one environment and in all."""


PATIENCE = 5.0
"""Seconds that a database server has to answer somebody at a terminal."""

ALL = 100_000
"""More outcomes than a program sees in years."""


class Outcomes:
    """``lessons``: all there are, newest first."""

    def __init__(self, lessons: Iterable[Lesson] = ()) -> None:
        self._here: dict[tuple[str, str], list[Lesson]] = defaultdict(list)
        self._of: dict[str, list[tuple[int, Lesson]]] = defaultdict(list)
        for age, lesson in enumerate(lessons):
            self._here[lesson.pattern, lesson.environment].append(lesson)
            self._of[lesson.action].append((age, lesson))

    def here(self, pattern: str, environment: str) -> Sequence[Lesson]:
        """Those of this failure in this environment, newest first."""
        return self._here.get((pattern, environment), [])[:MOST_HERE]

    def elsewhere(self, pattern: str, environment: str, actions: Iterable[str]) -> Elsewhere:
        """Those of these actions anywhere, newest first."""
        found = sorted((one for action in set(actions) for one in self._of.get(action, ())), key=lambda one: one[0])
        return Elsewhere(pattern, environment, [lesson for _, lesson in islice(found, MOST_ELSEWHERE)])


async def recorded(url: str) -> Outcomes:
    """Those in the database at ``url``, none where nothing was ever kept; makes nothing. Raises OnCallError."""
    if not kept(url):
        return Outcomes()
    try:
        async with asyncio.timeout(PATIENCE), connect(url) as database:
            return Outcomes(await _read(database))
    except TimeoutError:
        raise Unreachable(f"The database did not answer within {PATIENCE:g} s.") from None


async def _read(database: Database) -> Sequence[Lesson]:
    current, newest = await version(database)
    if current is None:
        return ()
    if current != newest:
        raise Misconfigured(f"The database is at revision {current}, this program at {newest}: oncall db upgrade")
    return await SqlIncidents(database).lessons_of((), ALL)
