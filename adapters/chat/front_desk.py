"""What people said is kept, acknowledged, asked, and answered, in this order, and even after a crash."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

from adapters.chat.ask import Ask, Person, Room
from adapters.chat.card import Card, Text, Tone
from adapters.chat.inbox import Heard, Inbox
from adapters.chat.platform import Handle
from engine.errors import OnCallError
from engine.ports import Clock

TOO_LATE = 30 * 60
"""Seconds. Whoever said something before a crash that is longer ago does not expect it to be done now."""

PAUSES = (1.0, 5.0, 20.0)
"""Seconds between the tries to bring an answer back."""

LAST_WORDS = 3.0
"""Seconds that an answer under way may still take once the program stops."""


class Said(Protocol):
    """What one person did, with all that is needed to answer it; ``at`` in seconds since 1970."""

    @property
    def id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def user(self) -> str: ...
    @property
    def room(self) -> str: ...
    @property
    def thread(self) -> str: ...
    @property
    def at(self) -> float: ...
    def to_json(self) -> str: ...


S = TypeVar("S", bound=Said)


class FrontDesk(ABC, Generic[S]):
    """One platform's, which knows how to read what was kept, who said it, and how to bring the answer."""

    def __init__(self, platform: str, handle: Handle, inbox: Inbox, clock: Clock) -> None:
        self._platform = platform
        self._handle = handle
        self._inbox = inbox
        self._clock = clock
        self._log = logging.getLogger(platform)
        self._work: set[asyncio.Task[Any]] = set()

    @abstractmethod
    def _read(self, body: str) -> S:
        """What ``to_json`` wrote. Raises ValueError, TypeError if it is something else."""

    @abstractmethod
    async def _person(self, said: S) -> Person:
        """Who said it. Raises nothing."""

    @abstractmethod
    async def _bring(self, said: S, card: Card, *, again: bool) -> None:
        """Bring the answer; ``again``: it may have been brought before. Raises NotFound, Unreachable."""

    async def open(self) -> None:
        """Begin with what a program that died has left. Raises Unreachable if the database does not answer."""
        if left := await self._inbox.unanswered(self._platform):  # in the order in which it was said
            self._begin(self._catch_up(left))

    async def close(self) -> None:
        """Whatever is not answered by now is answered after the next start."""
        if self._work:
            await asyncio.wait(self._work, timeout=LAST_WORDS)
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    async def take(self, said: S | None) -> None:
        """Keep it, and answer it once this has returned. Raises Unreachable if it could not be kept."""
        if said is not None and await self._keep(said):
            self._begin(self._answer(said))

    async def _keep(self, said: S) -> bool:
        """False if it was heard before. Raises Unreachable."""
        return await self._inbox.hear(self._platform, said.id, said.to_json())

    async def _answer(self, said: S, asked: asyncio.Task[Card] | None = None, *, again: bool = False) -> None:
        card = await (asked or self._ask(said))
        await self._give(said, card, again=again)
        await self._done(said)

    async def _give(self, said: S, card: Card, *, again: bool = False) -> None:
        """Bring the answer to whoever said it; what is not taken after some tries is only logged."""
        for pause in (*PAUSES, 0.0):
            try:
                return await self._bring(said, card, again=again)
            except OnCallError as error:
                failure, again = error, True
            if not failure.temporary:
                break
            await self._clock.sleep(pause)
        return self._log.warning("an answer did not arrive: %s", failure)

    async def _done(self, said: S) -> None:
        await self._inbox.answered(self._platform, said.id)

    async def _ask(self, said: S) -> Card:
        person = await self._person(said)
        room = Room(said.room or said.user)
        return await self._handle(
            Ask(said.text, self._platform, said.user, person.name, room, said.thread, person.email)
        )

    async def _catch_up(self, left: Sequence[Heard]) -> None:
        for heard in left:
            try:
                said = self._read(heard.body)
            except (ValueError, TypeError):
                self._log.warning("something that was said before the restart cannot be read")
                await self._inbox.answered(self._platform, heard.id)
                continue
            await (self._too_late(said) if self._now() > said.at + TOO_LATE else self._answer(said, again=True))

    async def _too_late(self, said: S) -> None:
        at = datetime.fromtimestamp(said.at, UTC)
        text = f"You said “{said.text[:200]}” at {at:%H:%M} UTC, and I stopped before I had read it. Nothing was done."
        await self._give(said, sorry("I was away", f"{text} If it still holds, say it again."))
        await self._done(said)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()):
            expected = isinstance(error, OnCallError)
            why = "what was said waits for the next start: %s"
            self._log.warning(why, error, exc_info=None if expected else error)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def sorry(title: str, text: str) -> Card:
    return Card(title, (Text(text),), tone=Tone.BAD, private=True)
