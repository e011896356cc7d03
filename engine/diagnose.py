"""Looks at what broke, says why, how sure we are, and proposes the one action that would mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from engine.desk import Desk, Policy
from engine.detect import fill, missing
from engine.errors import Unreachable
from engine.events import AGENT, Diagnosed, Looked, Resolved
from engine.knowledge import Pattern, Proposal
from engine.learn import Elsewhere, Record, record
from engine.learn.trust import threshold
from engine.model import (
    Action,
    ActionSpec,
    ActionStatus,
    Diagnosis,
    Evidence,
    Incident,
    Lesson,
    Risk,
    Severity,
    place,
)
from engine.ports import Target

SETTLES_WITHIN = timedelta(seconds=15)
"""After the last line of a failure, a target that shows neither good nor bad is looked at again for so long."""

SETTLING = 1.0
"""Seconds between two of these looks."""

RECOVERED = "recovered before we acted"

SPENT = (ActionStatus.FAILED, ActionStatus.REJECTED)
"""An action that ended so is not proposed again for the same incident."""

RAN = (ActionStatus.COMPLETED, ActionStatus.FAILED, ActionStatus.UNKNOWN)

_RISKS = tuple(Risk)

_WORSE = {Risk.LOW: Risk.MEDIUM, Risk.MEDIUM: Risk.HIGH, Risk.HIGH: Risk.HIGH}


@dataclass(frozen=True, slots=True)
class Step:
    """One action with all that it needs."""

    target: Target
    spec: ActionSpec
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Option:
    """A proposal whose parameters are all known, and how it has done here."""

    target: Target
    spec: ActionSpec
    parameters: Mapping[str, str]
    record: Record
    then: tuple[Step, ...] = ()
    threshold: float = 0.0


async def investigate(desk: Desk, incident: Incident) -> Incident:
    """Look at the target and record what we make of it. What has recovered meanwhile is resolved, with no credit."""
    pattern = desk.detector.patterns.get(incident.signal.pattern)
    lessons = await desk.incidents.lessons(incident.signal.pattern, incident.environment)
    elsewhere = await _elsewhere(desk, incident, pattern) if pattern else None
    option = best(options(desk, incident, pattern, lessons, elsewhere)) if pattern else None
    evidence = await _settled(desk, option, incident) if option else None
    if evidence:
        incident = await desk.record_fact(incident.id, Looked(desk.clock.now(), evidence))
    if evidence and evidence.healthy:
        return await desk.record_fact(incident.id, Resolved(desk.clock.now(), AGENT, RECOVERED))
    action = _action(desk, incident, option, evidence) if option else None
    diagnosis = explain(incident, pattern, desk.policy, option, action)
    return await desk.record_fact(incident.id, Diagnosed(desk.clock.now(), diagnosis))


def ran(incident: Incident) -> int:
    """How many actions have been run on this incident; those that only were proposed do not count."""
    return sum(tried.status in RAN for tried in incident.tried)


async def _elsewhere(desk: Desk, incident: Incident, pattern: Pattern) -> Elsewhere:
    names = [proposal.name for proposal in pattern.proposals]
    lessons = await desk.incidents.lessons_of(names) if names else ()
    return Elsewhere(incident.signal.pattern, incident.environment, lessons)


def options(
    desk: Desk, incident: Incident, pattern: Pattern, lessons: Sequence[Lesson], elsewhere: Elsewhere | None = None
) -> Iterator[Option]:
    """Every action of this pattern that could be taken now: known target, known parameters, not tried in vain."""
    if ran(incident) >= desk.policy.max_actions:
        return
    for proposal in pattern.proposals:
        step, then = _step(desk, incident, proposal), [_step(desk, incident, one) for one in proposal.then]
        if step and all(then) and not _spent(incident, proposal.name):
            rest = tuple(one for one in then if one)
            known = record(lessons, proposal.name, proposal.prior, elsewhere)
            policy = desk.policy
            needed = threshold(lessons, proposal.name, policy.confidence_threshold, policy.wrong_at_most)
            yield Option(*_sides(step), known, rest, needed)


def _step(desk: Desk, incident: Incident, proposal: Proposal) -> Step | None:
    """None where no such action is to be had, or a name that it needs is not known."""
    target = desk.targets.get(proposal.target)
    spec = target and target.catalogue().get(proposal.name)
    parameters = _parameters(spec, proposal, incident.identifiers) if spec else None
    return Step(target, spec, parameters) if target and spec and parameters is not None else None


def _sides(step: Step) -> tuple[Target, ActionSpec, Mapping[str, str]]:
    return step.target, step.spec, step.parameters


def best(options: Iterable[Option]) -> Option | None:
    """The likeliest to work; of equals the first that the knowledge file names."""
    return max(options, key=lambda option: option.record.confidence, default=None)


def explain(
    incident: Incident, pattern: Pattern | None, policy: Policy, option: Option | None, action: Action | None
) -> Diagnosis:
    """The diagnosis in words. Pure: the same incident and record always give the same sentences."""
    if pattern is None:
        return Diagnosis(
            summary=incident.signal.title,
            category="unknown",
            root_cause="This failure is not in the knowledge base.",
            confidence=0.0,
            hand_over="I have not met this failure before, so a person decides.",
        )
    confidence = option.record.confidence if option else 0.0
    return Diagnosis(
        summary=incident.signal.title,
        category=pattern.category,
        root_cause=fill(pattern.root_cause, incident.identifiers),
        confidence=confidence,
        because=_because(incident, option),
        proposal=action,
        steps=tuple(fill(step, incident.identifiers) for step in pattern.steps),
        hand_over=_hand_over(incident, policy, action, option),
        predicted_seconds=round(option.record.seconds) if option and option.record.seconds is not None else None,
    )


def risk_of(risk: Risk, severity: Severity, policy: Policy) -> Risk:
    """An action's own risk, one step higher where the incident is critical."""
    return _WORSE[risk] if policy.assess_risk and severity is Severity.CRITICAL else risk


def _spent(incident: Incident, name: str) -> bool:
    return any(tried.action.name == name and tried.status in SPENT for tried in incident.tried)


def _parameters(spec: ActionSpec, proposal: Proposal, identifiers: Mapping[str, str]) -> dict[str, str] | None:
    """The action's parameters filled from the incident's names, or None if a required one is not known."""
    filled: dict[str, str] = {}
    for parameter in spec.parameters:
        template = proposal.parameters.get(parameter.name, "")
        value = "" if missing(template, identifiers) else fill(template, identifiers)
        if parameter.required and not (value or parameter.default):
            return None
        filled[parameter.name] = value or parameter.default
    return filled


async def _settled(desk: Desk, option: Option, incident: Incident) -> Evidence:
    """A log speaks before its target: a task that has just failed is shown as running for a moment longer."""
    until = incident.last_seen_at + SETTLES_WITHIN
    while True:
        evidence = await _look(option)
        if evidence.healthy is not None or not evidence.state or desk.clock.now() >= until:
            return evidence
        await desk.clock.sleep(SETTLING)


async def _look(option: Option) -> Evidence:
    try:
        return await option.target.look(option.parameters)
    except Unreachable as error:
        return Evidence(option.target.name, str(error))


def _action(desk: Desk, incident: Incident, option: Option, evidence: Evidence | None) -> Action:
    first = _planned(desk, incident, Step(option.target, option.spec, option.parameters))
    then = tuple(_planned(desk, incident, step) for step in option.then)
    worst = max((first, *then), key=lambda action: _RISKS.index(action.risk)).risk
    return replace(first, seen=evidence.state if evidence else {}, then=then, risk=worst)


def _planned(desk: Desk, incident: Incident, step: Step) -> Action:
    spec = step.spec
    return Action(
        id=desk.new_id(),
        target=step.target.name,
        name=spec.name,
        parameters=step.parameters,
        risk=risk_of(desk.policy.risk(spec.name, spec.risk), incident.severity, desk.policy),
        effect=fill(spec.effect, step.parameters),
        undo=fill(spec.undo, step.parameters),
        request=spec.request(step.parameters),
        dry_run=step.target.dry_run,
    )


def _because(incident: Incident, option: Option | None) -> tuple[str, ...]:
    signal = incident.signal
    where = place(signal.source) + (f", byte {signal.position}" if signal.position >= 0 else "")
    because = [f"The line stands in {where}.", f"It matches the rule “{signal.rule}” of {signal.pattern}."]
    if incident.evidence:
        because.append(incident.evidence.summary)
    if option:
        because += filter(None, (f"{option.spec.name} {option.record}.", option.record.factors))
    return tuple(because)


def _hand_over(incident: Incident, policy: Policy, action: Action | None, option: Option | None) -> str:
    """Why a person must look at this, or nothing. The reasons are those of the user's own escalation rules."""
    if ran(incident) >= policy.max_actions:
        return f"{ran(incident)} actions were run and none mended it for good: a person decides."
    if action is None or option is None:
        return "No action of mine mends this by itself: a person decides."
    if policy.assess_risk and action.risk is Risk.HIGH:
        return "The action is of high risk here: look twice before you approve."
    if option.record.confidence < option.threshold:
        return f"Low confidence: {option.record.confidence:.2f} is under the threshold of {option.threshold:.2f}."
    return ""
