"""One text explained, without a database or a target: what ``oncall analyze`` prints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from engine.desk import Policy
from engine.detect import READABLE, Detector, Found, fill, missing, redacted
from engine.diagnose import risk_of
from engine.knowledge import Pattern, Proposal
from engine.model import ActionSpec, Risk
from engine.redact import LIMIT, redact, shorten

Catalogues = Mapping[str, Mapping[str, ActionSpec]]


def analyze(detector: Detector, catalogues: Catalogues, policy: Policy, text: str, source: str = "") -> dict[str, Any]:
    """What the text reports, in the field names of the user's document. A calm text is no incident."""
    found = detector.find_in(text)
    whole = redact(text, READABLE)
    if found is None:
        return _calm(detector.names(whole, source))
    pattern, names = found.pattern, detector.names_around(found, text, whole, source)
    actions = [_action(catalogues, proposal, names) for proposal in pattern.proposals]
    confidence = pattern.proposals[0].prior if pattern.proposals else pattern.prior
    risk = _risk(catalogues, pattern, policy)
    return {
        "incident": True,
        "timestamp": datetime.now(UTC).isoformat(),
        "title": fill(pattern.title, names),
        "pattern": pattern.id,
        "rule": found.rule,
        "service": found.service,
        "severity": str(pattern.severity),
        "root_cause_category": pattern.category,
        "root_cause": fill(pattern.root_cause, names),
        "affected_components": _components(found, names),
        "identifiers": names,
        "recommended_actions": actions,
        "steps": [fill(step, names) for step in pattern.steps],
        "confidence_score": confidence,
        "risk_level": str(risk),
        "automation_recommended": bool(actions) and confidence >= policy.confidence_threshold and risk is not Risk.HIGH,
        "evidence": shorten(redacted(found, whole), LIMIT),
    }


def _calm(names: dict[str, str]) -> dict[str, Any]:
    return {
        "incident": False,
        "timestamp": datetime.now(UTC).isoformat(),
        "service": "none",
        "severity": "info",
        "root_cause_category": "none",
        "affected_components": [],
        "identifiers": names,
        "recommended_actions": [],
        "confidence_score": 0.0,
        "risk_level": "low",
        "automation_recommended": False,
    }


def _action(catalogues: Catalogues, proposal: Proposal, names: Mapping[str, str]) -> dict[str, Any]:
    """An action is executable once a target carries it out and each parameter it needs stands in the text."""
    spec = catalogues.get(proposal.target, {}).get(proposal.name)
    filled = {name: fill(value, names) for name, value in proposal.parameters.items() if not missing(value, names)}
    lacking = [p.name for p in spec.parameters if p.required and not (filled.get(p.name) or p.default)] if spec else []
    return {
        "action": proposal.name,
        "target": proposal.target,
        **filled,
        "executable": spec is not None and not lacking,
        "missing": lacking,
    }


def _risk(catalogues: Catalogues, pattern: Pattern, policy: Policy) -> Risk:
    specs = (catalogues.get(proposal.target, {}).get(proposal.name) for proposal in pattern.proposals)
    first = next((spec.risk for spec in specs if spec), Risk.MEDIUM)
    return risk_of(first, pattern.severity, policy)


def _components(found: Found, names: Mapping[str, str]) -> list[str]:
    """The service, and the broken things of it by name."""
    return [found.service, *(f"{key} {names[key]}" for key in found.pattern.key if key in names)]
