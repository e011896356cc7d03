"""What an incident and each of its events look like to people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from adapters.chat.card import Button, Card, Code, Divider, Facts, Field, Form, Kind, Link, Part, Text, Tone
from bot.words import OUTCOMES, affected, clock, excerpt, in_order, name, percent, span, standing
from engine.amend import asked
from engine.errors import NotFound, Unreachable
from engine.events import (
    Acknowledged,
    Acted,
    Amended,
    Approved,
    Closed,
    Diagnosed,
    Escalated,
    Event,
    Looked,
    Noted,
    Opened,
    Rejected,
    Reopened,
    Resolved,
    SeenAgain,
    Started,
    Verified,
)
from engine.model import (
    Action,
    ActionSpec,
    ActionStatus,
    Diagnosis,
    Incident,
    Judgement,
    Result,
    Risk,
    Verdict,
    WaitsFor,
    place,
    titled,
)


def said(text: str) -> Card:
    """A short answer to the one who asked."""
    return Card(text, private=True)


def incident_card(incident: Incident, specs: Sequence[ActionSpec] = ()) -> Card:
    """The incident as it stands: what, why, where, and what waits for a decision.

    With ``specs``, the schemas of its action and of what follows it, there is a form to change them before approving.
    """
    return Card(f"#{incident.number} {incident.signal.title}", tuple(_parts(incident, specs)), tone=tone(incident))


def tone(incident: Incident) -> Tone:
    if not incident.active:
        return Tone.GOOD
    if incident.waits_for is WaitsFor.MACHINE:
        return Tone.WORKING
    return Tone.WAITING if incident.action_status is ActionStatus.PENDING else Tone.BAD


def _parts(incident: Incident, specs: Sequence[ActionSpec]) -> Iterator[Part]:
    diagnosis, signal = incident.diagnosis, incident.signal
    if diagnosis:
        yield Text(diagnosis.root_cause)
    yield Facts(tuple(_facts(incident)))
    yield Code(excerpt(signal.text), caption=place(signal.source))
    if not incident.active:
        yield Text(_ending(incident))
    elif incident.action and incident.action_status and diagnosis:
        yield from _proposal(incident, diagnosis, incident.action)
    elif diagnosis:
        yield from _nothing_to_propose(diagnosis)
    if incident.active and not incident.in_hand:
        yield from _buttons(incident, specs)


def _facts(incident: Incident) -> Iterator[tuple[str, str]]:
    for identifier, value in in_order(incident.identifiers):
        yield name(identifier), value
    if diagnosis := incident.diagnosis:
        yield from _affected(diagnosis)
    yield "Severity", str(incident.severity)
    times = "once" if incident.count == 1 else f"{incident.count} times"
    yield "Seen", f"{times}, last at {clock(incident.last_seen_at)}"
    if incident.evidence and incident.active:
        yield "Now", incident.evidence.summary
    if incident.assigned_to:
        yield "With", incident.assigned_to
    yield "Stands", standing(incident)


def _affected(diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    if diagnosis.impact:
        yield "Affects", affected(diagnosis.impact)


def _ending(incident: Incident) -> str:
    took = span((incident.resolved_at or incident.updated_at) - incident.opened_at)
    approved = f", approved by {incident.approved_by}" if incident.approved_by else ""
    return f"Resolved after {took}: {incident.resolution_method}{approved}."


def _proposal(incident: Incident, diagnosis: Diagnosis, action: Action) -> Iterator[Part]:
    yield Divider()
    yield Text(f"{action.effect}.")
    condition = "if that alone does not mend it" if action.onward else "if that worked"
    for step in action.then:
        yield Text(f"Then, {condition}: {step.effect[:1].lower()}{step.effect[1:]}.")
    confidence = f"{percent(diagnosis.confidence)} · {_record(diagnosis, action)}"
    facts = [("Action", action.name), ("Confidence", confidence), ("Risk", str(action.risk)), ("To undo", action.undo)]
    yield Facts(tuple(facts))
    if action.dry_run:
        yield from _dry_run(action)
    if diagnosis.hand_over:
        yield Text(diagnosis.hand_over)
    if action.unnamed:
        values = " ".join(f"{name}=…" for name in action.unnamed)
        yield Text(f"In words: approve {incident.number} {values}", quiet=True)
        yield from _steps(diagnosis)
    if incident.action_status is not ActionStatus.PENDING:
        yield Text(f"{action.name}: {_decided(incident)}.")


def _record(diagnosis: Diagnosis, action: Action) -> str:
    """How the action has done here, of a plan with the names of its steps."""
    said = next((one for one in diagnosis.because if one.startswith((f"{action.name} ", f"{action.name}, then "))), "")
    return said.removeprefix(f"{action.name} ").rstrip(".")


def _dry_run(action: Action) -> Iterator[Part]:
    said = f"{titled(action.target)} is not connected: this is a dry run. Approving sends nothing"
    yield Text(f"{said}." if action.lacking else f"{said}; it would send:")
    if not action.lacking:
        yield Code(action.request)


def _decided(incident: Incident) -> str:
    by = f"approved by {incident.approved_by}" if incident.approved_by else ""
    if incident.action_status is ActionStatus.APPROVED and by:
        return by
    if incident.action and incident.action.dry_run and incident.action_status is ActionStatus.COMPLETED:
        return f"was a dry run, {by}; nothing was sent"
    return f"{incident.action_status}, {by}" if by else str(incident.action_status)


def _nothing_to_propose(diagnosis: Diagnosis) -> Iterator[Part]:
    yield Divider()
    yield Text(diagnosis.hand_over)
    yield from _steps(diagnosis)


def _steps(diagnosis: Diagnosis) -> Iterator[Part]:
    """What a person can do."""
    for number, step in enumerate(diagnosis.steps, 1):
        yield Text(f"{number}. {step}")


_RESOLUTION = (
    Field("how", "How was it mended?"),
    Field("cause", "What was the root cause?", required=False, kind=Kind.LONG, hint="Left empty, my diagnosis stands."),
)


def _buttons(incident: Incident, specs: Sequence[ActionSpec]) -> Iterator[Part]:
    number, action = incident.number, incident.action
    if action and incident.action_status is ActionStatus.PENDING:
        if not action.unnamed:
            label = f"Approve {action.name}" + (" (dry run)" if action.dry_run else "")
            sure = f"{action.effect}? Risk: {action.risk}." if action.risk is Risk.HIGH else ""
            yield Button(label, f"approve {number} {action.id[:8]}", primary=True, confirm=sure)
        if any(spec.parameters for spec in specs):
            yield _change(incident, action, specs)
        yield Form("Reject …", f"reject {number}", (Field("why", "Why not?"),))
    if not incident.assigned_to:
        yield Button("Acknowledge", f"ack {number}")
    yield Form("Resolve …", f"resolve {number}", _RESOLUTION, named=True)
    yield Button("Why?", f"why {number}")


def _change(incident: Incident, action: Action, specs: Sequence[ActionSpec]) -> Form:
    """Approve with other parameters: a field for each, as the actions' own schemas say; those lacking are empty.

    What several steps of a plan need is asked for once.
    """
    fields = tuple(
        Field(one.name, one.label, one.required, one.default, Kind(one.kind), one.choices)
        for one in asked((action, *action.then), specs)
    )
    label = "Fill in and approve …" if action.unnamed else "Change and approve …"
    return Form(label, f"approve {incident.number} {action.id[:8]}", fields, named=True)


def step_card(incident: Incident, event: Event) -> Card | None:  # noqa: C901, PLR0911, PLR0912 - one closed union
    """What the incident's thread is told of this event; None where the changed incident card says it all."""
    n = f"#{incident.number}"
    match event:
        case Opened() | SeenAgain() | Looked() | Started() | Closed():
            return None
        case Reopened():
            return Card(f"{n} came back", (Text("It is open again, and I am looking at it."),), tone=Tone.BAD)
        case Diagnosed(diagnosis=diagnosis):
            return _diagnosed(incident, diagnosis)
        case Acknowledged(by=by):
            return Card(f"{by} is on it")
        case Amended(by=by, action=action):
            return Card(f"{by} changed {action.name}", (Text(f"{action.effect}."),))
        case Approved(by=by, action=id):
            return Card(f"{by} approved {_name(incident, id)}", (Text("I look at the target once more, then act."),))
        case Rejected(by=by, action=id, reason=reason):
            return Card(f"{by} rejected {_name(incident, id)}", (Text(reason),))
        case Acted(action=id, outcome=outcome):
            good = outcome.result in (Result.DONE, Result.DRY_RUN)
            title = f"{_name(incident, id)} {OUTCOMES[outcome.result]}"
            return Card(title, (Text(outcome.detail),), tone=Tone.NEUTRAL if good else Tone.BAD)
        case Verified(action=id, verdict=verdict):
            return _verified_card(incident, id, verdict)
        case Escalated(to=to, reason=reason):
            return Card(f"I have woken {to}", (Text(reason),), tone=Tone.BAD)
        case Noted(by=by, text=text):
            return Card(f"{by} noted", (Text(text),))
        case Resolved(by=by, how=how, cause=cause):
            found = (Text(f"Root cause: {cause}"),) if cause else ()
            return Card(f"{n} is resolved", (Text(f"{by}: {how}."), *found), tone=Tone.GOOD)
        case _:
            assert_never(event)


def back_card(incident: Incident, link: str) -> Card:
    """What the room is told of an incident whose card stands further up. ``link`` leads there; it may be empty."""
    at = (Link("Open its card", link),) if link else ()
    text = Text("It was resolved, and is open again.")
    return Card(f"#{incident.number} came back: {incident.signal.title}", (text, *at), tone=Tone.BAD)


def _verified_card(incident: Incident, id: str, verdict: Verdict) -> Card:
    """What an action has brought; of a plan also what comes next, or what was not done."""
    action = _known(incident, id)
    name, rest = _name(incident, id), [step.name for step in action.then] if action else []
    good = verdict.judgement in (Judgement.WORKED, Judgement.RECOVERED)
    detail = Text(verdict.detail)
    if verdict.judgement is Judgement.WORKED and rest:
        return Card(f"{name} worked", (detail, Text(f"Next: {rest[0]}.")), tone=Tone.WORKING)
    if verdict.judgement is Judgement.FAILED and rest and action and action.onward:
        next_one = Text(f"Next, as it has worked before: {rest[0]}.")
        return Card(f"{name} alone did not mend it", (detail, next_one), tone=Tone.WORKING)
    if not good:
        left = (Text(f"Not done: {', '.join(rest)}."),) if rest else ()
        return Card(f"{name} did not mend it", (detail, *left), tone=Tone.BAD)
    ending = (Text(_ending(incident)),) if not incident.active else ()
    return Card(f"#{incident.number} is resolved", (detail, *ending), tone=Tone.GOOD)


def _diagnosed(incident: Incident, diagnosis: Diagnosis) -> Card | None:
    """A first proposal stands on the incident's card; a later one, or none, is worth a line of its own."""
    if diagnosis.proposal and not _tried_before(incident, diagnosis.proposal):
        return None
    if diagnosis.proposal:
        text = f"{diagnosis.proposal.effect}. It stands on the card and waits for you."
        return Card("There is a fresh proposal", (Text(text),), tone=Tone.WAITING)
    return Card("A person decides", (Text(diagnosis.hand_over),), tone=Tone.BAD)


def _tried_before(incident: Incident, action: Action) -> int:
    """How many actions this incident had seen when this one was proposed; it may itself have ended by now."""
    ids = [tried.action.id for tried in incident.tried]
    return ids.index(action.id) if action.id in ids else len(ids)


def _name(incident: Incident, id: str) -> str:
    """What the action of an event was called."""
    action = _known(incident, id)
    return action.name if action else "The action"


def _known(incident: Incident, id: str) -> Action | None:
    """The action of an event; a later proposal may stand in its place by now."""
    known = [*(tried.action for tried in incident.tried), *([incident.action] if incident.action else [])]
    return next((action for action in known if action.id == id), None)


def unreached_card(person: str, platform: str, why: NotFound | Unreachable) -> Card:
    """The thread's word that a direct message did not reach the person it was meant for."""
    linking = f" Say link in the web chat, or ask an admin: oncall people link {person} {platform} <id>"
    text = f"{why}{linking if isinstance(why, NotFound) else ''}"
    return Card(f"I could not reach {person} here", (Text(text),), tone=Tone.BAD)


def wake_card(card: Card, incident: Incident, reason: str) -> Card:
    """The direct message that wakes a person: the whole incident's card, so that they can decide from bed."""
    told = incident.diagnosis is not None and reason == incident.diagnosis.hand_over
    return Card(card.title, card.parts if told else (Text(reason), *card.parts), tone=Tone.BAD)
