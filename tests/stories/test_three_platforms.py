"""The same story on the web chat, on Slack and on Teams: everybody is told the same, wherever they are."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from adapters.chat.card import Button, Card, Code, Facts, Form, Text
from bot.cards import incident_card, step_card
from engine.model import Incident
from storage.database import connect
from storage.incidents import SqlIncidents
from tests.engine.desks import TIMEOUT
from tests.program import Running, page, running, say, signed_in
from tests.servers.entra import Entra, entra
from tests.servers.slack import Slack, slack
from tests.servers.slack import words as slack_words
from tests.servers.small_airflow import SmallAirflow
from tests.servers.teams.reading import words as teams_words
from tests.servers.teams_connector import Teams, connector

pytestmark = pytest.mark.real

APPROVE = "Approve restart_dag_task"


@dataclass
class Everywhere:
    """One program that is on three platforms, and one incident."""

    folder: Path
    program: Running
    acme: Slack
    teams: Teams
    web: aiohttp.ClientSession

    async def seen(self) -> dict[str, str]:
        """All that can be read of the incident, by platform: its card, then its thread."""
        web = await page(self.web, "/chat/incidents/thread/incident-1")
        roots = await self.acme.messages("incidents")
        replies = await self.acme.thread("incidents", roots[0]["ts"]) if roots else []
        posts = [one for one in self.teams.messages("incidents") if one.card]
        more = self.teams.thread("incidents", posts[0].id) if posts else []
        return {
            "web": html.unescape(re.sub(r"<[^>]+>", " ", web)),
            "slack": "\n".join(map(slack_words, [*roots, *replies])),
            "teams": "\n".join(map(teams_words, [*map(self.teams.now, posts), *more])),
        }

    async def reads(self, text: str) -> None:
        """Until it stands on every platform."""

        async def everywhere() -> bool:
            return all(_plain(text) in _plain(one) for one in (await self.seen()).values())

        await self.acme.until(everywhere)


@asynccontextmanager
async def everywhere(folder: Path) -> AsyncIterator[Everywhere]:
    async with AsyncExitStack() as stack:
        airflow = await stack.enter_async_context(SmallAirflow().serving())
        acme = await stack.enter_async_context(slack())
        microsoft = stack.enter_context(entra())
        teams = await stack.enter_async_context(connector(microsoft))
        program = await stack.enter_async_context(running(folder, settings(folder, airflow, acme, teams, microsoft)))
        acme.serves(f"{program.url}/slack/events")
        teams.serves(f"{program.url}/api/messages")
        await teams.installs("channel")
        for name in ("alice", "bob"):
            await teams.person(name).installs()
        web = await stack.enter_async_context(signed_in(program))
        yield Everywhere(folder, program, acme, teams, web)
        assert acme.api.violations == []
        assert teams.violations == []


def settings(folder: Path, airflow: SmallAirflow, acme: Slack, teams: Teams, microsoft: Entra) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite:///{folder}/incidents.db",
        "LOG_PATHS": str(folder / "logs"),
        "MONITORING_INTERVAL": "1",
        "ADMINS": "alice@acme.test",
        "ONCALL_EMAILS": "bob@acme.test",
        "CONFIDENCE_THRESHOLD": "0.9",
        **airflow.settings,
        **acme.settings,
        "SLACK_SIGNING_SECRET": acme.signing_secret,
        **microsoft.settings,
    }


async def test_everybody_is_told_the_same(tmp_path: Path) -> None:
    async with everywhere(tmp_path) as story:
        logs = tmp_path / "logs"
        logs.mkdir()
        (logs / "task.log").write_text(TIMEOUT.replace("2026-11-21T02:59:00Z", "2099-01-01T00:00:00Z") + "\n")
        await story.reads("I have woken bob")
        await story.reads(APPROVE)
        await the_same(story)
        woken = [slack_words(one) for one in await story.acme.direct_messages("bob")]
        assert "ran into its timeout" in woken[-1]
        await story.teams.until(lambda: "ran into its timeout" in teams_words(story.teams.direct_messages("bob")[-1]))
        bobs = await page(story.web, "/chat/dm:alice")
        assert "ran into its timeout" not in bobs  # bob was woken, not alice

        [card] = await story.acme.messages("incidents")
        await story.acme.person("alice").mention("ack 1", thread=card["ts"])
        await story.reads("alice is on it")
        [post] = [one for one in story.teams.messages("incidents") if one.card]
        await story.teams.person("alice").presses(story.teams.now(post), APPROVE)
        await story.reads("#1 is resolved")
        await say(story.web, story.program, "note 1 the vendor was told")
        await story.reads("the vendor was told")
        await the_same(story)


async def the_same(story: Everywhere) -> None:
    """Every word of the incident's card and of each step stands on each platform, in the same order."""
    cards = await should_be_told(story.folder)
    for name, text in (await story.seen()).items():
        missing = [one for card in cards for one in fragments(card) if _plain(one) not in _plain(text)]
        assert missing == [], f"{name} does not say it"
        titles = [_plain(text).rindex(_plain(card.title)) for card in cards[1:]]
        assert titles == sorted(titles), f"{name} tells the steps in another order"


async def should_be_told(folder: Path) -> list[Card]:
    """What the event log says that everybody is told."""
    async with connect(f"sqlite:///{folder}/incidents.db") as database:
        memory = SqlIncidents(database)
        incident: Incident = await memory.numbered(1)
        events = await memory.timeline(incident.id)
    steps = [step for event in events if (step := step_card(incident, event))]
    return [incident_card(incident), *steps]


def fragments(card: Card) -> Iterator[str]:
    """The words of a card, each in one piece."""
    yield card.title
    for part in card.parts:
        match part:
            case Text(text=text) | Code(text=text):
                yield text
            case Facts(pairs=pairs):
                yield from (word for pair in pairs for word in pair)
            case Button(label=label) | Form(label=label):
                yield label
            case _:
                continue


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()
