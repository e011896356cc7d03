"""Which targets the settings connect, and what is said of one that they connect by half."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from adapters.targets import CATALOGUES
from bot import target_fields, targets
from bot.settings import load
from bot.targets import TARGETS, asked, connected

CONNECTS = {
    "airflow": {"AIRFLOW_URL": "http://127.0.0.1:1", "AIRFLOW_TOKEN": "t"},
    "spark": {"SPARK_MASTER_URL": "http://127.0.0.1:1", "SPARK_REST_URL": "http://127.0.0.1:2"},
    "postgresql": {"POSTGRESQL_URLS": "postgresql://a:b@127.0.0.1:1/c"},
    "pgbouncer": {"PGBOUNCER_URLS": "postgresql://a:b@127.0.0.1:1/pgbouncer"},
    "mysql": {"MYSQL_URLS": "mysql://a:b@127.0.0.1:1/"},
    "services": {"SERVICES_ALLOWED": "nginx"},
    "http_health": {"HTTP_HEALTH_HOSTS": "example.com"},
}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"DATABASE_URL": f"sqlite:///{tmp_path}/oncall.db"}


async def test_what_is_not_set_is_a_dry_run(environ: dict[str, str]) -> None:
    async with connected(load(environ)) as targets:
        assert targets.keys() == CATALOGUES.keys()
        assert all(target.dry_run for target in targets.values())
    assert not any(way.meant(load(environ)) for way in TARGETS.values())


@pytest.mark.parametrize("name", CONNECTS)
async def test_a_target_is_connected_by_its_own_settings_alone(environ: dict[str, str], name: str) -> None:
    settings = load({**environ, **CONNECTS[name]})
    async with connected(settings) as targets:
        assert [one for one, target in targets.items() if not target.dry_run] == [name]
    assert [one for one, way in TARGETS.items() if way.meant(settings)] == [name]


async def test_what_is_connected_by_half_is_a_dry_run_and_says_what_it_lacks(environ: dict[str, str]) -> None:
    settings = load({**environ, "SPARK_MASTER_URL": "http://127.0.0.1:1"})
    assert TARGETS["spark"].meant(settings)
    assert "SPARK_REST_URL is not set" in await asked(TARGETS["spark"], settings)
    async with connected(settings) as targets:
        assert targets["spark"].dry_run


async def test_a_list_of_nothing_connects_nothing(environ: dict[str, str]) -> None:
    async with connected(load({**environ, "MYSQL_URLS": " , "})) as targets:
        assert targets["mysql"].dry_run


def test_no_setting_is_left_unread() -> None:
    code = Path(targets.__file__).read_text(encoding="utf-8")
    own = target_fields.Fields.__annotations__
    assert "http_health_timeout" in own
    assert [name for name in own if f"settings.{name}" not in code] == []


async def test_a_web_address_has_the_time_that_the_settings_give_it(environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        settings = load({**environ, "HTTP_HEALTH_HOSTS": place, "HTTP_HEALTH_TIMEOUT": "0.2"})
        async with connected(settings) as all_:
            evidence = await all_["http_health"].look({"url": f"http://{place}/"})
    assert "does not answer within 0.2 seconds" in evidence.summary
