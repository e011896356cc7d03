"""A workspace, and a small bot in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.adapters.slack_peers.payloads import Json
from tests.adapters.slack_peers.small_bot import a_bot, over_http
from tests.servers.slack import Slack, slack


@pytest.fixture
async def acme() -> AsyncIterator[Slack]:
    async with slack() as workspace:
        yield workspace


@pytest.fixture
def client(acme: Slack) -> AsyncWebClient:
    return AsyncWebClient(token=acme.bot_token, base_url=acme.api_url)


@pytest.fixture
def heard() -> list[tuple[str, Json]]:
    return []


@pytest.fixture
async def bot(acme: Slack, heard: list[tuple[str, Json]]) -> AsyncIterator[AsyncApp]:
    bolt = a_bot(acme, heard)
    async with over_http(acme, bolt):
        yield bolt
