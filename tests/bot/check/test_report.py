"""How the check reads, at 80 columns and for programs."""

from __future__ import annotations

import json

import pytest

from bot.check.machine import in_bytes
from bot.check.report import Level, Line, Report, Section, to_json
from tests.bot.check.looking import Environ, look, shown


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (123456, "123 kB"), (5 * 10**12, "5.0 TB")],
)
def test_sizes_for_people(size: int, said: str) -> None:
    assert in_bytes(size) == said


SAMPLE = Report(
    (
        Section(
            "Settings", (Line(Level.OK, "PORT", "8000"), Line(Level.NOTE, "SMTP_SERVER", "not set", "Ask for it."))
        ),
        Section("Nothing", ()),
        Section(
            "Systems",
            (
                Line(Level.ERROR, "Database", "[bold]down[/bold]", "Start it."),
                Line(Level.WARNING, "A", "b", "c"),
            ),
        ),
    )
)


def test_signs_and_words_stand_beside_each_other() -> None:
    assert [line.rstrip() for line in shown(SAMPLE).splitlines()] == [
        "Settings",
        "✓ ok       PORT         8000",
        "• note     SMTP_SERVER  not set",
        "                        → Ask for it.",
        "",
        "Systems",
        "✗ error    Database     [bold]down[/bold]",
        "                        → Start it.",
        "! warning  A            b",
        "                        → c",
        "",
        "✗ 1 error, 1 warning. Mend what is marked, and check again.",
    ]


def test_the_last_line_sums_up() -> None:
    def last(*levels: Level) -> str:
        report = Report((Section("x", tuple(Line(level, "a", "b") for level in levels)),))
        return shown(report).splitlines()[-1]

    assert last(Level.OK, Level.NOTE) == "✓ All is well. The agent can start."
    assert last(Level.WARNING, Level.WARNING) == "! no errors, 2 warnings. The agent can start."
    assert last(Level.ERROR) == "✗ 1 error, no warnings. Mend what is marked, and check again."


async def test_nothing_is_cut_off_at_80_columns_or_less(environ: Environ) -> None:
    long = {"LOG_PATHS": "/" + "very-long-name/" * 12 + "x.log", "ACCESS_TOKEN_EXPIRE_MINUTES": "60"}
    report = await look({**environ, **long})
    for width in (80, 60):
        text = shown(report, width)
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text
        for line in report.lines:
            for word in (*line.text.split(), *line.advice.split()):
                assert "".join(word.split()) in "".join(text.split()) or len(word) > 30


def test_for_programs_it_is_json() -> None:
    told = json.loads(to_json(SAMPLE))
    assert told["ok"] is False
    assert told["counts"] == {"ok": 1, "note": 1, "warning": 1, "error": 1}
    assert told["sections"][0] == {
        "title": "Settings",
        "lines": [
            {"level": "ok", "subject": "PORT", "text": "8000", "advice": ""},
            {"level": "note", "subject": "SMTP_SERVER", "text": "not set", "advice": "Ask for it."},
        ],
    }
