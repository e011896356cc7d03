"""The systems that ``oncall check`` asks: the database, the targets, the knowledge files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from adapters.logs.files import DEFAULT_PATHS
from bot.check import Systems
from bot.settings import Settings
from bot.targets import airflow_of
from engine import knowledge
from storage.database import connect
from storage.upgrade import version


def systems(settings: Settings) -> Systems:
    async def database() -> str:
        async with connect(settings.database_url.get_secret_value()) as opened:
            current, newest = await version(opened)
        if current == newest:
            return f"answers, at revision {newest}"
        return f"answers, at revision {current or 'none'}; the start brings it to {newest}"

    return Systems(
        database=database,
        targets={"Airflow": _airflow(settings)} if settings.airflow_url else {},
        log_paths=DEFAULT_PATHS,
        knowledge=lambda: f"{len(knowledge.load())} known failures",
    )


def _airflow(settings: Settings) -> Callable[[], Awaitable[str]]:
    async def ask() -> str:
        airflow = airflow_of(settings)
        if airflow is None:
            return "not connected: actions on it are dry runs"
        try:
            return await airflow.check()
        finally:
            await airflow.close()

    return ask
