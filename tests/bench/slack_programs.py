"""Two programs that answer “list” on Slack, each in a process of its own: ours, and opsdroid.

python tests/bench/slack_programs.py ours|opsdroid PORT API_URL FOLDER
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path

SECRET = "of-the-bench"
TOKEN = "xoxb-1-bench"
SKILL = """
from opsdroid.matchers import match_regex
from opsdroid.skill import Skill


class List(Skill):
    @match_regex("list")
    async def answer(self, message):
        await message.respond("Nothing is broken.")
"""


async def ours(port: int, api_url: str, folder: Path) -> None:
    """With what it always does: it checks the signature, and keeps what it heard in SQLite."""
    from aiohttp import web

    from adapters.chat.ask import Ask
    from adapters.chat.card import Card
    from adapters.chat.slack.platform import SlackChat, Tokens
    from bot.clock import SystemClock
    from storage.database import connect
    from storage.deliveries import SqlDeliveries
    from storage.inbox import SqlInbox
    from storage.upgrade import upgrade

    async def answer(_ask: Ask) -> Card:
        return Card("Nothing is broken.")

    async with connect(f"sqlite:///{folder / 'oncall.db'}") as database:
        await upgrade(database)
        clock = SystemClock()
        tokens = Tokens(TOKEN, signing_secret=SECRET)
        deliveries, inbox = SqlDeliveries(database, clock), SqlInbox(database, clock)
        chat = SlackChat(tokens, deliveries, inbox, clock, api_url=api_url)
        app = web.Application()
        chat.mount(app, answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()


def opsdroid(port: int, api_url: str, folder: Path) -> None:
    """As its manual has it. Its connector knows one address of Slack's only; here it is given another."""
    from opsdroid.cli.utils import configure_lang  # type: ignore[import-not-found] # in its own environment
    from opsdroid.connector.slack import connector  # type: ignore[import-not-found] # as above
    from opsdroid.core import OpsDroid  # type: ignore[import-not-found] # as above

    connector.AsyncWebClient = partial(connector.AsyncWebClient, base_url=api_url)
    (folder / "list.py").write_text(SKILL)
    settings = {
        "logging": {"level": "error", "console": False},
        "welcome-message": False,
        "web": {"host": "127.0.0.1", "port": port},
        "parsers": {"regex": {"enabled": True}},
        "connectors": {"slack": {"bot-token": TOKEN, "socket-mode": False}},
        "skills": {"list": {"path": str(folder / "list.py")}},
    }
    configure_lang(settings)
    with OpsDroid(config=settings) as droid:
        droid.run()


if __name__ == "__main__":
    name, port, api_url, folder = sys.argv[1:]
    if name == "ours":
        asyncio.run(ours(int(port), api_url, Path(folder)))
    else:
        opsdroid(int(port), api_url, Path(folder))
