"""Makes ahead, beside the first tests, what real servers are made of: ``python -m tests.servers.ahead``.

Nothing depends on it. Whatever is not there when a test wants it is made then; a lock keeps it from being made twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tests.servers import airflow, airflow2, kubernetes, spark

MAKERS: Mapping[str, Callable[[], object]] = {
    "Airflow 3": airflow.installed,
    "Kubernetes": kubernetes.built,
    "Airflow 2": lambda: airflow2.prepared(airflow.installed(airflow2.VERSION, airflow2.CONSTRAINTS)),
    "Spark": spark.prepared,
}
"""In the order in which the tests want them, but for Kubernetes, which takes longest."""

if __name__ == "__main__":
    for name, make in MAKERS.items():
        try:
            make()
        except (Exception, pytest.skip.Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - the test that wants it says why
            print(f"{name} was not made ahead: {error}")
