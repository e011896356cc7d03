"""What an outcome teaches: how likely an action is to mend this failure here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.events import Event, Verified
from engine.model import Incident, Judgement, Lesson

PRIOR_WEIGHT = 4.0
"""How many outcomes the knowledge file's prior is worth: a few real ones soon outweigh it."""

FADING = 0.97
"""Each newer outcome makes an older one count this much less, so a change of the system is noticed."""


TELLING = (Judgement.WORKED, Judgement.FAILED)
"""Only these say something about the action: what nobody knows, or mended itself, does not."""


@dataclass(frozen=True, slots=True)
class Record:
    """How an action has done here. ``seconds`` is the mean time from approval to verified, None if it never worked."""

    worked: int
    tried: int
    confidence: float
    seconds: float | None

    def __str__(self) -> str:
        if not self.tried:
            return "not tried here yet"
        return f"worked {self.worked} of {self.tried} {'time' if self.tried == 1 else 'times'} here"


def lesson(after: Incident, event: Event) -> Lesson | None:
    """What this event teaches, or None. Only a verified action earns credit; 'recovered by itself' never does."""
    if not isinstance(event, Verified) or after.action is None or after.action.dry_run:
        return None
    return Lesson(
        at=event.at,
        incident=after.id,
        pattern=after.signal.pattern,
        action=after.action.name,
        environment=after.environment,
        judgement=event.verdict.judgement,
        confidence=after.diagnosis.confidence if after.diagnosis else 0.0,
        seconds=(event.at - (after.approved_at or event.at)).total_seconds(),
    )


def record(lessons: Sequence[Lesson], action: str, prior: float) -> Record:
    """The record of one action, lessons newest first: a Beta mean, shrunk toward ``prior``, older outcomes fading."""
    known = [one for one in lessons if one.action == action and one.judgement in TELLING]
    weights = [FADING**age for age in range(len(known))]
    good = sum(weight for weight, one in zip(weights, known, strict=True) if one.judgement is Judgement.WORKED)
    times = [one.seconds for one in known if one.judgement is Judgement.WORKED]
    return Record(
        worked=len(times),
        tried=len(known),
        confidence=(good + PRIOR_WEIGHT * prior) / (sum(weights) + PRIOR_WEIGHT),
        seconds=sum(times) / len(times) if times else None,
    )
