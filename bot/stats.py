"""How the agent has done, for people: a card, pictures, a table and the same as JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from statistics import median
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text as Words

from adapters.chat.card import Button, Card, Image, Part, Text
from bot.pictures import Bars, Chart, Line, png
from bot.words import counted, percent, span
from engine.desk import Desk
from engine.knowledge_base import KnowledgeEntry
from engine.learn.ladder import worked
from engine.learn.score import LATELY, Row, Scores, scores
from engine.model import Lesson

OUTCOMES = 2000
"""The newest outcomes that are looked at."""

MOST = 12
"""Rows on a card; the command line shows all."""

FIRST = 4
"""A share of fewer outcomes is no share yet."""

BARS = 7
"""Actions in the picture."""

NO_SHARES = (False, False)

NOTHING = "No action has been verified yet. Each one that is approved and checked will be counted here."


async def known(desk: Desk) -> Sequence[Lesson]:
    """What became of the last actions, newest first. Raises Unreachable."""
    return await desk.incidents.lessons_of((), OUTCOMES)


def card(lessons: Sequence[Lesson], waiting: Sequence[KnowledgeEntry] = ()) -> Card:
    """``waiting``: rows of actions that were found to work, for a person to accept."""
    told = scores(lessons)
    if not told.tried:
        return Card("Nothing learned yet", (Text(NOTHING),))
    parts: list[Part] = [Text(sentence(told))]
    parts += [Text(f"{row.action} · {row.pattern}: {_did(row)}") for row in told.rows[:MOST]]
    if len(told.rows) > MOST:
        parts.append(Text(f"The {MOST} most tried are shown, of {len(told.rows)}.", quiet=True))
    for one in waiting:
        parts += [Text(f"I may have learned something: {one.title}."), Button("Show", f"kb show {one.id}")]
    parts.append(Text(_credit(told), quiet=True))
    return Card(f"{told.worked} of {counted(told.tried, 'action')} worked", tuple(parts))


def sentence(told: Scores) -> str:
    """How far the confidence can be believed."""
    said = sum(one.said * one.count for one in told.bins) / told.tried
    was, error = percent(told.worked / told.tried), percent(told.error or 0.0)
    return f"I said {percent(said)} on average, and {was} worked. At each confidence I was {error} off, on average."


def picture(lessons: Sequence[Lesson]) -> bytes:
    """A PNG of four charts: success lately, calibration, by action, time to resolve."""
    told = scores(lessons)
    return png([_learning(told), _calibration(told), _by_action(told), _times(lessons)])


async def image(lessons: Sequence[Lesson]) -> tuple[Image, ...]:
    """The picture for a card, none before the first outcome; it is drawn beside other work."""
    told = scores(lessons)
    return (Image(await asyncio.to_thread(picture, lessons), alt(told)),) if told.tried else ()


def alt(told: Scores) -> str:
    """The pictures in words, for those who do not see them."""
    if not told.tried:
        return NOTHING
    was, said = told.curve[-1]
    best = ", ".join(f"{row.action} {row.worked} of {row.tried}" for row in told.rows[:3])
    return (
        f"Four charts. Learning: of the last {min(LATELY, len(told.curve))} actions {percent(was)} worked, and "
        f"{percent(said)} was said. Calibration: {percent(told.error or 0.0)} off. Most tried: {best}. Time to resolve."
    )


def table(lessons: Sequence[Lesson]) -> RenderableType:
    told = scores(lessons)
    if not told.tried:
        return Words(NOTHING)
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("Failure", "Action", "Worked", "Tried", "Share", "Median time"):
        shown.add_column(column, overflow="fold")
    for row in told.rows:
        time = "" if row.seconds is None else span(timedelta(seconds=row.seconds))
        share = percent(row.worked / row.tried)
        shown.add_row(row.pattern, row.action, str(row.worked), str(row.tried), share, time)
    return Group(shown, Words(), Words(sentence(told)), Words(_credit(told), style="dim"))


def as_json(lessons: Sequence[Lesson]) -> dict[str, Any]:
    told = scores(lessons)
    return {**asdict(told), "worked": told.worked, "tried": told.tried}


def _did(row: Row) -> str:
    time = "" if row.seconds is None else f", in {span(timedelta(seconds=row.seconds))}"
    return f"worked {row.worked} of {row.tried} {'time' if row.tried == 1 else 'times'}{time}"


def _credit(told: Scores) -> str:
    return (
        f"Without credit: {told.recovered} recovered by themselves, {told.recurred} came back within the watch, "
        f"{told.rejected} were rejected."
    )


def _learning(told: Scores) -> Chart:
    points = list(enumerate(told.curve, start=1))[min(FIRST, len(told.curve) - 1) :]
    was, said = [(number, one[0]) for number, one in points], [(number, one[1]) for number, one in points]
    lines = Line(f"worked, of the last {LATELY}", was), Line("confidence said", said, dashed=True)
    return Chart("Learning", "outcomes", "share", lines, x=(1.0, max(2.0, len(told.curve))), percent=(False, True))


def _calibration(told: Scores) -> Chart:
    ideal = Line("as it should be", ((0.0, 0.0), (1.0, 1.0)), dashed=True)
    found = Line("as it was", [(one.said, one.was) for one in told.bins], dots=True)
    return Chart("Calibration", "confidence said", "share that worked", (found, ideal))


def _by_action(told: Scores) -> Bars:
    rows = tuple(
        (f"{row.action} · {row.pattern}", row.worked / row.tried, f"{row.worked} of {row.tried}")
        for row in told.rows[:BARS]
    )
    return Bars("Most tried actions", "worked, of those tried", rows)


def _times(lessons: Sequence[Lesson]) -> Chart:
    """A moving median: one slow mend says little."""
    minutes = [one.seconds / 60 for one in reversed(lessons) if worked(one)]
    points = [(end, median(minutes[max(0, end - LATELY) : end])) for end in range(1, len(minutes) + 1)]
    most = max((minute for _, minute in points), default=0.0) or 1.0
    line = Line(f"median of the last {LATELY}", points)
    across = (1.0, max(2.0, len(points)))
    return Chart(
        "Time to resolve", "mended", "minutes from approval to verified", (line,), across, (0.0, most), NO_SHARES
    )
