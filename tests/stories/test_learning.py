"""What was learned is seen: curves in each chat; a row of actions that works, proposed, accepted and used."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from engine import decide, group
from engine.detect import Detector
from engine.identify import load as names
from engine.knowledge import load
from engine.model import Judgement
from storage.database import connect
from storage.incidents import SqlIncidents
from storage.upgrade import upgrade
from tests.clock import FakeClock
from tests.engine.desks import TIMEOUT, Machine, desk, entry, settle
from tests.program import page, say
from tests.servers.slack import words as slack_words
from tests.servers.teams.reading import elements
from tests.servers.teams.reading import words as teams_words
from tests.stories.test_three_platforms import Everywhere, everywhere

pytestmark = pytest.mark.real

FOUND = "I may have learned something"
ROW = "restart_dag_task, then clear_dag_run worked 3 of 3 times in production"


async def lived_through(folder: Path) -> None:
    """Three incidents of one failure, each mended only by the second action that was tried."""
    known = [
        replace(one, proposals=(replace(one.proposals[0], prior=0.98), replace(one.proposals[1], prior=0.02)))
        if one.id == "airflow/task-timeout"
        else one
        for one in load()
    ]
    async with connect(f"sqlite:///{folder}/incidents.db") as database:
        await upgrade(database)
        machine, clock = Machine(), FakeClock()
        office = replace(desk(machine, clock), incidents=SqlIncidents(database), detector=Detector(known, names()))
        for number in range(3):
            machine.verdicts = [Judgement.FAILED, Judgement.WORKED]
            [incident] = await group.hear(office, [entry(TIMEOUT.replace('"orders"', f'"past_{number}"'))])
            for _ in range(2):
                incident = await settle(office, incident)
                await decide.approve(office, incident.number, "bob")
            await settle(office, incident)
            clock.pass_time(hours=1)
        assert machine.acts == ["restart_dag_task", "clear_dag_run"] * 3


async def stands(story: Everywhere, text: str, *, not_there: str = "") -> None:
    """Until one message in the main room of each platform says so, and none says the other."""

    async def everywhere_once() -> bool:
        web = [re.sub(r"<[^>]+>", "", one) for one in (await page(story.web)).split("<article")]
        slack = [slack_words(one) for one in await story.acme.messages("incidents")]
        teams = [teams_words(story.teams.now(one)) for one in story.teams.messages("incidents") if one.card]
        rooms = ([html.unescape(one) for one in web], slack, teams)
        return all(_once(room, text) and not (not_there and _said(room, not_there)) for room in rooms)

    await story.acme.until(everywhere_once)


def _once(room: Sequence[str], text: str) -> bool:
    return len(_said(room, text)) == 1


def _said(room: Sequence[str], text: str) -> list[str]:
    return [one for one in room if text in one]


async def test_a_row_that_works_is_proposed_accepted_by_one_press_and_used(tmp_path: Path) -> None:
    await lived_through(tmp_path)
    async with everywhere(tmp_path) as story:
        await stands(story, FOUND)
        await stands(story, ROW)
        [card] = [one for one in await story.acme.messages("incidents") if FOUND in slack_words(one)]
        await story.acme.person("bob").press(card, "Accept")
        await story.acme.until(lambda: story.acme.ephemerals("bob"))
        assert "is knowledge" not in slack_words(story.acme.ephemerals("bob")[-1])
        await story.acme.person("alice").press(card, "Accept", times=2)
        await stands(story, "Accepted by alice", not_there=FOUND)
        breaks(tmp_path)
        await stands(story, "Then, if that alone does not mend it")
        await say(story.web, story.program, "why 4")
        await shown(story, "restart_dag_task, then clear_dag_run worked 3 of 3 times here.")
        await say(story.web, story.program, "approve 4")
        await shown(story, "#4 is resolved", "/chat/incidents/thread/incident-4")


async def test_the_curves_are_a_picture_in_each_chat(tmp_path: Path, pictures: Path) -> None:
    await lived_through(tmp_path)
    async with everywhere(tmp_path) as story:
        await say(story.web, story.program, "stats")
        await shown(story, "3 of 6 actions worked")
        drawn = re.search(r'<img src="data:image/png;base64,([^"]+)" alt="Four charts', await page(story.web))
        assert drawn
        png = base64.b64decode(drawn[1])
        assert Image.open(io.BytesIO(png)).size == (1024, 960)
        (pictures / "stats.png").write_bytes(png)

        await story.acme.person("alice").slash("/oncall", "stats", "incidents")
        await story.acme.until(lambda: story.acme.api.files.shared)
        [file] = story.acme.api.files.shared
        assert (file.content, file.channel) == (png, story.acme.channels["incidents"])
        assert file.alt.startswith("Four charts")

        await story.teams.person("alice").says("stats", "channel")
        found = await story.acme.until(lambda: teams_pictures(story))
        assert found == [f"data:image/png;base64,{drawn[1]}"]


def teams_pictures(story: Everywhere) -> list[str]:
    cards = [one.card for one in story.teams.messages_by_id.values()]
    return [str(part["url"]) for card in cards if card for part in elements(card) if part["type"] == "Image"]


async def shown(story: Everywhere, text: str, path: str = "/chat/incidents") -> None:
    async def there() -> bool:
        return text in html.unescape(re.sub(r"<[^>]+>", "", await page(story.web, path)))

    await story.acme.until(there)


def breaks(folder: Path) -> None:
    (folder / "logs").mkdir()
    line = TIMEOUT.replace("2026-11-21T02:59:00Z", "2099-01-01T00:00:00Z")
    (folder / "logs" / "task.log").write_text(line + "\n")
