"""A workspace, and the program in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.chat.slack import front_desk
from adapters.chat.slack.platform import SlackChat
from tests.adapters.slack_office import Office
from tests.servers.slack import Slack, slack
from tests.waiting import PATIENCE


@pytest.fixture
async def acme() -> AsyncIterator[Slack]:
    async with slack() as workspace:
        yield workspace
        assert workspace.api.violations == []


@pytest.fixture
def office(acme: Slack) -> Office:
    return Office(acme)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer comes at once, however slow the machine, unless a test is about one that does not."""
    monkeypatch.setattr(front_desk, "MODAL_WAITS", PATIENCE)


@pytest.fixture
async def chat(office: Office) -> AsyncIterator[SlackChat]:
    async with office.open() as opened:
        yield opened
