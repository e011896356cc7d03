"""The targets that the settings connect; each of the others is a dry run of the same actions.

A new one: one folder in ``adapters/targets``, one line in its ``CATALOGUES``, one in ``TARGETS``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

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
from bot.under_way import under_way
from bot.values import items
from engine.ports import Target


class Connected(Target, Protocol):
    """What every connected target can do besides its four verbs."""

    async def check(self) -> str:
        """A sentence about what answers and what it may do there. Raises OnCallError with what is missing."""

    async def close(self) -> None: ...


def airflow(settings: Settings) -> Airflow:
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


def kubernetes(settings: Settings) -> Kubernetes:
    return Kubernetes(
        KubernetesSettings(
            config=settings.kubernetes_config,
            namespaces=settings.kubernetes_namespaces,
            nodes=settings.kubernetes_nodes,
        )
    )


def spark(settings: Settings) -> Spark:
    return Spark(
        SparkSettings(
            master_url=settings.spark_master_url,
            rest_url=settings.spark_rest_url,
            requests=settings.spark_requests,
            applications=settings.spark_applications,
            token=settings.spark_token.get_secret_value(),
        )
    )


def postgresql(settings: Settings) -> PostgreSQL:
    return PostgreSQL(
        PostgreSQLSettings(items(settings.postgresql_urls.get_secret_value()), settings.postgresql_may_act_on)
    )


def pgbouncer(settings: Settings) -> PgBouncer:
    return PgBouncer(
        PgBouncerSettings(items(settings.pgbouncer_urls.get_secret_value()), settings.pgbouncer_may_act_on)
    )


def mysql(settings: Settings) -> MySQL:
    return MySQL(MySQLSettings(items(settings.mysql_urls.get_secret_value()), settings.mysql_may_act_on))


def services(settings: Settings) -> Services:
    return Services(
        ServicesSettings(
            bus=settings.services_bus,
            docker=settings.services_docker,
            allowed=settings.services_allowed,
            stable_seconds=settings.services_stable_seconds,
        )
    )


def http_health(settings: Settings) -> HttpHealth:
    return HttpHealth(HttpHealthSettings(settings.http_health_hosts, settings.http_health_timeout))


@dataclass(frozen=True, slots=True)
class Way:
    """How a target is made, raising Misconfigured, once all the settings that connect it are set."""

    make: Callable[[Settings], Connected]
    settings: tuple[str, ...]

    def lacks(self, settings: Settings) -> list[str]:
        return [name for name in self.settings if not _is_set(getattr(settings, name))]

    def meant(self, settings: Settings) -> bool:
        """Somebody has begun to connect it."""
        return len(self.lacks(settings)) < len(self.settings)


def _is_set(value: object) -> bool:
    return bool(items(value.get_secret_value()) if isinstance(value, SecretStr) else value)


TARGETS: Mapping[str, Way] = {
    "airflow": Way(airflow, ("airflow_url",)),
    "kubernetes": Way(kubernetes, ("kubernetes_config",)),
    "spark": Way(spark, ("spark_master_url", "spark_rest_url")),
    "postgresql": Way(postgresql, ("postgresql_urls",)),
    "pgbouncer": Way(pgbouncer, ("pgbouncer_urls",)),
    "mysql": Way(mysql, ("mysql_urls",)),
    "services": Way(services, ("services_allowed",)),
    "http_health": Way(http_health, ("http_health_hosts",)),
}


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[dict[str, Target]]:
    """Every target by name. Opening one sends nothing yet; ``oncall check`` asks whether it answers."""
    targets: dict[str, Target] = {name: DryRun(name, catalogue) for name, catalogue in CATALOGUES.items()}
    if settings.cleanup_roots:
        targets["local"] = Local(settings.cleanup_roots)
    async with AsyncExitStack() as stack:
        for name, way in TARGETS.items():
            if not way.lacks(settings):
                target = targets[name] = way.make(settings)
                stack.push_async_callback(target.close)
                if isinstance(target, PostgreSQL | MySQL):  # a server that is full later lets nobody in
                    await stack.enter_async_context(under_way(target.open()))
        yield targets


async def asked(way: Way, settings: Settings) -> str:
    """What a target says of itself. Raises OnCallError."""
    if lacking := way.lacks(settings):
        return f"not connected, because {lacking[0].upper()} is not set: actions on it are dry runs"
    target = way.make(settings)
    try:
        return await target.check()
    finally:
        await target.close()
