"""What the agent got right, by the record: each incident's first proposal beside what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from adapters.chat import plain
from bot.replay import Post, Replay
from bot.replay.record import Record, by_hand
from bot.training import Experience
from engine.model import Incident


class Mark(StrEnum):
    """RIGHT: what was recorded as a help, or nothing where a person was. MISSED: nothing, where an action helped."""

    RIGHT = "right"
    WRONG = "wrong"
    MISSED = "missed"
    NOT_TOLD = "not told"


@dataclass(frozen=True, slots=True)
class Judged:
    """An incident, the agent's first word on it, and its mark. ``confidence`` is from 0 to 1."""

    incident: Incident
    proposal: str
    confidence: float
    hand_over: str
    recorded: Sequence[str]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Report:
    replay: Replay
    judged: Sequence[Judged]
    unseen: Sequence[Experience]

    def count(self, mark: Mark) -> int:
        return sum(one.mark is mark for one in self.judged)

    @property
    def known(self) -> int:
        """Incidents of which the record tells."""
        return len(self.judged) - self.count(Mark.NOT_TOLD)

    @property
    def brier(self) -> float | None:
        """Mean squared distance between confidence and truth, over what was proposed; 0 is best (Brier 1950)."""
        told = [one for one in self.judged if one.proposal and one.mark in (Mark.RIGHT, Mark.WRONG)]
        if not told:
            return None
        return sum((one.confidence - (one.mark is Mark.RIGHT)) ** 2 for one in told) / len(told)


def judge(replay: Replay, record: Record) -> Report:
    judged = [_judged(replay, record, incident) for incident in replay.incidents]
    return Report(replay, judged, record.unused)


def _judged(replay: Replay, record: Record, incident: Incident) -> Judged:
    first = replay.first.get(incident.id)
    diagnosis = first.diagnosis if first else None
    proposal = diagnosis.proposal.name if diagnosis and diagnosis.proposal else ""
    told = record.of(incident)
    return Judged(
        incident=incident,
        proposal=proposal,
        confidence=diagnosis.confidence if diagnosis else 0.0,
        hand_over=diagnosis.hand_over if diagnosis else "",
        recorded=tuple(dict.fromkeys(action for one in told for action in one.actions)),
        mark=_mark(proposal, told),
    )


def _mark(proposal: str, told: Sequence[Experience]) -> Mark:
    helped = [one for one in told if one.success]
    failed = [one for one in told if one.success is False and proposal in one.actions]
    if any(proposal in one.actions for one in helped):
        return Mark.RIGHT
    if proposal:
        return Mark.WRONG if helped or failed else Mark.NOT_TOLD
    if not helped:
        return Mark.NOT_TOLD
    return Mark.RIGHT if all(map(by_hand, helped)) else Mark.MISSED


def as_json(report: Report) -> Mapping[str, Any]:
    replay = report.replay
    numbers = {incident.id: incident.number for incident in replay.incidents}
    return {
        "lines": replay.lines,
        "bytes": replay.size,
        "incidents": len(replay.incidents),
        "posted": len(replay.posts),
        "asked": replay.asked,
        "woken": sum(bool(post.wakes) for post in replay.posts),
        **{str(mark).replace(" ", "_"): report.count(mark) for mark in Mark},
        "brier": report.brier,
        "each": [_row(one) for one in report.judged],
        "unseen": [one.model_dump(mode="json", exclude_defaults=True) for one in report.unseen],
        "posts": [_post(post, numbers[post.incident]) for post in replay.posts],
        "troubles": list(replay.troubles),
    }


def _post(post: Post, number: int) -> dict[str, Any]:
    return {
        "at": post.at.isoformat(),
        "incident": number,
        "wakes": post.wakes,
        "text": plain.render(post.card),
    }


def _row(one: Judged) -> dict[str, Any]:
    incident = one.incident
    return {
        "number": incident.number,
        "at": incident.signal.at.isoformat(),
        "title": incident.signal.title,
        "pattern": incident.signal.pattern,
        "service": incident.signal.service,
        "severity": str(incident.severity),
        "identifiers": dict(incident.identifiers),
        "seen": incident.count,
        "proposal": one.proposal,
        "confidence_score": one.confidence,
        "hand_over": one.hand_over,
        "recorded": list(one.recorded),
        "mark": str(one.mark),
        "status": str(incident.status),
        "resolution_method": incident.resolution_method,
    }
