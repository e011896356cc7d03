"""What a confidence is made of, in sentences that a person can check against what they remember."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.learn import Record

MOST = 8
"""Outcomes that are told one by one, newest first."""


def factors(record: Record, threshold: float, start: float, *, accepted: bool) -> Iterator[str]:
    """Each thing that moved the confidence, in its order, and under which confidence a person is warned.

    ``start`` is the threshold of the settings; ``accepted``: a row of actions that a person has accepted, not one that
    ships.
    """
    source = "because a person has accepted it" if accepted else "says the knowledge file"
    yield f"Before any outcome: {record.given:.0%}, {source}."
    if record.elsewhere[1]:
        good, tried = record.elsewhere
        yield f"Elsewhere (other failures, other environments) it worked {good} of {tried}: {record.before:.0%}."
    if record.lately or record.rejected:
        here = f"{_lately(record.lately)}{_rejected(record)}"
        yield f"Here, newest first: {here}. The newest count most: {record.confidence:.0%}."
    if record.uncredited:
        yield f"{record.uncredited} more count for nothing: it recovered by itself, or nobody knows what became of it."
    yield _threshold(threshold, start)


def _lately(outcomes: Sequence[bool]) -> str:
    told = ["worked" if good else "failed" for good in outcomes[:MOST]]
    return ", ".join([*told, *(["…"] if len(outcomes) > MOST else [])])


def _rejected(record: Record) -> str:
    if not record.rejected:
        return ""
    between = "; " if record.lately else ""
    return f"{between}rejected {record.rejected} {'time' if record.rejected == 1 else 'times'}, each half a failure"


def _threshold(threshold: float, start: float) -> str:
    """A threshold that outcomes have moved says where it came from."""
    if round(threshold, 2) == round(start, 2):
        return f"Under {threshold:.0%} I would warn you: so say the settings."
    return f"Under {threshold:.0%} I would warn you: {start:.0%} in the settings, moved by the outcomes here."
