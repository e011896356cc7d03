"""``oncall replay``: recorded logs and outcomes, run through the agent as it would have behaved."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from adapters.chat import plain
from adapters.targets import CATALOGUES
from bot.app import detector, policy
from bot.clock import SystemClock
from bot.replay import Player, Post, Replay
from bot.replay import read as read_logs
from bot.replay.judge import Judged, Mark, Report, as_json, judge
from bot.replay.record import Record, of_own
from bot.settings import Settings, load
from bot.terminal import err, plainly
from bot.training import Experience
from bot.training import read as read_training
from bot.words import counted, percent
from engine.errors import Refused
from engine.model import Status
from storage.database import connect
from storage.incidents import SqlIncidents
from storage.upgrade import upgrade

MOST = 100_000
"""Incidents of our own database that are read."""

STYLES = {Mark.RIGHT: "green", Mark.WRONG: "red", Mark.MISSED: "yellow", Mark.NOT_TOLD: "dim"}

out = Console(soft_wrap=False)


def replay(
    paths: Annotated[list[str], typer.Argument(help="Log files (plain, gz, zst), folders, or - for standard input.")],
    outcomes: Annotated[
        Path | None, typer.Option(help="What was done and whether it helped: see docs/training-data.md.")
    ] = None,
    ours: Annotated[bool, typer.Option("--ours", help="Take the outcomes from our own database.")] = False,  # noqa: FBT002 - typer's way to say a flag
    posts: Annotated[bool, typer.Option("--posts", help="Show every card that would have been posted.")] = False,  # noqa: FBT002 - typer's way to say a flag
    as_json_: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,  # noqa: FBT002 - typer's way to say a flag
) -> None:
    """Play recorded logs to the agent: what it would have posted, asked and got right. Nothing is sent."""
    with plainly():
        settings = load()
        record, troubles = _record(outcomes), list[str]()
        told = [*record, *(asyncio.run(_ours(settings)) if ours else [])]
        report = asyncio.run(played(paths, told, settings))
        troubles += report.replay.troubles
        if as_json_:
            sys.stdout.write(json.dumps(as_json(report), ensure_ascii=False, indent=2) + "\n")
        else:
            out.print(shown(report, posts=posts))
        for trouble in troubles:
            err.print(f"! {trouble}", style="yellow", markup=False, highlight=False)
        raise typer.Exit(1 if troubles and not report.replay.size else 0)


async def played(paths: list[str], told: list[Experience], settings: Settings) -> Report:
    """The replay of these logs beside these outcomes, by the thresholds of the settings."""
    knows = detector()
    now = SystemClock().now()
    logs = read_logs(paths, knows, now)
    record = Record(told)
    began = logs.timed[0][0] if logs.timed else now
    result: Replay = await Player(knows, CATALOGUES, policy(settings, ()), record, began).play(logs.timed)
    result.lines, result.size, result.troubles = logs.lines, logs.size, list(logs.troubles)
    return judge(result, record)


def _record(file: Path | None) -> list[Experience]:
    if file is None:
        return []
    try:
        got = read_training(file.read_text("utf-8"))
    except OSError as error:
        raise Refused(f"{file} cannot be read: {error.strerror}.") from error
    for trouble in got.troubles:
        err.print(f"! {trouble}", style="yellow", markup=False, highlight=False)
    return got.experiences


async def _ours(settings: Settings) -> list[Experience]:
    async with connect(settings.database_url.get_secret_value()) as database:
        await upgrade(database)
        ended = await SqlIncidents(database).list((Status.RESOLVED, Status.CLOSED), limit=MOST)
    return [one for incident in ended for one in of_own(incident)]


def shown(report: Report, *, posts: bool = False) -> RenderableType:
    """The report as a person reads it."""
    replay = report.replay
    if not replay.incidents:
        nothing_read = replay.troubles and not replay.size
        return Text("Nothing was read." if nothing_read else "No incident. It would have said nothing.")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("", "When", "Incident", "It would have proposed", "Recorded", ""):
        table.add_column(column, overflow="fold")
    for one in report.judged:
        table.add_row(*_row(one))
    cards = [_card(post) for post in replay.posts] if posts else []
    return Group(*cards, table, Text(), *map(Text, _sums(report)))


def _row(one: Judged) -> tuple[Text, ...]:
    proposal = f"{one.proposal} ({percent(one.confidence)})" if one.proposal else "nothing: a person decides"
    return (
        Text(f"#{one.incident.number}"),
        Text(f"{one.incident.signal.at:%Y-%m-%d %H:%M}"),
        Text(one.incident.signal.title),
        Text(proposal),
        Text(", ".join(one.recorded)),
        Text(str(one.mark), style=STYLES[one.mark]),
    )


def _sums(report: Report) -> list[str]:
    replay = report.replay
    woken = sum(bool(post.wakes) for post in replay.posts)
    read = f"{counted(replay.lines, 'line')}: {counted(len(replay.incidents), 'incident')}"
    asked = f"{counted(len(replay.posts), 'card')}, {counted(replay.asked, 'approval')} asked"
    said = [f"{read}, {asked}, somebody woken {counted(woken, 'time')}."]
    if report.known:
        right = report.count(Mark.RIGHT)
        brier = f" Brier score {report.brier:.3f}." if report.brier is not None else ""
        said.append(f"Right first proposals: {right} of {report.known} ({percent(right / report.known)}).{brier}")
    if report.unseen:
        said.append(f"Not seen in these logs: {counted(len(report.unseen), 'recorded incident')}:")
        said += [f"  {one.id or '-'} {one.title}" for one in report.unseen[:20]]
    return said


def _card(post: Post) -> Text:
    head = f"{post.at:%Y-%m-%d %H:%M:%S}" + (f" to {post.wakes}" if post.wakes else "")
    return Text(f"{head}\n{plain.render(post.card)}\n")
