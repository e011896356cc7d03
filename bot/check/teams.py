"""Asks Microsoft: does the bot's registration work, and is it in the channels. Nothing is posted."""

from __future__ import annotations

from adapters.chat.teams.examine import examine
from bot.check.report import Level, Line
from bot.clock import SystemClock
from bot.platforms import teams_registration
from bot.settings import Settings
from engine.errors import OnCallError
from storage.cursors import SqlCursors
from storage.database import connect, kept
from storage.memory import MemoryCursors
from storage.upgrade import version


async def teams_bot(settings: Settings) -> list[Line]:
    """Where the bot is installed it knows only from what Teams has told the running program."""
    if settings.teams_playground:
        return [Line(Level.NOTE, "Teams", "serves a client on this machine only, and believes whoever calls")]
    if not settings.teams_app_id:
        advice = "The README has the steps, from Azure to the app's package."
        return [Line(Level.NOTE, "Teams", "not connected: TEAMS_APP_ID is not set", advice)]
    lines = [] if settings.public_url.startswith("https://") else [_unreachable(settings)]
    return [*lines, *await _asked(settings)]


async def _asked(settings: Settings) -> list[Line]:
    rooms = tuple(dict.fromkeys((settings.teams_channel, *(route.room for route in settings.teams_routes))))
    registration, url = teams_registration(settings), settings.database_url.get_secret_value()
    if await _is_there(url):
        async with connect(url) as database:
            found = await examine(registration, rooms, SqlCursors(database, SystemClock()), SystemClock())
    else:
        found = await examine(registration, (), MemoryCursors(), SystemClock())
    troubles = [Line(Level.ERROR, "Teams", trouble) for trouble in found.troubles()]
    return troubles or [Line(Level.OK, "Teams", "Microsoft accepts the app id and its password")]


async def _is_there(url: str) -> bool:
    """Before the first start there is no memory of what Teams has told."""
    try:
        if not kept(url):
            return False
        async with connect(url) as database:
            current, newest = await version(database)
    except OnCallError:
        return False
    return current == newest


def _unreachable(settings: Settings) -> Line:
    what = f"Teams cannot reach {settings.address}/api/messages: it calls by https only"
    return Line(Level.ERROR, "Teams", what, "Set PUBLIC_URL to an https:// address that leads here.")
