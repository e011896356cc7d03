"""What a person would have approved, and how it ended: as the engine does it, for tests that ask a target themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from engine.model import Action, Judgement, Verdict
from engine.ports import Target
from tests.waiting import PATIENCE


async def proposed(target: Target, name: str, id: str = "a1", **parameters: str) -> Action:
    """Look, then bind the action to what was seen."""
    return bound(target, name, (await target.look(parameters)).state, id, **parameters)


async def filled(target: Target, name: str, **parameters: str) -> Action:
    """The same, with the default of each parameter that is not given."""
    whole = {one.name: parameters.get(one.name, one.default) for one in target.catalogue()[name].parameters}
    return await proposed(target, name, **whole)


def bound(target: Target, name: str, seen: Mapping[str, str], id: str = "a1", **parameters: str) -> Action:
    spec = target.catalogue()[name]
    request = spec.request(parameters)
    return Action(id, target.name, name, parameters, spec.risk, spec.effect, spec.undo, request, seen)


async def ends(target: Target, action: Action, seconds: float = PATIENCE) -> Verdict:
    """The verdict that is not open any more."""
    deadline = time.monotonic() + seconds
    while (verdict := await target.verify(action)).judgement is Judgement.NOT_YET:
        assert time.monotonic() < deadline, verdict
        await asyncio.sleep(0.2)
    return verdict
