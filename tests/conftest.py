"""What all tests share."""

from __future__ import annotations

import pytest

pytest_plugins = [
    "tests.servers.postgresql",
    "tests.servers.mariadb",
    "tests.servers.pgbouncer",
    "tests.servers.airflow",
    "tests.servers.airflow2",
    "tests.servers.chromium",
    "tests.servers.databases",
    "tests.servers.kubernetes",
    "tests.servers.podman",
    "tests.servers.systemd",
]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What this machine lacks, each thing once, with the line that brings it."""
    reasons = (report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    lacking = sorted({reason.removeprefix("Skipped: ") for reason in reasons})
    for line in lacking:
        terminalreporter.write_line(line, yellow=True)
