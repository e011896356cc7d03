"""What can be acted on: a new target is one file here, and one line below."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.targets import airflow, local, services
from engine.model import ActionSpec

CATALOGUES: Mapping[str, Mapping[str, ActionSpec]] = {
    "airflow": airflow.CATALOGUE,
    "local": local.CATALOGUE,
    "services": services.CATALOGUE,
}
