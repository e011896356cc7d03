"""The platform against Microsoft's own Agents Playground: heard, answered, pressed and changed in all three scopes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.chat.ask import Room
from adapters.chat.card import Card, Image, Tone
from adapters.chat.teams.platform import TeamsChat
from bot import stats
from bot.pictures import HEIGHT, WIDTH
from tests.adapters.teams_office import INCIDENT, Office
from tests.engine.test_learn import history
from tests.servers.adaptive_cards import violations
from tests.servers.entra import entra
from tests.servers.playground import playground
from tests.servers.teams.company import BOT_NAME
from tests.servers.teams.reading import words
from tests.servers.teams.window import window
from tests.servers.teams_connector import Teams

pytestmark = pytest.mark.real


@pytest.fixture
async def teams() -> AsyncIterator[Teams]:
    with entra() as microsoft:
        async with playground(microsoft) as company:
            yield company
            assert [one for card in company.cards for one in violations(card)] == []


@pytest.mark.parametrize("scope", ["personal", "group", "channel"])
async def test_a_whole_story(scope: str, teams: Teams, office: Office, chat: TeamsChat) -> None:
    alice = teams.person("alice")
    answer = await alice.says("list", scope)
    assert answer
    assert answer.status == 200
    await teams.until(lambda: office.texts[-1:] == ["list"])
    place = teams.conversation(scope).partition(";")[0]

    def here() -> list[str]:
        return [words(one) for one in teams.messages_by_id.values() if one.place == place and one.by == BOT_NAME]

    await teams.until(lambda: any("You said list" in one for one in here()))
    room = Room("incidents" if scope == "channel" else place)
    ref = await chat.post(room, INCIDENT, key=f"17 {scope}")
    await chat.post(room, Card("#17 Escalated to bob"), key=f"17-1 {scope}", thread=ref)
    message = next(one for one in teams.messages_by_id.values() if one.id == ref.message)
    pressed = await alice.presses(message, "Approve")
    assert pressed.message.startswith("You said approve 17 0badc0de")
    await alice.presses(message, "Reject", {"why": "not now"})
    assert office.texts[-2:] == ["approve 17 0badc0de", "reject 17 not now"]
    assert office.asks[-1].thread == ref.message
    await chat.update(ref, Card("#17 The disk is fine", tone=Tone.GOOD))
    assert "The disk is fine" in words(teams.now(message))
    if scope == "channel":
        assert ["Escalated" in words(one) for one in teams.thread("channel", ref.message)] == [True]


async def test_one_person_is_written_to_alone(teams: Teams, chat: TeamsChat) -> None:
    room = await chat.direct("alice@acme.test")
    await chat.post(room, Card("wake up"), key="17-wake")
    assert any("wake up" in words(one) for one in teams.direct_messages("alice"))


async def test_a_picture_in_a_card_is_drawn(teams: Teams, chat: TeamsChat, pictures: Path) -> None:
    curves = stats.picture(history("++-+++-+-++" * 6))
    async with window(teams, pictures) as page:
        await page.opens("incidents")
        await chat.post(Room("incidents"), Card("6 of 9 actions worked", (Image(curves, "Four charts"),)), key="stats")
        drawn = page.page.get_by_alt_text("Four charts")
        await drawn.wait_for()
        assert await drawn.evaluate("one => [one.naturalWidth, one.naturalHeight]") == [2 * WIDTH, 2 * HEIGHT]
        await page.picture("stats")
