"""Checks before the start, setting by setting and system by system: what is there, what is not, how to get it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeAlias

from bot.check.configured import configured
from bot.check.machine import cleanup, clock, disk, folder, logs
from bot.check.mail import mail
from bot.check.network import elasticsearch, port, webhook
from bot.check.report import Level, Line, Report, Section
from bot.check.services import SUBJECT, Names, catalogue
from bot.check.slack import slack
from bot.check.teams import teams_bot
from bot.log import Hide, hiding
from bot.settings import Settings
from engine.errors import OnCallError

PATIENCE = 8.0
"""Seconds that one finding may take. All are sought at once, so this is also what the whole check takes at most."""

Probe: TypeAlias = Callable[[], Awaitable[str]]
"""Asks one system. Returns a sentence that says what it is; raises OnCallError where something is wrong with it."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Systems:
    """What the settings alone cannot tell. ``knowledge`` may block; ``log_paths`` are read where none are set."""

    database: Probe | None = None
    targets: Mapping[str, Probe] = field(default_factory=dict)
    knowledge: Callable[[], str] | None = None
    log_paths: Sequence[str] = ()
    accounts: Names | None = None
    now: Callable[[], datetime] = _utc_now


Search: TypeAlias = Callable[[], Awaitable[list[Line]]]


async def check(settings: Settings, systems: Systems | None = None, patience: float = PATIENCE) -> Report:
    """Look at everything at once. Changes nothing and posts nothing; raises nothing."""
    systems = systems or Systems()
    hide = hiding(settings.secrets())
    titles, searches = zip(*_searches(settings, systems), strict=True)
    found = await asyncio.gather(*(_patiently(subject, search, patience, hide) for subject, search in searches))
    return Report(_sections(titles, found))


def _searches(settings: Settings, systems: Systems) -> list[tuple[str, tuple[str, Search]]]:
    """Section, subject, and how to find out; in the order in which a person reads them."""
    probes = {"Database": systems.database, **systems.targets}
    paths, chosen = settings.log_paths or systems.log_paths, bool(settings.log_paths)
    return [
        ("Settings", ("Settings", _blocking(lambda: configured(settings)))),
        ("Settings", (SUBJECT, lambda: catalogue(settings, systems.accounts))),
        ("Logs", ("Log files", _blocking(lambda: logs(paths, chosen=chosen)))),
        ("Logs", ("Elasticsearch", _one(lambda: elasticsearch(settings)))),
        *(("Systems", (name, _asking(name, probe))) for name, probe in probes.items() if probe),
        ("Systems", ("Mail", lambda: mail(settings))),
        ("Systems", ("Slack", lambda: slack(settings))),
        ("Systems", ("Teams", lambda: teams_bot(settings))),
        ("Systems", ("Teams webhook", _blocking(lambda: webhook(settings)))),
        ("This machine", ("Port", _one(lambda: port(settings)))),
        ("This machine", ("Data folder", _blocking(lambda: [folder(settings.data_folder)]))),
        ("This machine", ("Disk", _blocking(lambda: [disk(settings.data_folder)]))),
        ("This machine", ("CLEANUP_ROOTS", _blocking(lambda: cleanup(settings.cleanup_roots)))),
        ("This machine", ("Clock", _blocking(lambda: [clock(systems.now())]))),
        ("This machine", ("Knowledge", _blocking(lambda: _knowledge(systems.knowledge)))),
    ]


def _blocking(look: Callable[[], list[Line]]) -> Search:
    return lambda: asyncio.to_thread(look)


def _one(look: Callable[[], Awaitable[Line]]) -> Search:
    async def search() -> list[Line]:
        return [await look()]

    return search


def _asking(subject: str, probe: Probe) -> Search:
    async def search() -> list[Line]:
        return [Line(Level.OK, subject, await probe())]

    return search


def _knowledge(load: Callable[[], str] | None) -> list[Line]:
    return [Line(Level.OK, "Knowledge", load())] if load else []


async def _patiently(subject: str, search: Search, patience: float, hide: Hide) -> list[Line]:
    """What was found, or why it was not; in either case without a secret."""
    try:
        async with asyncio.timeout(patience):
            lines = await search()
    except TimeoutError:
        lines = [Line(Level.ERROR, subject, f"no answer within {patience:g} s", "Is it running, and is it reachable?")]
    except OnCallError as error:
        advice = "It may be only for now: try again." if error.temporary else ""
        lines = [Line(Level.ERROR, subject, str(error), advice)]
    except Exception as error:  # noqa: BLE001 - whatever a driver raises, the other findings are still wanted
        lines = [Line(Level.ERROR, subject, f"failed: {type(error).__name__}: {error}")]
    return [replace(line, text=hide(line.text), advice=hide(line.advice)) for line in lines]


def _sections(titles: Sequence[str], found: Sequence[list[Line]]) -> tuple[Section, ...]:
    lines: dict[str, list[Line]] = {title: [] for title in titles}
    for title, some in zip(titles, found, strict=True):
        lines[title] += some
    lines["Logs"] += _blind(lines["Logs"])
    return tuple(Section(title, tuple(some)) for title, some in lines.items())


def _blind(sources: Sequence[Line]) -> list[Line]:
    """Without a single log the agent is up, and sees nothing."""
    if any(line.level is Level.OK for line in sources):
        return []
    return [Line(Level.WARNING, "Logs", "there is nothing to read: no incident can be seen", "Set LOG_PATHS.")]
