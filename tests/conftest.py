"""What all tests share."""

from __future__ import annotations

pytest_plugins = [
    "tests.servers.postgresql",
    "tests.servers.mariadb",
    "tests.servers.airflow",
    "tests.servers.chromium",
    "tests.servers.databases",
]
