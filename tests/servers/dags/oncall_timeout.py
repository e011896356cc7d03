"""A task that runs into its time limit until somebody mends its run: the file ``mended/<run id>`` is the mending."""

import os
import time
from datetime import timedelta
from pathlib import Path

try:
    from airflow.sdk import dag, get_current_context, task
except ImportError:  # Airflow 2
    from airflow.decorators import dag, task
    from airflow.operators.python import get_current_context


def mended() -> bool:
    return (Path(os.environ["AIRFLOW_HOME"]) / "mended" / get_current_context()["run_id"]).exists()


@dag(schedule=None)
def oncall_timeout() -> None:
    @task(retries=0, execution_timeout=timedelta(seconds=3))
    def transform() -> None:
        while not mended():
            time.sleep(0.1)

    transform()


@dag(schedule=None)
def oncall_stuck() -> None:
    """The same without a limit: it runs until it is stopped."""

    @task(retries=0)
    def wait() -> None:
        while not mended():
            time.sleep(0.1)

    wait()


oncall_timeout()
oncall_stuck()
