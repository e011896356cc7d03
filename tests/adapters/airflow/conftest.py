"""A recorded Airflow, and the target that is connected to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.targets.airflow import Airflow
from tests.adapters.recorded_airflow import DAG, PART, RUN, RecordedAirflow, connected, recorded_airflow


@pytest.fixture
async def server() -> AsyncIterator[RecordedAirflow]:
    async with recorded_airflow() as server:
        server.say(f"GET {DAG}", "dag_running")
        server.say(f"GET {RUN}", "run_failed")
        server.say(f"GET {PART}/-1", "task_failed")
        yield server


@pytest.fixture
async def airflow(server: RecordedAirflow) -> AsyncIterator[Airflow]:
    async with connected(server.url) as target:
        yield target
