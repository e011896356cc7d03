"""A teller for each platform: all run side by side, and where one must wait the others go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from uuid import uuid4

from adapters.chat.card import Card
from bot.cards import incident_card
from bot.log import get_logger
from bot.platforms import Elsewhere
from bot.standing import Conversations, Standing
from bot.storm import Storms
from bot.tell import Teller, Where
from bot.under_way import under_way
from engine.desk import Desk
from engine.errors import OnCallError, Unreachable
from engine.model import Incident, titled
from engine.ports import Cursors, People
from engine.rounds import AGAIN_AFTER, Rounds

log = get_logger("oncall")


class Telling:
    def __init__(
        self,
        desk: Desk,
        people: People,
        places: Sequence[Where],
        conversations: Conversations,
        cursors: Cursors,
        storm_cards: int,
    ) -> None:
        self._places = places
        self._tellers: dict[str, Teller] = {}
        self._rounds: dict[str, Rounds] = {}
        self._standings: dict[str, Standing] = {}
        self._stands: dict[tuple[str, str], Card] = {}
        for where in places:
            name, others = where.platform.name, [one for one in places if one is not where]
            links = Elsewhere(where.platform, others, conversations).links
            standing = Standing(where.platform, conversations, partial(described, desk), links, desk.clock.now())
            self._standings[name] = standing
            storms = Storms(name, cursors, desk.clock, storm_cards)
            teller = Teller(desk.incidents, people, where, standing, storms)
            teller.ended = partial(self._ended, name)
            teller.showed = partial(self._showed, name)
            self._tellers[name] = teller
            self._rounds[name] = Rounds(partial(_begin, teller), partial(trouble, name))

    async def card(self, platform: str, incident: Incident) -> Card:
        """What the incident looks like there."""
        return await self._standings[platform].card(incident)

    async def announce(self, card: Card) -> None:
        """Say it in the main room of each platform. One that does not answer keeps it from no other."""
        key = f"announced-{uuid4().hex}"
        said = await _everywhere(self._places, lambda where: where.platform.post(where.home, card, key=key))
        for where, failure in said:
            if failure:
                trouble(where.platform.name, failure)

    async def retell(self, card: Card, key: str) -> None:
        """The same, but what stands there under this key is changed.

        Raises Unreachable if a platform could not be told; the next try leaves the others alone.
        """
        places = [where for where in self._places if self._stands.get((where.platform.name, key)) != card]
        failures = []
        for where, failure in await _everywhere(places, lambda where: _stands(where, card, key)):
            if failure:
                failures.append(f"{titled(where.platform.name)}: {failure}")
            else:
                self._stands[where.platform.name, key] = card
        if failures:
            raise Unreachable(" ".join(failures))

    def wake(self) -> None:
        for rounds in self._rounds.values():
            rounds.wake()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for rounds in self._rounds.values():
                await stack.enter_async_context(under_way(rounds.run()))
            yield
        for teller in self._tellers.values():
            await teller.stop()

    async def last_words(self, seconds: float) -> None:
        """Tell what has just happened, for so long at most. What cannot be told now is told at the next start."""
        await asyncio.gather(*(_last_words(teller, seconds) for teller in self._tellers.values()))

    def _ended(self, name: str, failure: BaseException | None) -> None:
        if failure is None:
            self._rounds[name].wake()
            return
        trouble(name, failure)
        asyncio.get_running_loop().call_later(AGAIN_AFTER, self._rounds[name].wake)

    def _showed(self, name: str, number: int) -> None:
        """An incident has a new card here: those elsewhere can link to it."""
        for other, teller in self._tellers.items():
            if other != name:
                teller.refresh(number)
                self._rounds[other].wake()


def described(desk: Desk, incident: Incident) -> Card:
    """The card of an incident, with a form for the parameters of its action and of what follows that."""
    steps = (incident.action, *incident.action.then) if incident.action else ()
    known = {one.target: desk.targets[one.target].catalogue() for one in steps if one.target in desk.targets}
    specs = [known.get(one.target, {}).get(one.name) for one in steps]
    return incident_card(incident, [spec for spec in specs if spec] if all(specs) else ())


async def _everywhere(
    places: Sequence[Where], say: Callable[[Where], Awaitable[object]]
) -> Sequence[tuple[Where, BaseException | None]]:
    """Every place, and what went wrong there."""
    said = await asyncio.gather(*map(say, places), return_exceptions=True)
    failures = (one if isinstance(one, BaseException) else None for one in said)
    return list(zip(places, failures, strict=True))


async def _stands(where: Where, card: Card, key: str) -> None:
    """Posting twice shows it once, so only what was there before is changed by this."""
    await where.platform.update(await where.platform.post(where.home, card, key=key), card)


async def welcome(where: Where, card: Card) -> None:
    """The first thing a new room shows, once."""
    await where.platform.post(where.home, card, key="welcome")


async def _begin(teller: Teller) -> None:
    await teller.begin()


async def _last_words(teller: Teller, seconds: float) -> None:
    with suppress(OnCallError, TimeoutError):
        async with asyncio.timeout(seconds):
            await teller.tell_all()


def trouble(name: str, error: BaseException) -> None:
    expected = isinstance(error, OnCallError)
    log.warning("chat could not be told", platform=name, reason=str(error), exc_info=None if expected else error)
