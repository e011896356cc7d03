"""Tasks that fail at once until their run is mended: one with a task after it, one beside it, and one in parts."""

import os
from pathlib import Path

try:
    from airflow.sdk import dag, get_current_context, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.operators.python import get_current_context


def fail_unless_mended(what: str) -> None:
    mended = Path(os.environ["AIRFLOW_HOME"]) / "mended"
    run = get_current_context()["run_id"]
    if not (mended / run).exists() and not (mended / f"{run}.{what}").exists():
        raise ConnectionError("could not connect to server: FATAL: sorry, too many clients already")


@dag(schedule=None)
def oncall_flaky() -> None:
    @task(retries=0)
    def load() -> int:
        fail_unless_mended("load")
        return 1

    @task(retries=0)
    def publish(rows: int) -> None:
        print("published", rows)

    @task(retries=0)
    def report() -> None:
        fail_unless_mended("report")

    publish(load())
    report()


@dag(schedule=None)
def oncall_parts() -> None:
    @task(retries=0)
    def part(number: int) -> None:
        if number == 1:
            fail_unless_mended("part")

    part.expand(number=[0, 1])


@dag(schedule=None)
def oncall_hint() -> None:
    @task(retries=0)
    def break_down() -> None:
        fail_unless_mended("break_down")

    break_down()


oncall_flaky()
oncall_parts()
oncall_hint()
