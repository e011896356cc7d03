"""``oncall check`` asks Slack and Microsoft: what is right, and what is missing with what to do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.check.report import Level, Line
from bot.check.slack import slack as check_slack
from bot.check.teams import teams_bot
from bot.settings import load
from engine.errors import OnCallError
from storage.database import connect
from storage.upgrade import upgrade
from tests.servers.entra import entra
from tests.servers.slack import slack
from tests.servers.teams_connector import connector

pytestmark = pytest.mark.real


async def asked(folder: Path, settings: dict[str, str]) -> list[Line]:
    database = {"DATABASE_URL": f"sqlite:///{folder}/incidents.db"}
    return await check_slack(load({**database, **settings}))


async def test_slack_is_right_or_says_what_is_missing(tmp_path: Path) -> None:
    async with slack() as acme:
        good = {
            **acme.settings,
            "SLACK_APP_TOKEN": acme.app_token,
            "SLACK_ROUTES": "service=airflow -> data-oncall",
        }
        lines = await asked(tmp_path, good)
        assert {line.level for line in lines} == {Level.OK}
        assert "oncall in Acme, by Socket Mode" in lines[0].text
        assert [line.text for line in lines[1:]] == ["is in the channel incidents", "is in the channel data-oncall"]
        [wrong] = [
            one for one in await asked(tmp_path, {**good, "SLACK_CHANNEL": "random"}) if one.level is Level.ERROR
        ]
        assert wrong.text == "The agent is not in #random. Say there: /invite @oncall"
        [wrong] = [
            one for one in await asked(tmp_path, {**good, "SLACK_CHANNEL": "nowhere"}) if one.level is Level.ERROR
        ]
        assert "nowhere" in wrong.text
        [wrong] = [
            one for one in await asked(tmp_path, {**good, "SLACK_APP_TOKEN": "xapp-no"}) if one.level is Level.ERROR
        ]
        assert "opens no connection" in wrong.text
        with pytest.raises(OnCallError, match="token"):
            await asked(tmp_path, {**good, "SLACK_BOT_TOKEN": "xoxb-wrong"})


async def test_slack_names_the_missing_scope_and_what_it_is_for(tmp_path: Path) -> None:
    scopes = ["chat:write", "commands", "channels:read", "groups:read", "users:read", "im:write", "im:history"]
    async with slack(scopes=scopes) as acme:
        wrong = [line.text for line in await asked(tmp_path, acme.settings) if line.level is Level.ERROR]
    assert any("lacks the scope users:read.email, to know whose account it is" in text for text in wrong)
    assert any("lacks the scope app_mentions:read" in text for text in wrong)


async def test_without_slack_it_says_how_to_get_it(tmp_path: Path) -> None:
    [line] = await asked(tmp_path, {})
    assert line.level is Level.NOTE
    assert "manifests/slack/manifest.yaml" in line.advice


async def test_teams_is_right_or_says_what_is_missing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/incidents.db"
    async with connect(url) as database:
        await upgrade(database)
    with entra() as microsoft:
        async with connector(microsoft):
            good = {
                "DATABASE_URL": url,
                "PUBLIC_URL": "https://oncall.example.com",
                **microsoft.settings,
            }
            [line] = await teams_bot(load(good))
            assert (line.level, "sees no channel incidents" in line.text) == (Level.ERROR, True)
            await asyncio.to_thread((tmp_path / "incidents.db").unlink)
            [line] = await teams_bot(load(good))
            assert line == Line(Level.OK, "Teams", "Microsoft accepts the app id and its password")
            [line] = await teams_bot(load({**good, "TEAMS_APP_PASSWORD": "wrong"}))
            assert line.level is Level.ERROR
            assert "does not accept the app id or its password" in line.text
            first, *_ = await teams_bot(load({**good, "PUBLIC_URL": "http://oncall.example.com"}))
            assert "it calls by https only" in first.text
