"""What can be acted on: a new target is one file here, and one line below."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.targets import airflow, http_health, kubernetes, local, mysql, pgbouncer, postgresql, services, spark
from engine.model import ActionSpec

CATALOGUES: Mapping[str, Mapping[str, ActionSpec]] = {
    "airflow": airflow.CATALOGUE,
    "http_health": http_health.CATALOGUE,
    "kubernetes": kubernetes.CATALOGUE,
    "local": local.CATALOGUE,
    "mysql": mysql.CATALOGUE,
    "pgbouncer": pgbouncer.CATALOGUE,
    "postgresql": postgresql.CATALOGUE,
    "services": services.CATALOGUE,
    "spark": spark.CATALOGUE,
}
