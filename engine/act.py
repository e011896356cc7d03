"""Runs an approved action once: look again, write down that we begin, act, verify."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from engine.desk import Desk
from engine.errors import Unreachable
from engine.events import Acted, Looked, Started, Verified
from engine.fence import refusal
from engine.model import Action, ActionSpec, Evidence, Incident, Judgement, Outcome, Result, Verdict, in_words, titled
from engine.ports import Target

SOONEST, LATEST = 2.0, 15.0
"""Seconds between two looks at an action that has not shown its end yet: often at first, then a tenth of its age."""


UNHEARD_OF = timedelta(seconds=30)
"""For a call to a target that no longer knows the action; it refuses at once."""


async def start(desk: Desk, incident: Incident) -> Incident:
    """From APPROVED to the action's outcome. Nothing is sent unless the target is as the person saw it."""
    action, target = _action(incident), desk.targets[_action(incident).target]
    if action.lacking:
        never = Outcome(Result.FAILED, f"Its {in_words(action.lacking)} was never named, so I sent nothing.")
        return await _acted(desk, incident, action, never)
    if why := _stale(desk, incident):
        return await _acted(desk, incident, action, Outcome(Result.CHANGED, f"{why} Nothing was sent."))
    sight = await _sight(desk, incident, action, target)
    if isinstance(sight, Outcome):
        return await _acted(desk, incident, action, sight)
    async with desk.gate:
        if not action.dry_run and (why := await refusal(desk, incident, action)):
            return await _acted(desk, incident, action, Outcome(Result.CHANGED, f"{why} Nothing was sent."))
        seen = sight if action.after else {}
        incident = await desk.record_fact(incident.id, Started(desk.clock.now(), action.id, seen))
    return await _acted(desk, incident, action, await _act(target, replace(action, seen=seen or action.seen)))


async def _act(target: Target, action: Action) -> Outcome:
    """A call that takes too long is given up, and nobody knows what became of it."""
    spec = target.catalogue().get(action.name)
    within = spec.timeout if spec else UNHEARD_OF
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await target.act(action)
    except TimeoutError:
        seconds = f"{within.total_seconds():g} s"
        return Outcome(Result.UNKNOWN, f"{titled(target.name)} did not answer within {seconds}: it may have happened.")


async def recover(desk: Desk, incident: Incident) -> Incident:
    """An action was running when the program died. It is never run again by itself: its target is asked what happened.

    Raises Unreachable while the target does not answer and the action's time is not up.
    """
    action, target = _action(incident), desk.targets[_action(incident).target]
    if action.dry_run:
        return await _acted(desk, incident, action, Outcome(Result.DRY_RUN, f"Would have sent:\n{action.request}"))
    try:
        outcome = _after_crash(await target.verify(action))
    except Unreachable as error:
        if not _late(desk, incident, target.catalogue()[action.name]):
            raise
        outcome = _after_crash(Verdict(Judgement.UNKNOWN, str(error)))
    return await _acted(desk, incident, action, outcome)


async def verify(desk: Desk, incident: Incident) -> Incident:
    """Ask the target until it shows an end or the action's time is up; then nobody knows, and a person is asked."""
    action, target = _action(incident), desk.targets[_action(incident).target]
    spec = target.catalogue()[action.name]
    while True:
        verdict = await _verdict(target, action)
        late = _late(desk, incident, spec)
        if verdict.judgement is not Judgement.NOT_YET:
            break
        if late:
            verdict = Verdict(Judgement.UNKNOWN, f"No end after {spec.verify_within}. {verdict.detail}")
            break
        age = (desk.clock.now() - (incident.action_since or incident.updated_at)).total_seconds()
        await desk.clock.sleep(min(LATEST, max(SOONEST, age / 10)))
    return await desk.record_fact(incident.id, Verified(desk.clock.now(), action.id, verdict))


def _action(incident: Incident) -> Action:
    if incident.action is None:
        raise ValueError(f"{incident.id} has an action under way and none on record")
    return incident.action


async def _acted(desk: Desk, incident: Incident, action: Action, outcome: Outcome) -> Incident:
    return await desk.record_fact(incident.id, Acted(desk.clock.now(), action.id, outcome))


def _stale(desk: Desk, incident: Incident) -> str:
    """Why nobody can mean it any more; empty if they can. Whoever approved may have mended it by hand meanwhile."""
    since = incident.action_since
    if since is None or desk.clock.now() - since <= desk.policy.approval_valid:
        return ""
    return f"It was approved at {since:%Y-%m-%d %H:%M} UTC, and I could not begin before now: that is too long ago."


async def _sight(desk: Desk, incident: Incident, action: Action, target: Target) -> Outcome | Mapping[str, str]:
    """The state that the action begins from, or why it must not run now. What was never seen was never approved."""
    if action.dry_run is not target.dry_run:
        now = "is no longer connected" if target.dry_run else "has been connected"
        return Outcome(Result.CHANGED, f"{titled(target.name)} {now} since the proposal, so I sent nothing.")
    if action.dry_run:
        return {}
    try:
        evidence = await target.look(action.parameters)
    except Unreachable as error:
        return Outcome(Result.FAILED, f"{error} Nothing was sent.")
    await desk.record_fact(incident.id, Looked(desk.clock.now(), evidence))
    if action.after and evidence.healthy:
        return Outcome(Result.CHANGED, f"It is well already, so the rest of the plan was not done. {evidence.summary}")
    if evidence.state and (action.after or evidence.state == action.seen):
        return evidence.state
    return Outcome(Result.CHANGED, f"The target has changed, so I sent nothing: {difference(action.seen, evidence)}")


def difference(seen: Mapping[str, str], now: Evidence) -> str:
    """What an approval was bound to and what stands there now, in words."""
    if not seen:
        return f"its state was not known when you approved. Now: {now.summary}"
    names = sorted(name for name in {*seen, *now.state} if seen.get(name) != now.state.get(name))
    moved = (f"{name} was {seen.get(name, 'not known')}, is {now.state.get(name, 'not known')}" for name in names)
    return f"{'; '.join(moved) or 'its state cannot be read'}. {now.summary}"


def _after_crash(verdict: Verdict) -> Outcome:
    """A target that has moved on since shows that the call arrived; one that has not cannot show the contrary."""
    if verdict.judgement is Judgement.UNKNOWN:
        detail = f"I was stopped while acting and cannot tell whether it happened. {verdict.detail}"
        return Outcome(Result.UNKNOWN, detail)
    return Outcome(Result.DONE, f"I was stopped while acting. The target shows that it was done. {verdict.detail}")


async def _verdict(target: Target, action: Action) -> Verdict:
    try:
        return await target.verify(action)
    except Unreachable as error:
        return Verdict(Judgement.NOT_YET, str(error))


def _late(desk: Desk, incident: Incident, spec: ActionSpec) -> bool:
    since = incident.action_since or incident.updated_at
    return desk.clock.now() - since >= spec.verify_within
