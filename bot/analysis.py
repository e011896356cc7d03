"""One text explained without looking at a target: what ``oncall analyze`` prints.

What is proposed, how sure that is and why, is what the program itself would say before it has looked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from adapters.targets.dry_run import DryRun
from bot.clock import SystemClock
from bot.outcomes import Outcomes
from engine.desk import Desk, Policy
from engine.detect import READABLE, Detector, Found, fill, missing, redacted
from engine.diagnose import View, explain
from engine.events import Opened, begin
from engine.knowledge import Pattern, Proposal
from engine.learn import Elsewhere, record
from engine.model import Action, ActionSpec, Diagnosis, Impact, Incident, IncidentId, Lesson, Risk, Signal
from engine.options import Option, best, options, proposed, risk_of
from engine.redact import LIMIT, redact, shorten
from storage.memory import MemoryIncidents

Catalogues = Mapping[str, Mapping[str, ActionSpec]]

UNNAMED = "the text given"
"""Where a line stands that came from no file."""

NOTHING_LEARNED = Outcomes()


@dataclass(frozen=True, slots=True)
class Ranked:
    """A proposal of the knowledge file, how sure it is here, and all that it would need, if it can be had at all."""

    proposal: Proposal
    confidence: float
    option: Option | None


def analyze(
    detector: Detector,
    catalogues: Catalogues,
    policy: Policy,
    text: str,
    source: str = "",
    outcomes: Outcomes = NOTHING_LEARNED,
) -> dict[str, Any]:
    """What the text reports, in the field names of the user's document. A calm text is no incident."""
    found = detector.find_in(text)
    whole = redact(text, READABLE)
    if found is None:
        return _calm(detector.names(whole, source))
    names = detector.names_around(found, text, whole, source)
    incident = _incident(found, names, shorten(whole, LIMIT), source or UNNAMED, policy)
    desk = _desk(detector, catalogues, policy)
    ranked = _ranked(desk, incident, found.pattern, outcomes)
    first = best(one.option for one in ranked if one.option)
    action = proposed(desk, incident, first, None) if first else None
    diagnosis = explain(incident, View(found.pattern, names, first), policy, action)
    entry = redacted(found.text, whole)
    return {
        **_failure(incident, found, diagnosis),
        "recommended_actions": [_action(one, names, chosen=one.option is first) for one in ranked],
        "steps": list(diagnosis.steps),
        "confidence_score": ranked[0].confidence if ranked else found.pattern.prior,
        "because": list(diagnosis.because),
        "hand_over": diagnosis.hand_over,
        "predicted_resolution_time": diagnosis.predicted_seconds,
        "risk_level": str(_risk(action, incident, policy)),
        "automation_recommended": action is not None and not diagnosis.hand_over,
        **_impact(policy, diagnosis.impact),
        "evidence": [_evidence(found, text, entry, source)],
        "excerpt": shorten(entry, LIMIT),
    }


def _incident(found: Found, names: Mapping[str, str], text: str, source: str, policy: Policy) -> Incident:
    """The incident that this would be."""
    pattern, now = found.pattern, SystemClock().now()
    signal = Signal(
        at=now,
        pattern=pattern.id,
        title=fill(pattern.title, names),
        service=found.service,
        severity=pattern.severity,
        text=text,
        identifiers=names,
        source=source,
        rule=found.rule,
    )
    return begin(IncidentId(""), 0, Opened(now, signal, "", policy.opened_in(signal)))


def _desk(detector: Detector, catalogues: Catalogues, policy: Policy) -> Desk:
    targets = {name: DryRun(name, catalogue) for name, catalogue in catalogues.items()}
    return Desk(MemoryIncidents(), detector, targets, SystemClock(), str, policy)


def _ranked(desk: Desk, incident: Incident, pattern: Pattern, outcomes: Outcomes) -> list[Ranked]:
    """As the knowledge file has them, until outcomes of this failure here say which one is likelier to work."""
    lessons = outcomes.here(pattern.id, incident.environment)
    wider = outcomes.elsewhere(pattern.id, incident.environment, (one.name for one in pattern.proposals))
    had = {one.step.spec.name: one for one in options(desk, incident, pattern, incident.identifiers, lessons, wider)}
    ranked = [
        Ranked(one, _confidence(one, had.get(one.name), lessons, wider), had.get(one.name)) for one in pattern.proposals
    ]
    return sorted(ranked, key=lambda one: -one.confidence) if lessons else ranked


def _confidence(proposal: Proposal, option: Option | None, lessons: Sequence[Lesson], wider: Elsewhere) -> float:
    """Of what no target carries out yet, too: a person may."""
    known = option.record if option else record(lessons, proposal.name, proposal.prior, wider)
    return known.confidence


def _failure(incident: Incident, found: Found, diagnosis: Diagnosis) -> dict[str, Any]:
    names = incident.identifiers
    return {
        "incident": True,
        "timestamp": incident.opened_at.isoformat(),
        "title": incident.signal.title,
        "pattern": found.pattern.id,
        "rule": found.rule,
        "service": found.service,
        "severity": str(incident.severity),
        "environment": incident.environment,
        "root_cause_category": diagnosis.category,
        "root_cause": diagnosis.root_cause,
        "affected_components": [found.service, *(f"{key} {names[key]}" for key in found.pattern.key if key in names)],
        "identifiers": dict(names),
    }


def _calm(names: dict[str, str]) -> dict[str, Any]:
    return {
        "incident": False,
        "timestamp": SystemClock().now().isoformat(),
        "service": "none",
        "severity": "info",
        "root_cause_category": "none",
        "affected_components": [],
        "identifiers": names,
        "recommended_actions": [],
        "confidence_score": 0.0,
        "because": [],
        "predicted_resolution_time": None,
        "risk_level": "low",
        "automation_recommended": False,
        "evidence": [],
    }


def _action(one: Ranked, names: Mapping[str, str], *, chosen: bool) -> dict[str, Any]:
    """An action is executable once a target carries it out and each parameter it needs stands in the text.

    The ``chosen`` one stands on the incident's card: the likeliest of those that lack least.
    """
    step, templates = one.option.step if one.option else None, one.proposal.parameters
    told = {name: fill(value, names) for name, value in templates.items() if not missing(value, names)}
    return {
        "action": one.proposal.name,
        "target": one.proposal.target,
        **{name: value for name, value in (step.parameters if step else told).items() if value},
        "executable": one.option is not None and one.option.complete,
        "missing": list(one.option.lacking) if one.option else [],
        "proposed": chosen and one.option is not None,
    }


def _risk(action: Action | None, incident: Incident, policy: Policy) -> Risk:
    """Of the first action; where none can be had, that of not knowing."""
    return action.risk if action else risk_of(Risk.MEDIUM, incident.severity, policy)


def _impact(policy: Policy, impact: Impact | None) -> dict[str, Any]:
    """Only where there is a catalogue; None where it knows of no service that this belongs to."""
    return {"impact": asdict(impact) if impact else None} if policy.services.all else {}


def _evidence(found: Found, text: str, entry: str, source: str) -> dict[str, Any]:
    """The lines that matched. ``line`` counts from 1 in the file or in standard input."""
    begin = text.rfind("\n", 0, found.begins) + 1
    end = text.find("\n", max(found.ends - 1, begin))
    matched = text[begin : end if end >= 0 else len(text)]
    if matched not in entry and (matched := redact(matched)) not in entry:
        matched = entry  # a secret over several lines is only known by the whole
    return {"file": source or None, "line": text.count("\n", 0, begin) + 1, "text": shorten(matched, LIMIT)}
