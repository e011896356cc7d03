"""Asks Slack: do the tokens work, may the app do what it needs, is it in the channels."""

from __future__ import annotations

from adapters.chat.slack.examine import examine
from bot.check.report import Level, Line
from bot.clock import SystemClock
from bot.platforms import slack_tokens
from bot.settings import Settings


async def slack(settings: Settings) -> list[Line]:
    """Nothing is posted."""
    if not settings.slack_bot_token.get_secret_value():
        advice = "Make the app from manifests/slack/manifest.yaml; the README has the five steps."
        return [Line(Level.NOTE, "Slack", "not connected: SLACK_BOT_TOKEN is not set", advice)]
    rooms = tuple(dict.fromkeys((settings.slack_channel, *(route.room for route in settings.slack_routes))))
    found = await examine(slack_tokens(settings), rooms, SystemClock(), f"{settings.slack_api_url}/")
    way = "by Socket Mode" if settings.slack_app_token.get_secret_value() else "by HTTP at /slack/events"
    lines = [Line(Level.OK, "Slack", f"signed in as {found.bot} in {found.team}, {way}")]
    lines += [Line(Level.ERROR, "Slack", trouble) for trouble in found.troubles()]
    lines += [Line(Level.OK, "Slack", f"is in the channel {room}") for room, wrong in found.rooms.items() if not wrong]
    return lines
