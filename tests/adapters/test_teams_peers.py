"""The Teams of the tests is as real as it says, tried with the smallest bot."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.servers.entra import Entra, entra
from tests.servers.playground import playground
from tests.servers.teams.small_bot import SmallBot, small_bot
from tests.servers.teams_connector import Teams, connector

BEHIND = [connector, pytest.param(playground, marks=pytest.mark.real)]


@pytest.fixture(scope="module")
def microsoft() -> Iterator[Entra]:
    with entra() as service:
        yield service


@pytest.fixture(params=BEHIND)
async def teams(microsoft: Entra, request: pytest.FixtureRequest) -> AsyncIterator[Teams]:
    async with request.param(microsoft) as office:
        yield office


@pytest.fixture
async def bot(microsoft: Entra, teams: Teams) -> AsyncIterator[SmallBot]:
    async with small_bot(microsoft) as (bot, endpoint):
        teams.serves(endpoint)
        yield bot


@pytest.mark.parametrize("scope", ["personal", "group", "channel"])
async def test_a_word_is_answered_with_a_card_and_a_press_changes_it_for_everybody(
    teams: Teams, bot: SmallBot, scope: str
) -> None:
    bob = teams.person("bob")
    said = await bob.says("list", scope)
    assert said is not None
    assert said.status == 200
    shown = teams.latest(teams.conversation(scope, "bob"))
    pressed = await bob.presses(shown, "Approve")
    assert "approved by Bob" in str(pressed.card)
    assert "approved by Bob" in str(teams.now(shown).card)
