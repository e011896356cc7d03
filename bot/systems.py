"""The systems that ``oncall check`` asks: the database, the targets, the knowledge files. It leaves nothing behind."""

from __future__ import annotations

from functools import partial

from adapters.logs.files import DEFAULT_PATHS
from bot.check import Systems
from bot.clock import SystemClock
from bot.people import wakeable
from bot.settings import Settings
from bot.targets import TARGETS, asked
from engine import knowledge
from engine.model import titled
from storage.database import connect, kept
from storage.people import SqlPeople
from storage.upgrade import version


def systems(settings: Settings) -> Systems:
    url = settings.database_url.get_secret_value()

    async def database() -> str:
        if not kept(url):
            return "will be made"
        async with connect(url) as opened:
            current, newest = await version(opened)
        if current == newest:
            return f"answers, at revision {newest}"
        return f"answers, at revision {current or 'none'}; the start brings it to {newest}"

    async def accounts() -> list[str]:
        if not kept(url):
            return []
        async with connect(url) as opened:
            current, newest = await version(opened)
            people = await SqlPeople(opened, SystemClock()).all() if current == newest else ()
        return [*wakeable(people)]

    return Systems(
        database=database,
        accounts=accounts,
        targets={titled(name): partial(asked, way, settings) for name, way in TARGETS.items() if way.meant(settings)},
        log_paths=DEFAULT_PATHS,
        knowledge=lambda: f"{sum(not one.quiets for one in knowledge.load())} known failures",
    )
