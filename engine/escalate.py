"""Who is woken when nobody answers, and what time does to an incident."""

from __future__ import annotations

from datetime import datetime

from engine.desk import Desk, Policy
from engine.errors import Stale
from engine.events import Closed, Escalated, Event
from engine.model import Incident, Status, WaitsFor


def due(incident: Incident, now: datetime, policy: Policy) -> Event | None:
    """What the passing of time does to this incident at ``now``. Pure, so that time is tested without waiting.

    What is handed over to people wakes the first of them at once; what waits for an approval, after a while.
    """
    if incident.status is Status.RESOLVED and incident.resolved_at is not None:
        return Closed(now) if now - incident.resolved_at >= policy.quiet_time else None
    for_a_person = incident.waits_for is WaitsFor.PERSON and not incident.assigned_to
    people = policy.to_wake(incident) if for_a_person else ()
    asleep = [one for one in people if one not in incident.woken]  # who is responsible may have changed meanwhile
    if incident.diagnosed_at is None or not asleep:
        return None
    handed_over = incident.diagnosis.hand_over if incident.diagnosis else ""
    since, turn = now - incident.diagnosed_at, len(incident.woken) + (0 if handed_over else 1)
    if since < policy.escalate_after * turn:
        return None
    unanswered_for = f"Nobody has answered for {int(since.total_seconds() // 60)} minutes."
    return Escalated(now, asleep[0], unanswered_for if turn else handed_over)


async def tick(desk: Desk) -> int:
    """Let time pass for every incident that it can change; returns how many it changed."""
    resolved = await desk.incidents.list((Status.RESOLVED,), limit=1000)
    waiting = await desk.incidents.waiting_for(WaitsFor.PERSON)
    changed = 0
    for incident in (*resolved, *waiting):
        event = due(incident, desk.clock.now(), desk.policy)
        if event is None:
            continue
        try:
            await desk.record(incident, event)
            changed += 1
        except Stale:  # it has just moved: the next tick sees it as it is then
            continue
    return changed
