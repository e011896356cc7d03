"""What an outcome teaches: how likely an action is to mend this failure here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.events import Event, Rejected, Reopened, Verified
from engine.learn.belief import Belief, Beta, Seen, believe
from engine.learn.ladder import prior as before
from engine.learn.ladder import weight, worked
from engine.model import Action, ActionStatus, Incident, IncidentId, Judgement, Lesson

TELLING = (Judgement.WORKED, Judgement.FAILED)
"""Only these say something about the action: what nobody knows, or mended itself, does not."""

MOST = 64
"""The newest outcomes of a failure that are weighed: older ones no longer change a number."""


@dataclass(frozen=True, slots=True)
class Record:
    """How an action has done here. ``seconds`` is the mean time from approval to verified, None if it never worked.

    ``given`` is the knowledge file's chance, ``before`` the one before the first outcome here. ``lately``: whether it
    worked, newest first; ``elsewhere``: how often it worked there, of how often. Some were ``rejected``, and of some
    nobody knows whether it was the action that mended it: they are ``uncredited``.
    """

    worked: int
    tried: int
    belief: Belief
    seconds: float | None
    given: float
    before: float
    lately: tuple[bool, ...] = ()
    elsewhere: tuple[int, int] = (0, 0)
    rejected: int = 0
    uncredited: int = 0

    @property
    def confidence(self) -> float:
        """The probability that the action, proposed first, mends the incident."""
        return self.belief.mean

    def __str__(self) -> str:
        if not self.tried:
            return "not tried here yet"
        return f"worked {self.worked} of {self.tried} {'time' if self.tried == 1 else 'times'} here"


def lesson(after: Incident, event: Event) -> Lesson | None:
    """What this event teaches, or None. Only a verified action earns credit; 'recovered by itself' never does."""
    if not isinstance(event, Verified | Rejected):
        return None
    acted = _action(after, event.action)
    if acted is None or acted.dry_run:
        return None
    return Lesson(
        at=event.at,
        incident=after.id,
        pattern=after.failure,
        action=acted.name,
        environment=after.environment,
        judgement=event.verdict.judgement if isinstance(event, Verified) else Judgement.UNKNOWN,
        confidence=after.diagnosis.confidence if after.diagnosis else 0.0,
        seconds=(event.at - (after.approved_at or event.at)).total_seconds() if isinstance(event, Verified) else 0.0,
        rejected=isinstance(event, Rejected),
    )


def _action(after: Incident, id: str) -> Action | None:
    """The action of an event: it may be over by now, and the next step of its plan in its place."""
    known = [after.action, *(one.action for one in reversed(after.tried))]
    return next((one for one in known if one and one.id == id), after.action)


def relapse(after: Incident, event: Event) -> str | None:
    """The action that seemed to have worked, where this event says that the failure came back within the watch."""
    if not isinstance(event, Reopened) or not after.tried:
        return None
    last = after.tried[-1]
    cured = last.status is ActionStatus.COMPLETED and after.resolution_method == last.action.name
    return last.action.name if cured and not last.action.dry_run else None


def relapsed(lessons: Sequence[Lesson], incident: IncidentId, action: str) -> list[Lesson]:
    """The lessons, oldest first, once it is known that what this action seemed to have mended came back."""
    same = [n for n, one in enumerate(lessons) if (one.incident, one.action) == (incident, action) and worked(one)]
    return [replace(one, recurred=True) if same and n == same[-1] else one for n, one in enumerate(lessons)]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What became of actions anywhere, newest first, as seen from this failure in this environment."""

    pattern: str
    environment: str
    lessons: Sequence[Lesson]


def record(lessons: Sequence[Lesson], action: str, prior: float, elsewhere: Elsewhere | None = None) -> Record:
    """The record of one action. ``lessons``: of this failure in this environment, newest first.

    ``prior`` is the knowledge file's chance. What other actions were tried for this failure lets time pass: an action
    that has not been tried for long is slowly believed what it was believed at first.
    """
    own = [one for one in lessons if one.action == action]
    known = [one for one in own if one.judgement in TELLING and not one.rejected]
    rejected = sum(one.rejected for one in own)
    times = [one.seconds for one in known if worked(one)]
    first = _before(action, prior, elsewhere)
    return Record(
        worked=len(times),
        tried=len(known),
        belief=believe(first, _seen(lessons[:MOST], action)),
        seconds=sum(times) / len(times) if times else None,
        given=prior,
        before=first.mean,
        lately=tuple(map(worked, known)),
        elsewhere=_elsewhere(action, elsewhere),
        rejected=rejected,
        uncredited=len(own) - len(known) - rejected,
    )


def _elsewhere(action: str, elsewhere: Elsewhere | None) -> tuple[int, int]:
    """How often the action worked for other failures and in other environments, of how often."""
    if elsewhere is None:
        return 0, 0
    here = (elsewhere.pattern, elsewhere.environment)
    there = (one for one in elsewhere.lessons if one.action == action and (one.pattern, one.environment) != here)
    told = [worked(one) for one in there if one.judgement in TELLING and not one.rejected]
    return sum(told), len(told)


def _before(action: str, prior: float, elsewhere: Elsewhere | None) -> Beta:
    if elsewhere is None:
        return before("", "", prior, ())
    wider = [one for one in elsewhere.lessons if one.action == action]
    return before(elsewhere.pattern, elsewhere.environment, prior, wider)


def _seen(lessons: Sequence[Lesson], action: str) -> Iterator[Seen]:
    for one in reversed(lessons):
        counts = weight(one)
        if counts:
            yield Seen(float(worked(one)), counts if one.action == action else 0.0)
