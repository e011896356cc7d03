"""The targets that the settings connect; each of the others is a dry run of the same actions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.targets import CATALOGUES
from adapters.targets.airflow import Airflow, AirflowSettings
from adapters.targets.dry_run import DryRun
from adapters.targets.local import Local
from bot.settings import Settings
from engine.ports import Target


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[dict[str, Target]]:
    """Every target by name. Opening one sends nothing yet; ``oncall check`` asks whether it answers."""
    targets: dict[str, Target] = {name: DryRun(name, catalogue) for name, catalogue in CATALOGUES.items()}
    if settings.cleanup_roots:
        targets["local"] = Local(settings.cleanup_roots)
    airflow = airflow_of(settings)
    if airflow:
        targets["airflow"] = airflow
    try:
        yield targets
    finally:
        if airflow:
            await airflow.close()


def airflow_of(settings: Settings) -> Airflow | None:
    """The Airflow that the settings name, or None."""
    if not settings.airflow_url:
        return None
    return Airflow(
        AirflowSettings(
            url=settings.airflow_url,
            username=settings.airflow_username,
            password=settings.airflow_password.get_secret_value(),
            token=settings.airflow_token.get_secret_value(),
            timeout_seconds=settings.airflow_timeout,
        )
    )
