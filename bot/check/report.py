"""What a check found, and how it is shown: a sign and a word for each line, never a colour alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


class Level(StrEnum):
    """How much a finding matters, least first. Only an error stops the program."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Line:
    """One finding: about what, what is so, and what to do about it. Never holds a secret."""

    level: Level
    subject: str
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Report:
    sections: tuple[Section, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for section in self.sections for line in section.lines)

    def count(self, level: Level) -> int:
        return sum(line.level is level for line in self.lines)

    @property
    def exit_code(self) -> int:
        """1 if there is an error."""
        return 1 if self.count(Level.ERROR) else 0


SIGNS = {Level.OK: "✓", Level.NOTE: "•", Level.WARNING: "!", Level.ERROR: "✗"}
COLOURS = {Level.OK: "green", Level.NOTE: "cyan", Level.WARNING: "yellow", Level.ERROR: "bold red"}

LEVEL_WIDTH = len("! warning")
WIDEST_SUBJECT = 27
"""Columns: the longest name of a setting. Of 80 columns the text keeps 40 at least."""


def render(report: Report) -> RenderableType:
    """For people. All text is plain: what a server answered cannot change how it looks."""
    width = max((min(len(line.subject), WIDEST_SUBJECT) for line in report.lines), default=0)
    parts = [part for section in report.sections if section.lines for part in _section(section, width)]
    return Group(*parts, _summary(report))


def _section(section: Section, width: int) -> tuple[RenderableType, ...]:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(width=LEVEL_WIDTH, no_wrap=True)
    table.add_column(width=width, overflow="fold")
    table.add_column(ratio=1, overflow="fold")
    for line in section.lines:
        sign = Text(f"{SIGNS[line.level]} {line.level}", style=COLOURS[line.level])
        table.add_row(sign, Text(line.subject), Text(line.text))
        if line.advice:
            table.add_row("", "", Text(f"→ {line.advice}", style="italic"))
    return Text(section.title, style="bold"), table, Text()


def _summary(report: Report) -> Text:
    errors, warnings = report.count(Level.ERROR), report.count(Level.WARNING)
    counts = f"{_number(errors, 'error')}, {_number(warnings, 'warning')}."
    if errors:
        return Text(f"✗ {counts} Mend what is marked, and check again.", style=COLOURS[Level.ERROR])
    if warnings:
        return Text(f"! {counts} The agent can start.", style=COLOURS[Level.WARNING])
    return Text("✓ All is well. The agent can start.", style=COLOURS[Level.OK])


def _number(count: int, word: str) -> str:
    return f"{count or 'no'} {word}{'' if count == 1 else 's'}"


def to_json(report: Report) -> str:
    """For programs: ``ok``, the number of lines by level, and the sections with their lines."""
    sections = [
        {"title": section.title, "lines": [_fields(line) for line in section.lines]} for section in report.sections
    ]
    counts = {str(level): report.count(level) for level in Level}
    return json.dumps(
        {"ok": not report.exit_code, "counts": counts, "sections": sections}, indent=2, ensure_ascii=False
    )


def _fields(line: Line) -> dict[str, str]:
    return {"level": line.level, "subject": line.subject, "text": line.text, "advice": line.advice}
