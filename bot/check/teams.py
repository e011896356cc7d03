"""Asks Microsoft: does the bot's registration work. Nothing is posted."""

from __future__ import annotations

import aiohttp

from adapters.chat.teams.sign_in import SignIn
from bot.check.report import Level, Line
from bot.clock import SystemClock
from bot.platforms import teams_registration
from bot.settings import Settings


async def teams_bot(settings: Settings) -> list[Line]:
    """Microsoft tells nobody where a bot is installed, so that is seen only when somebody speaks to it."""
    if settings.teams_playground:
        return [Line(Level.NOTE, "Teams", "serves a client on this machine only, and believes whoever calls")]
    if not settings.teams_app_id:
        advice = "The README has the steps, from Azure to the app's package."
        return [Line(Level.NOTE, "Teams", "not connected: TEAMS_APP_ID is not set", advice)]
    lines = [] if settings.public_url.startswith("https://") else [_unreachable(settings)]
    async with aiohttp.ClientSession() as session:
        await SignIn(teams_registration(settings), lambda: session, SystemClock()).header()
    return [*lines, Line(Level.OK, "Teams", "Microsoft accepts the app id and its password")]


def _unreachable(settings: Settings) -> Line:
    what = f"Teams cannot reach {settings.address}/api/messages: it calls by https only"
    return Line(Level.ERROR, "Teams", what, "Set PUBLIC_URL to an https:// address that leads here.")
