"""What could be done about an incident: each action that is proposed for it, with what it needs and what it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.desk import Desk, Policy
from engine.detect import fill, missing
from engine.knowledge import Pattern, Proposal
from engine.learn import Elsewhere, Record, record
from engine.learn.factors import factors
from engine.learn.plans import outcomes
from engine.learn.trust import threshold
from engine.model import (
    Action,
    ActionSpec,
    ActionStatus,
    Criticality,
    Evidence,
    Impact,
    Incident,
    Lesson,
    Risk,
    Severity,
)
from engine.ports import Target
from engine.services import names_of

SPENT = (ActionStatus.FAILED, ActionStatus.REJECTED)
"""An action that ended so is not proposed again for the same incident."""

WHICH = "(which?)"
"""Stands in a sentence where a name is lacking."""

_WORSE = {Risk.LOW: Risk.MEDIUM, Risk.MEDIUM: Risk.HIGH, Risk.HIGH: Risk.HIGH}


@dataclass(frozen=True, slots=True)
class Step:
    """One action with the parameters that are known, and the names of those that it needs and that are not."""

    target: Target
    spec: ActionSpec
    parameters: Mapping[str, str]
    lacking: tuple[str, ...] = ()

    @property
    def barred(self) -> str:
        """Why it would be refused as it stands, such as a list of the settings that does not name it; empty if not."""
        return "" if self.lacking or self.target.dry_run else barred(self.spec, self.parameters)


def barred(spec: ActionSpec, parameters: Mapping[str, str]) -> str:
    """What is wrong with these parameters, as a person reads it; empty if nothing is."""
    labels = {one.name: one.label for one in spec.parameters}
    return "; ".join(f"{labels.get(name, name)} {why}" for name, why in spec.wrong(parameters).items())


@dataclass(frozen=True, slots=True)
class Option:
    """A proposal, how it has done here, and how sure one must be of it."""

    step: Step
    record: Record
    then: tuple[Step, ...] = ()
    threshold: float = 0.0
    learned: str = ""
    """The accepted entry of the knowledge base that it comes from, nothing if it ships."""

    def factors(self, policy: Policy) -> Iterator[str]:
        """What its confidence is made of, in sentences."""
        return factors(self.record, self.threshold, policy.confidence_threshold, accepted=bool(self.learned))

    @property
    def lacking(self) -> tuple[str, ...]:
        """What its steps need and nobody has named yet."""
        return tuple(dict.fromkeys(name for one in (self.step, *self.then) for name in one.lacking))

    @property
    def complete(self) -> bool:
        return not self.lacking

    @property
    def barred(self) -> str:
        """Why one of its steps would be refused as it stands; empty if none would."""
        return next((step.barred for step in (self.step, *self.then) if step.barred), "")

    @property
    def sure(self) -> bool:
        """Whether no person need be warned of it."""
        return self.record.confidence >= self.threshold

    @property
    def sentence(self) -> str:
        """How it has done here, by the names of its actions."""
        return f"{', then '.join(step.spec.name for step in (self.step, *self.then))} {self.record}."

    def does_as(self, other: Option | None) -> bool:
        """Whether both would do the very same."""
        return other is not None and _essence(self.step) == _essence(other.step)


def _essence(step: Step) -> tuple[str, str, Mapping[str, str]]:
    return step.target.name, step.spec.name, step.parameters


def options(
    desk: Desk,
    incident: Incident,
    pattern: Pattern,
    names: Mapping[str, str],
    lessons: Sequence[Lesson],
    elsewhere: Elsewhere | None = None,
) -> Iterator[Option]:
    """Every action of this pattern that could be taken here and was not tried in vain, filled from these names."""
    if incident.ran >= desk.policy.max_actions:
        return
    policy = desk.policy
    for proposal in pattern.proposals:
        steps = [_step(desk, names, one) for one in (proposal, *proposal.then)]
        first, *rest = (one for one in steps if one) if all(steps) else (None,)
        if first and not _spent(incident, proposal.name):
            own = _own(proposal, lessons)
            known = record(own, proposal.name, proposal.prior, None if proposal.learned else elsewhere)
            needed = threshold(own, proposal.name, policy.confidence_threshold, policy.wrong_at_most)
            yield Option(first, known, tuple(rest), needed, proposal.learned)


def _own(proposal: Proposal, lessons: Sequence[Lesson]) -> Sequence[Lesson]:
    """The outcomes that say something of it: of a learned row those of the whole row, since a person accepted it."""
    if not proposal.learned:
        return lessons
    return outcomes(lessons, [step.name for step in (proposal, *proposal.then)])


def best(options: Iterable[Option]) -> Option | None:
    """The likeliest; before it what a person accepted here while one can be sure of it; before that what lacks nothing.

    What the settings do not let be done comes last of all.
    """
    return max(options, key=_worth, default=None)


def _worth(option: Option) -> tuple[bool, bool, bool, float]:
    return not option.barred, option.complete, bool(option.learned) and option.sure, option.record.confidence


def risk_of(risk: Risk, severity: Severity, policy: Policy, impact: Impact | None = None) -> Risk:
    """An action's own risk, one step higher where the incident is critical or something critical hangs on it."""
    critical = severity is Severity.CRITICAL or (impact is not None and impact.worst is Criticality.CRITICAL)
    return _WORSE[risk] if policy.assess_risk and critical else risk


def assessed(policy: Policy, incident: Incident, spec: ActionSpec, parameters: Mapping[str, str]) -> Risk:
    """How risky this action is on what these parameters name."""
    touched = names_of(incident.signal, incident.identifiers, parameters)
    own = policy.risk(spec.name, spec.risk, policy.environment_of(touched))
    return risk_of(own, incident.severity, policy, policy.services.impact(touched))


def worst(risks: Iterable[Risk]) -> Risk:
    """A plan is as risky as the riskiest of its steps."""
    return max(risks, key=tuple(Risk).index)


def proposed(desk: Desk, incident: Incident, option: Option, evidence: Evidence | None) -> Action:
    """The action for people to decide on. One that lacks a name is bound to nothing: nobody knows what to look at."""
    first = _planned(desk, incident, option.step)
    then = tuple(_planned(desk, incident, step) for step in option.then)
    seen = evidence.state if evidence and not first.lacking else {}
    onward = bool(option.learned)
    then = tuple(replace(step, onward=onward) for step in then)
    return replace(first, seen=seen, then=then, risk=worst(one.risk for one in (first, *then)), onward=onward)


def _step(desk: Desk, names: Mapping[str, str], proposal: Proposal) -> Step | None:
    """None where no such action is to be had."""
    target = desk.targets.get(proposal.target)
    spec = target and target.catalogue().get(proposal.name)
    if not target or not spec:
        return None
    known = _known(spec, proposal, names)
    lacking = tuple(one.name for one in spec.parameters if one.required and one.name not in known)
    return Step(target, spec, known, lacking)


def _known(spec: ActionSpec, proposal: Proposal, names: Mapping[str, str]) -> dict[str, str]:
    """The action's parameters filled from the names; a required one that they do not say is left out."""
    known: dict[str, str] = {}
    for parameter in spec.parameters:
        template = proposal.parameters.get(parameter.name, "")
        value = ("" if missing(template, names) else fill(template, names)) or parameter.default
        if value or not parameter.required:
            known[parameter.name] = value
    return known


def _spent(incident: Incident, name: str) -> bool:
    return any(tried.action.name == name and tried.status in SPENT for tried in incident.tried)


def _planned(desk: Desk, incident: Incident, step: Step) -> Action:
    spec, said = step.spec, {**step.parameters, **dict.fromkeys(step.lacking, WHICH)}
    return Action(
        id=desk.new_id(),
        target=step.target.name,
        name=spec.name,
        parameters=step.parameters,
        risk=assessed(desk.policy, incident, spec, step.parameters),
        effect=fill(spec.effect, said),
        undo=fill(spec.undo, said),
        request=spec.request(step.parameters),
        dry_run=step.target.dry_run,
        lacking=step.lacking,
    )
