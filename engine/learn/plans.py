"""Rows of actions that were learned here, as entries that a person accepts, and as plans once one has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from engine.knowledge import Pattern, Proposal
from engine.knowledge_base import LEARNED, SHIPPED, KnowledgeEntry, unfilled
from engine.learn.ladder import worked
from engine.learn.sequences import ActionSequence, ended, proposed
from engine.model import Judgement, Lesson

ACCEPTED = 0.75
"""The chance of a row before its first outcome: a person, who has accepted it, is believed as a knowledge file is."""


def found(pattern: Pattern, lessons: Sequence[Lesson]) -> list[ActionSequence]:
    """Rows that mended this failure several times and that its knowledge file does not begin with.

    ``lessons``: of this failure in one environment, newest first.
    """
    first = [pattern.proposals[0], *pattern.proposals[0].then] if pattern.proposals else []
    return [one for one in proposed(lessons, [step.name for step in first]) if _steps(pattern, one.actions)]


def entry_of(row: ActionSequence, pattern: Pattern, at: datetime) -> KnowledgeEntry:
    """The row as it is proposed to people. The same row always has the same id."""
    whole = "\n".join((row.pattern, row.environment, *row.actions))
    return KnowledgeEntry(
        id=f"{LEARNED}/{hashlib.sha256(whole.encode()).hexdigest()[:8]}",
        title=f"{unfilled(pattern.title)}: {', then '.join(row.actions)}",
        description=f"{row.sentence} in {row.environment}, in {row.seconds / 60:.0f} min on average.",
        category=pattern.category,
        tags=(LEARNED, row.pattern, row.environment),
        automated_actions=row.actions,
        success_rate=(1.0 + row.worked) / (2.0 + row.tried),
        related_services=(pattern.service,),
        created_at=at,
        updated_at=at,
        created_by=SHIPPED,
        proposed=True,
    )


def taught(pattern: Pattern, entries: Sequence[KnowledgeEntry]) -> Pattern:
    """The failure with these accepted rows after its own proposals. What it has no action for any more is left out."""
    plans = (_plan(pattern, entry) for entry in entries)
    return replace(pattern, proposals=(*pattern.proposals, *(plan for plan in plans if plan)))


def outcomes(lessons: Sequence[Lesson], actions: Sequence[str]) -> list[Lesson]:
    """What became of this row, newest first: one outcome for each time that it was tried.

    A row that stopped before its end has failed, unless an earlier action of it was enough.
    """
    rows = (_outcome(known, tuple(actions)) for known in ended(lessons))
    return sorted((one for one in rows if one), key=lambda one: one.at, reverse=True)


def _outcome(known: Sequence[Lesson], actions: tuple[str, ...]) -> Lesson | None:
    """``known``: what was done about one incident, oldest first."""
    done = [one for one, name in zip(known, actions, strict=False) if one.action == name]
    begun = len(done) == min(len(known), len(actions))
    if not begun:
        return None
    enough = len(done) == len(actions) or worked(done[-1])
    judgement = done[-1].judgement if enough else Judgement.FAILED
    return replace(done[-1], action=actions[0], judgement=judgement)


def _plan(pattern: Pattern, entry: KnowledgeEntry) -> Proposal | None:
    steps = _steps(pattern, entry.automated_actions)
    if not steps:
        return None
    return replace(steps[0], prior=ACCEPTED, then=steps[1:], learned=entry.id)


def _steps(pattern: Pattern, actions: Sequence[str]) -> tuple[Proposal, ...]:
    """Each action as the knowledge file proposes it somewhere; nothing if it does not know one of them."""
    known = {one.name: replace(one, then=()) for one in reversed([*_all(pattern.proposals)])}
    return tuple(known[name] for name in actions) if set(actions) <= set(known) else ()


def _all(proposals: Sequence[Proposal]) -> Iterator[Proposal]:
    for one in proposals:
        yield one
        yield from _all(one.then)
