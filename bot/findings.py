"""What the program has found out by itself: a row of actions that works is proposed to people, once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

from adapters.chat.card import Button, Card, Text, Tone
from engine.desk import Desk
from engine.events import Event, Rejected, Reopened, Verified
from engine.knowledge_base import KnowledgeEntry
from engine.learn.plans import entry_of, found

Tell = Callable[[Card, str], Awaitable[None]]
"""Say this in the main rooms; what stands there under the same key is changed."""

LATEST = 50
"""The newest outcomes whose failures are looked at."""

FRESH = timedelta(days=1)
"""What was found or decided so lately is told of again after a crash: it may not have been."""


def teaches(event: Event) -> bool:
    """Whether this event may change which rows of actions work."""
    return isinstance(event, Verified | Rejected | Reopened)


class Findings:
    """Looked for whenever an outcome is known, and told of as it stands."""

    def __init__(self, desk: Desk, tell: Tell) -> None:
        self._desk = desk
        self._tell = tell
        self._told: dict[str, Card] = {}

    async def look(self) -> None:
        """Keep what is new, and tell of what has changed. Raises Unreachable; the next look goes on from there."""
        library = self._desk.library
        if library is None:
            return
        known = {entry.id for entry in await library.rows()}
        entries = [entry async for entry in self._found()]
        await library.keep([entry for entry in entries if entry.id not in known])
        for entry in await library.rows():
            if self._lately(entry):
                await self._tell_of(entry)

    async def _found(self) -> AsyncIterator[KnowledgeEntry]:
        newest = await self._desk.incidents.lessons_of((), LATEST)
        for pattern_id, environment in dict.fromkeys((one.pattern, one.environment) for one in newest):
            pattern = self._desk.detector.patterns.get(pattern_id)
            lessons = await self._desk.incidents.lessons(pattern_id, environment)
            if pattern:
                for row in found(pattern, lessons):
                    yield entry_of(row, pattern, self._desk.clock.now())

    def _lately(self, entry: KnowledgeEntry) -> bool:
        return entry.updated_at is not None and self._desk.clock.now() - entry.updated_at < FRESH

    async def _tell_of(self, entry: KnowledgeEntry) -> None:
        shown = card(entry)
        if self._told.get(entry.id) != shown:
            await self._tell(shown, key(entry))
            self._told[entry.id] = shown


def key(entry: KnowledgeEntry) -> str:
    """Under which the entry is told of in each room."""
    return f"found-{entry.id.replace('/', '-')}"


def card(entry: KnowledgeEntry) -> Card:
    """The entry as it is told of: to be decided, or as it was decided."""
    parts = (Text(entry.title), *(Text(line) for line in entry.description.splitlines()))
    if not entry.proposed:
        return Card("I have learned something", (*parts, Text(EFFECT, quiet=True)), tone=Tone.GOOD)
    if entry.dismissed:
        return Card("I thought that I had learned something", parts)
    buttons = (
        Button("Accept", f"kb accept {entry.id}", primary=True),
        Button("Dismiss", f"kb dismiss {entry.id}"),
        Button("Show", f"kb show {entry.id}"),
    )
    return Card("I may have learned something", (*parts, Text(EFFECT, quiet=True), *buttons), tone=Tone.WAITING)


EFFECT = (
    "Once accepted, I propose these actions as one plan for this failure here, as long as they keep working. "
    "A person still approves each plan before anything is done."
)
