"""The targets that the settings connect; each of the others is a dry run of the same actions.

A new one: one folder in ``adapters/targets``, one line in its ``CATALOGUES``, one below.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol, TypeAlias

from pydantic import SecretStr

from adapters.targets import CATALOGUES
from adapters.targets.airflow import Airflow, AirflowSettings
from adapters.targets.dry_run import DryRun
from adapters.targets.http_health import HttpHealth, HttpHealthSettings
from adapters.targets.kubernetes import Kubernetes, KubernetesSettings
from adapters.targets.local import Local
from adapters.targets.mysql import MySQL, MySQLSettings
from adapters.targets.pgbouncer import PgBouncer, PgBouncerSettings
from adapters.targets.postgresql import PostgreSQL, PostgreSQLSettings
from adapters.targets.services import Services, ServicesSettings
from adapters.targets.spark import Spark, SparkSettings
from bot.settings import Settings
from bot.values import items
from engine.ports import Target


class Connection(Protocol):
    """What every connected target can do besides its four verbs."""

    async def check(self) -> str:
        """A sentence about what answers and what it may do there. Raises OnCallError with what is missing."""

    async def close(self) -> None: ...


def airflow(settings: Settings) -> Airflow | None:
    if not settings.airflow_url:
        return None
    return Airflow(
        AirflowSettings(
            url=settings.airflow_url,
            username=settings.airflow_username,
            password=settings.airflow_password.get_secret_value(),
            token=settings.airflow_token.get_secret_value(),
            timeout_seconds=settings.airflow_timeout,
            dags=settings.airflow_dags,
        )
    )


def kubernetes(settings: Settings) -> Kubernetes | None:
    if not settings.kubernetes_config:
        return None
    return Kubernetes(
        KubernetesSettings(
            config=settings.kubernetes_config,
            namespaces=settings.kubernetes_namespaces,
            nodes=settings.kubernetes_nodes,
        )
    )


def spark(settings: Settings) -> Spark | None:
    if not (settings.spark_master_url and settings.spark_rest_url):
        return None
    return Spark(
        SparkSettings(
            master_url=settings.spark_master_url,
            rest_url=settings.spark_rest_url,
            requests=settings.spark_requests,
            applications=settings.spark_applications,
            token=settings.spark_token.get_secret_value(),
        )
    )


def postgresql(settings: Settings) -> PostgreSQL | None:
    urls = items(settings.postgresql_urls.get_secret_value())
    return PostgreSQL(PostgreSQLSettings(urls, settings.postgresql_may_act_on)) if urls else None


def pgbouncer(settings: Settings) -> PgBouncer | None:
    urls = items(settings.pgbouncer_urls.get_secret_value())
    return PgBouncer(PgBouncerSettings(urls, settings.pgbouncer_may_act_on)) if urls else None


def mysql(settings: Settings) -> MySQL | None:
    urls = items(settings.mysql_urls.get_secret_value())
    return MySQL(MySQLSettings(urls, settings.mysql_may_act_on)) if urls else None


def services(settings: Settings) -> Services | None:
    if not settings.services_allowed:
        return None
    return Services(
        ServicesSettings(bus=settings.services_bus, docker=settings.services_docker, allowed=settings.services_allowed)
    )


def http_health(settings: Settings) -> HttpHealth | None:
    return HttpHealth(HttpHealthSettings(hosts=settings.http_health_hosts)) if settings.http_health_hosts else None


Make: TypeAlias = Callable[
    [Settings], Airflow | Kubernetes | Spark | PostgreSQL | PgBouncer | MySQL | Services | HttpHealth | None
]

TARGETS: Mapping[str, Make] = {
    "airflow": airflow,
    "kubernetes": kubernetes,
    "spark": spark,
    "postgresql": postgresql,
    "pgbouncer": pgbouncer,
    "mysql": mysql,
    "services": services,
    "http_health": http_health,
}
"""Each returns None where the settings do not connect it, and raises Misconfigured where they are wrong."""


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[dict[str, Target]]:
    """Every target by name. Opening one sends nothing yet; ``oncall check`` asks whether it answers."""
    targets: dict[str, Target] = {name: DryRun(name, catalogue) for name, catalogue in CATALOGUES.items()}
    if settings.cleanup_roots:
        targets["local"] = Local(settings.cleanup_roots)
    async with AsyncExitStack() as stack:
        for name, make in TARGETS.items():
            if target := make(settings):
                stack.push_async_callback(target.close)
                targets[name] = target
                if isinstance(target, PostgreSQL | MySQL):  # a server that is full later lets nobody in
                    await stack.enter_async_context(_beside(target.open()))
        yield targets


SETTINGS: Mapping[str, str] = {
    "airflow": "airflow_url",
    "kubernetes": "kubernetes_config",
    "spark": "spark_master_url",
    "postgresql": "postgresql_urls",
    "pgbouncer": "pgbouncer_urls",
    "mysql": "mysql_urls",
    "services": "services_allowed",
    "http_health": "http_health_hosts",
}
"""The setting that connects each; whatever is wrong with the rest is said when it is made."""


def chosen(name: str, settings: Settings) -> bool:
    value = getattr(settings, SETTINGS[name])
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


@asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Done while everything else starts."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def asked(make: Make, settings: Settings) -> str:
    """What a target says of itself. Raises OnCallError."""
    target = make(settings)
    if target is None:
        return "not connected: actions on it are dry runs"
    try:
        return await target.check()
    finally:
        await target.close()
