"""What the command line shows: tables, a progress bar, and the same as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from bot.words import counted, excerpt, in_order, name, percent, span
from engine.model import Incident

COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}

NAMES_SHOWN = 5

NO_PARAMETERS = ("action", "target", "executable", "missing", "proposed")

BY_HAND = "person"
"""The target of what no program does."""

SHOWN = 1_500
"""Characters of a log entry that the terminal shows."""


@contextmanager
def progress(console: Console, total: int | None, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A bar over bytes; nothing where nobody looks."""
    columns = (TextColumn("scanning"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("scan", total=total)
        yield lambda size: bar.advance(task, size)


def total(paths: Sequence[str]) -> int | None:
    """The size of all files in bytes, None if a stream is among them. Compressed files count as they lie on disk."""
    files = [Path(path) for path in paths if path != "-"]
    if len(files) < len(paths):
        return None
    found = (one for path in files for one in (path.rglob("*") if path.is_dir() else (path,)))
    return sum(one.stat().st_size for one in found if one.is_file())


def incidents(found: Sequence[Incident]) -> RenderableType:
    if not found:
        return Text("No incident. All quiet.")
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in ("", "Severity", "Incident", "Seen", "Names"):
        table.add_column(column, overflow="fold")
    for incident in found:
        severity = Text(str(incident.severity), style=COLOURS[incident.severity])
        names = ", ".join(f"{name(key)} {value}" for key, value in in_order(incident.identifiers)[:NAMES_SHOWN])
        row = (f"#{incident.number}", severity, Text(incident.signal.title), f"{incident.count} x", Text(names))
        table.add_row(*row)
    return table


def speed(lines: int, size: int, seconds: float) -> str:
    """How much was read, and how fast."""
    per = max(seconds, 1e-9)
    rate = f"{lines / per:,.0f} lines/s, {size / per / 1e6:,.0f} MB/s"
    return f"{counted(lines, 'line')}, {size / 1e6:,.1f} MB in {seconds:.1f} s: {rate}"


def as_json(incident: Incident, line: int) -> dict[str, Any]:
    """``position`` is in bytes, ``line`` counts from 1."""
    signal = incident.signal
    return {
        "number": incident.number,
        "title": signal.title,
        "pattern": signal.pattern,
        "service": signal.service,
        "severity": str(incident.severity),
        "count": incident.count,
        "first": signal.at.isoformat(),
        "identifiers": dict(incident.identifiers),
        "source": signal.source,
        "position": signal.position,
        "line": line,
        "text": signal.text,
    }


def analysis(answer: Mapping[str, Any]) -> RenderableType:
    if not answer["incident"]:
        return Text("No incident: nothing here is a failure that I know.")
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    rows = [
        ("Service", answer["service"]),
        ("Severity", answer["severity"]),
        ("Category", answer["root_cause_category"]),
        ("Confidence", percent(answer["confidence_score"])),
        ("Known as", answer["pattern"]),
        *_impact(answer.get("impact")),
        *_expected(answer["predicted_resolution_time"]),
        *((name(key), value) for key, value in in_order(answer["identifiers"])),
    ]
    for label, value in rows:
        facts.add_row(label, Text(str(value)))
    actions = [_action(number, action) for number, action in enumerate(answer["recommended_actions"], 1)]
    steps = [Text(f"   • {step}") for step in answer["steps"]]
    because = [Text(f"   • {reason}") for reason in answer["because"]]
    parts: list[RenderableType] = [Text(answer["root_cause"]), Text(), facts, Text()]
    parts += _titled("What would mend it", actions)
    parts += [Text(answer["hand_over"]), Text()] if answer["hand_over"] else []
    parts += [*_titled("For a person", steps), *_titled("Why", because)]
    shown = Text(excerpt(answer["excerpt"])[:SHOWN], style="dim")
    return Group(Panel(Group(*parts, shown), title=Text(answer["title"]), padding=(1, 2)))


def _impact(impact: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """What depends on it stands among the reasons."""
    if impact:
        yield "Belongs to", f"{impact['service']} ({impact['criticality']})"
        if impact["owners"]:
            yield "Owners", ", ".join(impact["owners"])


def _expected(seconds: int | None) -> Iterator[tuple[str, str]]:
    if seconds is not None:
        yield "Mended within", f"{span(timedelta(seconds=seconds))}, as the times before"


def _titled(title: str, lines: Sequence[Text]) -> list[Text]:
    return [Text(title, style="bold"), *lines, Text()] if lines else []


def _action(number: int, action: Mapping[str, Any]) -> Text:
    parameters = {key: value for key, value in action.items() if key not in NO_PARAMETERS}
    said = ", ".join(f"{key}={value}" for key, value in parameters.items())
    lacking = f" (missing: {', '.join(action['missing'])})" if action["missing"] else ""
    where = "by a person" if action["target"] == BY_HAND else f"on {action['target']}"
    chosen = ": this I would propose" if action["proposed"] and number > 1 else ""
    return Text(f"{number}. {action['action']}({said}) {where}{lacking}{chosen}")
