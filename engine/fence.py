"""What keeps an action from running though a person has approved it: the brake, the hour, the number, the neighbour."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from engine.desk import Desk
from engine.model import Action, ActionSpec, ActionStatus, Incident, Risk, WaitsFor, titled
from engine.services import names_of

HOUR = timedelta(hours=1)


async def refusal(desk: Desk, incident: Incident, action: Action) -> str:
    """Why this action may not run now, with what to do; empty if it may."""
    for fence in FENCES:
        if why := await fence(desk, incident, action):
            return why
    return ""


async def _brake(desk: Desk, _incident: Incident, _action: Action) -> str:
    why = await desk.brake.pulled()
    return f"Everything is frozen: {why} Nothing runs until somebody says thaw." if why else ""


async def _window(desk: Desk, incident: Incident, action: Action) -> str:
    """The windows of the service that the action touches win over those of everything."""
    service = desk.policy.services.holding(names_of(incident.signal, incident.identifiers, action.parameters))
    own = service.change_windows if service else ()
    windows = own or desk.policy.change_windows
    if not windows or action.risk is Risk.LOW or any(one.holds(desk.clock.now()) for one in windows):
        return ""
    whose = f" on {service.name}" if service and own else ""
    hours = ", ".join(map(str, windows))
    return f"Outside of {hours} only actions of low risk run{whose}; this one is of {action.risk} risk."


async def _hourly(desk: Desk, _incident: Incident, action: Action) -> str:
    most = desk.policy.max_actions_per_hour
    begun = await desk.incidents.begun(action.target, desk.clock.now() - HOUR)
    if begun < most:
        return ""
    name = titled(action.target)
    return f"{name} has seen {begun} actions within an hour, and {most} is the most: wait, or act by hand."


async def _neighbour(desk: Desk, incident: Incident, action: Action) -> str:
    """Of two that were approved at once the older incident goes first."""
    spec = desk.targets[action.target].catalogue().get(action.name)
    if not spec or not spec.object:
        return ""
    for other in await desk.incidents.waiting_for(WaitsFor.MACHINE):
        if other.id != incident.id and _first(other, incident) and _same(spec, other.action, action):
            return f"An action on the same is under way for #{other.number}: wait for its end."
    return ""


def _first(other: Incident, incident: Incident) -> bool:
    if other.action_status in (ActionStatus.RUNNING, ActionStatus.VERIFYING):
        return True
    return other.action_status is ActionStatus.APPROVED and other.number < incident.number


def _same(spec: ActionSpec, theirs: Action | None, ours: Action) -> bool:
    """Both are done to one object, whatever each of them does."""
    if theirs is None or theirs.target != ours.target or theirs.dry_run:
        return False
    return all(theirs.parameters.get(name) == ours.parameters.get(name) for name in spec.object)


Fence = Callable[[Desk, Incident, Action], Awaitable[str]]

FENCES: tuple[Fence, ...] = (_brake, _window, _hourly, _neighbour)
"""Asked in this order; the first that says why is heard."""
