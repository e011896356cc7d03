"""A company on Teams, and the program in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.chat.teams import front_desk
from adapters.chat.teams.platform import TeamsChat
from tests.adapters.teams_office import Office
from tests.servers.adaptive_cards import violations
from tests.servers.entra import Entra, entra
from tests.servers.teams_connector import Teams, connector
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def sign_in() -> Iterator[Entra]:
    """One for all: making keys takes long."""
    with entra() as microsoft:
        yield microsoft


@pytest.fixture
async def teams(sign_in: Entra) -> AsyncIterator[Teams]:
    async with connector(sign_in) as company:
        yield company
        assert [one for card in company.cards for one in violations(card)] == []


@pytest.fixture
async def office(teams: Teams) -> Office:
    return Office(teams)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer comes at once, however slow the machine, unless a test is about one that does not."""
    monkeypatch.setattr(front_desk, "INVOKE_WAITS", PATIENCE)


@pytest.fixture
async def chat(office: Office) -> AsyncIterator[TeamsChat]:
    """The program, which the team and everybody in it has added."""
    async with office.open() as platform:
        await office.teams.installs("channel")
        await office.teams.installs("group")
        yield platform
