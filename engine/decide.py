"""What people decide. Every decision is compare-and-set: of several at once one wins, the others are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from engine.amend import amended
from engine.desk import Desk
from engine.diagnose import investigate
from engine.errors import Refused, Stale
from engine.events import Acknowledged, Amended, Approved, Event, Noted, Rejected, Resolved
from engine.fence import refusal
from engine.model import Action, ActionStatus, Incident, in_words
from engine.options import barred

_RETRIES = 20


async def approve(
    desk: Desk, number: int, by: str, action_id: str = "", changes: Mapping[str, str] = MappingProxyType({})
) -> Incident:
    """Approve the pending action; ``action_id`` is the one that the person saw. Raises Refused with the reason.

    Without it, it is the one that is pending at this moment, and none that takes its place meanwhile.

    With ``changes`` to its parameters, what is approved is another action, bound to the state of what it now names.
    """
    incident = await desk.incidents.numbered(number)
    if _expired(desk, incident):
        await investigate(desk, incident)
        raise Refused(f"The proposal for #{number} had grown old. I have looked again: see the fresh one.")

    if why := await _fenced(desk, incident):
        raise Refused(why)
    action_id = action_id or _pending(incident).id
    if changes:
        action_id = await _amend(desk, incident, by, _pending(incident, action_id), changes)

    def approved(incident: Incident) -> Event:
        return Approved(desk.clock.now(), by, _allowed(desk, _whole(incident, _pending(incident, action_id))).id)

    return await _decide(desk, number, approved)


async def reject(desk: Desk, number: int, by: str, reason: str, action_id: str = "") -> Incident:
    """As ``approve``. Raises Refused."""
    action_id = action_id or _pending(await desk.incidents.numbered(number)).id

    def rejected(incident: Incident) -> Event:
        return Rejected(desk.clock.now(), by, _pending(incident, action_id).id, reason)

    return await _decide(desk, number, rejected)


async def acknowledge(desk: Desk, number: int, by: str) -> Incident:
    def acknowledged(incident: Incident) -> Event:
        _must_be_active(incident)
        if incident.assigned_to == by:
            raise Refused(f"#{number} is yours already.")
        return Acknowledged(desk.clock.now(), by)

    return await _decide(desk, number, acknowledged)


async def resolve(desk: Desk, number: int, by: str, how: str, cause: str = "") -> Incident:
    def resolved(incident: Incident) -> Event:
        _must_be_active(incident)
        if incident.in_hand:
            raise Refused(f"An action on #{number} is under way. Wait for its end, then resolve.")
        return Resolved(desk.clock.now(), by, how, cause)

    return await _decide(desk, number, resolved)


async def note(desk: Desk, number: int, by: str, text: str) -> Incident:
    incident = await desk.incidents.numbered(number)
    return await desk.record_fact(incident.id, Noted(desk.clock.now(), by, text))


async def _fenced(desk: Desk, incident: Incident) -> str:
    action = incident.action
    if action is None or action.dry_run or incident.action_status is not ActionStatus.PENDING:
        return ""
    return await refusal(desk, incident, action)


async def _amend(desk: Desk, incident: Incident, by: str, action: Action, changes: Mapping[str, str]) -> str:
    """Put the changed action in the place of the proposed one; returns its id. Raises Invalid, Refused, Unreachable."""
    meant = amended(desk, incident, action, changes)
    if meant.id == action.id:
        return action.id
    if not meant.seen:
        evidence = await desk.targets[meant.target].look(meant.parameters)
        if evidence.healthy:
            raise Refused(f"There is nothing to mend there: {evidence.summary}")
        meant = replace(meant, seen=evidence.state)
    await _decide(desk, incident.number, lambda now: Amended(desk.clock.now(), by, _pending(now, action.id).id, meant))
    return meant.id


async def _decide(desk: Desk, number: int, decision: Callable[[Incident], Event]) -> Incident:
    """Record the decision on the incident as it is. A lost race is looked at again: only a real rival refuses it."""
    for _ in range(_RETRIES):
        incident = await desk.incidents.numbered(number)
        try:
            return await desk.record(incident, decision(incident))
        except Stale:
            continue
    raise Stale


def _pending(incident: Incident, action_id: str = "") -> Action:
    _must_be_active(incident)
    action = incident.action
    if action is None:
        raise Refused(f"There is nothing to approve on #{incident.number}.")
    if action_id and not action.id.startswith(action_id):
        raise Refused(f"The proposal for #{incident.number} has changed since: look at the newest card.")
    match incident.action_status:
        case ActionStatus.PENDING:
            return action
        case ActionStatus.APPROVED | ActionStatus.RUNNING | ActionStatus.VERIFYING:
            who = incident.approved_by or "The agent"
            raise Refused(f"{who} has approved already: {action.name} on #{incident.number} is under way.")
        case ActionStatus.REJECTED:
            raise Refused(f"Nothing to decide any more: {action.name} on #{incident.number} was rejected.")
        case _:
            raise Refused(f"{action.name} on #{incident.number} has ended ({incident.action_status}).")


def _whole(incident: Incident, action: Action) -> Action:
    """The action if nothing of it is left open. Raises Refused with what is lacking and how to say it."""
    if not action.unnamed:
        return action
    values = " ".join(f"{name}=…" for name in action.unnamed)
    raise Refused(
        f"{action.plan} lacks its {in_words(action.unnamed)}: use the form, or say approve {incident.number} {values}"
    )


def _allowed(desk: Desk, action: Action) -> Action:
    """The action if its targets would take it as it stands. Raises Refused with what they say."""
    for step in (action, *action.then):
        spec = desk.targets[step.target].catalogue().get(step.name)
        if spec and not step.dry_run and (why := barred(spec, step.parameters)):
            raise Refused(f"{step.name} is not allowed as it stands: {why}. Nothing was sent.")
    return action


def _must_be_active(incident: Incident) -> None:
    if not incident.active:
        raise Refused(f"#{incident.number} is {incident.status} already: {incident.resolution_method}.")


def _expired(desk: Desk, incident: Incident) -> bool:
    if incident.action_status is not ActionStatus.PENDING or incident.diagnosed_at is None:
        return False
    if incident.action and incident.action.lacking:  # nothing was seen that could have grown old; it is looked at now
        return False
    return desk.clock.now() - incident.diagnosed_at > desk.policy.approval_valid
