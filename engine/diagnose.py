"""Looks at what broke, says why, how sure we are, and proposes the one action that would mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from engine.desk import Desk, Policy
from engine.detect import fill
from engine.errors import Unreachable
from engine.events import AGENT, Diagnosed, Looked, Resolved
from engine.identify import LIMIT
from engine.knowledge import Pattern
from engine.knowledge_base import KnowledgeEntry
from engine.learn import Elsewhere
from engine.learn.plans import taught
from engine.model import Action, Criticality, Diagnosis, Evidence, Impact, Incident, Risk, in_words, place, titled
from engine.options import Option, best, options, proposed
from engine.ports import Target
from engine.redact import clean, shorten
from engine.relief import RECOVERED
from engine.services import names_of, told

SETTLES_WITHIN = timedelta(seconds=15)
"""After the last line of a failure, a target that shows neither good nor bad is looked at again for so long."""

SETTLING = 1.0
"""Seconds between two of these looks."""

MOST_SHOWN = 500
"""Characters of what a target says about a cause."""


@dataclass(frozen=True, slots=True)
class View:
    """What is known by now: which failure it is, its names, the best option, and what a look at that has shown.

    ``told`` is the look at a target that knew better than the log.
    """

    pattern: Pattern | None
    names: Mapping[str, str]
    option: Option | None = None
    evidence: Evidence | None = None
    told: Evidence | None = None

    @property
    def recovered(self) -> bool:
        """Only the very thing that would be acted on can show it: what else is well may have nothing to do with it."""
        return bool(self.option and not self.option.step.lacking and self.evidence and self.evidence.healthy)


async def investigate(desk: Desk, incident: Incident) -> Incident:
    """Look at the target and record what we make of it. What has recovered meanwhile is resolved, with no credit."""
    pattern = desk.detector.patterns.get(incident.signal.pattern)
    view = View(pattern, incident.identifiers)
    view = await _viewed(desk, incident, view, await _best(desk, incident, view))
    if not view.recovered and (better := await _told(desk, incident, view)):
        view = await _corrected(desk, incident, view, better)
    if view.recovered:
        return await desk.record_fact(incident.id, Resolved(desk.clock.now(), AGENT, RECOVERED))
    action = proposed(desk, incident, view.option, view.evidence) if view.option else None
    diagnosis = explain(incident, view, desk.policy, action)
    if view.option and view.option.learned and desk.library:
        await desk.library.used(view.option.learned, desk.clock.now())
    return await desk.record_fact(incident.id, Diagnosed(desk.clock.now(), diagnosis))


async def _viewed(desk: Desk, incident: Incident, view: View, option: Option | None) -> View:
    """With this option, and a look at what it is for."""
    if option is None:
        return replace(view, option=None, evidence=None)
    if view.evidence and option.does_as(view.option):
        return replace(view, option=option)
    evidence = await _settled(desk, option, incident, view.names)
    await desk.record_fact(incident.id, Looked(desk.clock.now(), evidence))
    return replace(view, option=option, evidence=evidence)


async def _best(desk: Desk, incident: Incident, view: View) -> Option | None:
    if view.pattern is None:
        return None
    lessons = await desk.incidents.lessons(view.pattern.id, incident.environment)
    elsewhere = await _elsewhere(desk, incident, view.pattern)
    pattern = taught(view.pattern, await _learned(desk, incident, view.pattern))
    return best(options(desk, incident, pattern, view.names, lessons, elsewhere))


async def _learned(desk: Desk, incident: Incident, pattern: Pattern) -> Sequence[KnowledgeEntry]:
    """Rows of actions that people have accepted for this failure here."""
    return await desk.library.learned(pattern.id, incident.environment) if desk.library else ()


async def _elsewhere(desk: Desk, incident: Incident, pattern: Pattern) -> Elsewhere:
    names = [proposal.name for proposal in pattern.proposals]
    lessons = await desk.incidents.lessons_of(names) if names else ()
    return Elsewhere(pattern.id, incident.environment, lessons)


async def _told(desk: Desk, incident: Incident, view: View) -> Evidence | None:
    """What a target knows better than the log: the one that was looked at, or another that the names lead to."""
    if view.evidence and _knows_more(view.evidence):
        return view.evidence
    seen = view.option.step.target.name if view.option else ""
    for target in desk.targets.values():
        named = target.named_by and all(incident.identifiers.get(name) for name in target.named_by)
        if not named or target.dry_run or target.name == seen:
            continue
        evidence = await _look(target, incident.identifiers)
        if _knows_more(evidence):
            await desk.record_fact(incident.id, Looked(desk.clock.now(), evidence))
            return evidence
    return None


def _knows_more(evidence: Evidence) -> bool:
    return bool(evidence.cause or evidence.names)


async def _corrected(desk: Desk, incident: Incident, view: View, better: Evidence) -> View:
    """The view again with what the target has told: its names win, since a log may name what only suffers from it."""
    pattern = desk.detector.patterns.get(better.cause, view.pattern)
    names = {**view.names, **vouched(better.names)}
    corrected = replace(view, pattern=pattern, names=names, told=better)
    option = await _best(desk, incident, corrected)
    if option and not option.complete and view.option and view.option.complete:
        option = view.option  # what lacks nothing comes first here, too
    return await _viewed(desk, incident, corrected, option)


def vouched(names: Mapping[str, str]) -> dict[str, str]:
    """The names that a target gave and that can be names: what answers there may be as hostile as a log line."""
    return {name: value for name, value in names.items() if 0 < len(value) <= LIMIT and value.isprintable()}


def explain(incident: Incident, view: View, policy: Policy, action: Action | None) -> Diagnosis:
    """The diagnosis in words. Pure: the same incident and record always give the same sentences."""
    pattern, option = view.pattern, view.option
    impact = policy.services.impact(names_of(incident.signal, view.names))
    if pattern is None:
        return Diagnosis(
            summary=incident.signal.title,
            category="unknown",
            root_cause="This failure is not in the knowledge base.",
            confidence=0.0,
            because=tuple(told(impact)) if impact else (),
            hand_over="I have not met this failure before, so a person decides.",
            impact=impact,
        )
    confidence = option.record.confidence if option else 0.0
    return Diagnosis(
        summary=incident.signal.title,
        category=pattern.category,
        root_cause=_root_cause(incident, view, pattern),
        confidence=confidence,
        because=(*_because(incident, view, policy), *_hanging(incident, policy, impact, action)),
        proposal=action,
        steps=tuple(fill(step, view.names) for step in pattern.steps),
        hand_over=_hand_over(incident, policy, action, option),
        predicted_seconds=round(option.record.seconds) if option and option.record.seconds is not None else None,
        impact=impact,
        pattern=pattern.id,
    )


def _root_cause(incident: Incident, view: View, pattern: Pattern) -> str:
    """Where a target shows another failure behind the one in the log, both are said, and by whom."""
    cause = fill(pattern.root_cause, view.names)
    if view.told is None or pattern.id == incident.signal.pattern:
        return cause
    shows = shorten(clean(view.told.shows or view.told.summary), MOST_SHOWN).rstrip(".")
    return f"The log says: {incident.signal.title}. {titled(view.told.target)} says that {shows}. {cause}"


async def _settled(desk: Desk, option: Option, incident: Incident, names: Mapping[str, str]) -> Evidence:
    """A log speaks before its target: a task that has just failed is shown as running for a moment longer."""
    step, until = option.step, incident.last_seen_at + SETTLES_WITHIN
    while True:
        evidence = await _look(step.target, {**names, **step.parameters} if step.lacking else step.parameters)
        if evidence.healthy is not None or not evidence.state or desk.clock.now() >= until:
            return evidence
        await desk.clock.sleep(SETTLING)


async def _look(target: Target, names: Mapping[str, str]) -> Evidence:
    try:
        return await target.look(names)
    except Unreachable as error:
        return Evidence(target.name, str(error))


def _because(incident: Incident, view: View, policy: Policy) -> tuple[str, ...]:
    signal, option = incident.signal, view.option
    where = place(signal.source) + (f", byte {signal.position}" if signal.position >= 0 else "")
    because = [f"The line stands in {where}.", f"It matches the rule “{signal.rule}” of {signal.pattern}."]
    because += dict.fromkeys(seen.summary for seen in (view.told, view.evidence) if seen)
    if option:
        because += (option.sentence, *option.factors(policy))
    return tuple(because)


def _hanging(incident: Incident, policy: Policy, impact: Impact | None, action: Action | None) -> Iterator[str]:
    """What hangs on the broken thing, and what that means for the action."""
    if impact:
        yield from told(impact)
    if action is None or not policy.assess_risk:
        return
    touched = policy.services.impact(names_of(incident.signal, incident.identifiers, action.parameters))
    if touched and touched.worst is Criticality.CRITICAL:
        yield f"Something critical hangs on {touched.service}: {action.name} counts as one step riskier than elsewhere."


def _hand_over(incident: Incident, policy: Policy, action: Action | None, option: Option | None) -> str:
    """Why a person must look at this, or nothing. The reasons are those of the user's own escalation rules."""
    if incident.ran >= policy.max_actions:
        return f"{incident.ran} actions were run and none mended it for good: a person decides."
    if action is None or option is None:
        return "No action of mine mends this by itself: a person decides."
    return _doubt(policy, action, option)


def _doubt(policy: Policy, action: Action, option: Option) -> str:
    if action.unnamed:
        return f"I would {action.plan}, but the log does not say which {in_words(action.unnamed)}: fill it in."
    if option.barred:
        return f"{action.plan} is not allowed as it stands: {option.barred}."
    if policy.assess_risk and action.risk is Risk.HIGH:
        return "The action is of high risk here: look twice before you approve."
    if option.record.confidence < option.threshold:
        return f"Low confidence: {option.record.confidence:.2f} is under the threshold of {option.threshold:.2f}."
    return ""
