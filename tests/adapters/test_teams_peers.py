"""The Teams of the tests is as real as it says, tried with the smallest bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.servers.entra import APP_PASSWORD, SCOPE, Entra, entra
from tests.servers.playground import playground
from tests.servers.teams import activities
from tests.servers.teams.company import CHANNELS, PEOPLE
from tests.servers.teams.forgeries import FORGERIES, TRUE_TOKENS
from tests.servers.teams.reading import buttons, words
from tests.servers.teams.small_bot import SmallBot, small_bot
from tests.servers.teams.window import window
from tests.servers.teams_connector import Teams, connector

BEHIND = [connector, pytest.param(playground, marks=pytest.mark.real)]
Json = dict[str, Any]


@pytest.fixture(scope="module")
def microsoft() -> Iterator[Entra]:
    with entra() as service:
        yield service


@pytest.fixture(params=BEHIND)
async def teams(microsoft: Entra, request: pytest.FixtureRequest) -> AsyncIterator[Teams]:
    async with request.param(microsoft) as office:
        yield office


@pytest.fixture
async def bare(microsoft: Entra) -> AsyncIterator[Teams]:
    async with connector(microsoft) as office:
        yield office


@asynccontextmanager
async def serving(teams: Teams) -> AsyncIterator[SmallBot]:
    async with small_bot(teams.microsoft) as (bot, endpoint):
        teams.serves(endpoint)
        yield bot


@pytest.fixture
async def bot(teams: Teams) -> AsyncIterator[SmallBot]:
    async with serving(teams) as bot:
        yield bot


# People and the bot.


@pytest.mark.parametrize("scope", ["personal", "group", "channel"])
async def test_a_word_is_answered_with_a_card_and_a_press_changes_it_for_everybody(
    teams: Teams, bot: SmallBot, scope: str
) -> None:
    bob = teams.person("bob")
    said = await bob.says("list", scope)
    assert said is not None
    assert said.status == 200
    assert said.activity["from"] == {"id": bob.id, "name": "Bob", "aadObjectId": bob.aad}
    shown = teams.latest(teams.conversation(scope, "bob"))
    pressed = await bob.presses(shown, "Approve")
    assert "approved by Bob" in words(pressed.card)
    assert "approved by Bob" in words(teams.now(shown))
    assert teams.now(shown).updates == 1
    assert buttons(teams.seen_by("bob", shown)) == []
    assert teams.violations == []


@pytest.mark.parametrize("scope", ["group", "channel"])
async def test_teams_tells_the_bot_nothing_where_it_is_not_mentioned(teams: Teams, bot: SmallBot, scope: str) -> None:
    assert await teams.person("bob").says("list", scope, mention=False) is None
    assert bot.turns == []
    assert [one.by for one in teams.messages(scope)] == ["bob"]


async def test_a_channel_has_threads_and_each_is_a_conversation(teams: Teams, bot: SmallBot) -> None:
    await teams.person("bob").says("list", "channel")
    (first,) = teams.messages("channel")
    assert first.by == "bob"
    assert first.conversation == f"{CHANNELS['incidents']};messageid={first.id}"
    await teams.person("cleo").says("and now?", "channel", thread=first.id)
    by = [one.by for one in teams.thread("channel", first.id)]
    assert by == ["On-call agent", "cleo", "On-call agent"]
    assert [turn.from_property.name for turn in bot.turns] == ["Bob", "Cleo"]
    assert len(teams.messages("channel")) == 1


async def test_presses_at_once_each_find_their_own_answer(teams: Teams, bot: SmallBot) -> None:
    await teams.person("bob").says("list", "group")
    shown = teams.latest("group")
    keys = ("alice", "bob", "cleo")
    answers = await asyncio.gather(*(teams.person(key).presses(shown, "Approve") for key in keys))
    assert [key.capitalize() in words(one.card) for key, one in zip(keys, answers, strict=True)] == [True] * 3


async def test_a_client_without_execute_submits_and_hears_no_answer(teams: Teams, bot: SmallBot) -> None:
    bob = teams.person("bob")
    await bob.says("list", "group")
    shown = teams.latest("group")
    await bob.submits(shown, "Approve")
    assert bot.turns[-1].value == {"ask": "approve 1"}
    assert bot.turns[-1].reply_to_id == shown.id
    assert "submitted by Bob" in words(teams.now(shown))


async def test_a_refresh_reaches_only_those_it_names_and_changes_only_their_view(teams: Teams, bot: SmallBot) -> None:
    await teams.person("bob").says("list", "group")
    shown = teams.latest("group")
    assert await teams.person("bob").refreshes(shown) is None
    answer = await teams.person("mallory").refreshes(shown)
    assert answer is not None
    assert answer.activity["value"]["trigger"] == "automatic"
    assert buttons(teams.seen_by("mallory", shown)) == []
    assert buttons(teams.seen_by("bob", shown)) == ["Approve"]
    with pytest.raises(AssertionError, match="No button"):
        await teams.person("mallory").presses(shown, "Approve")


async def test_an_update_for_everybody_ends_own_views(bare: Teams) -> None:
    async with serving(bare):
        await bare.person("bob").says("list", "group")
        shown = bare.latest("group")
        await bare.person("mallory").refreshes(shown)
        await bare.person("bob").submits(shown, "Approve")
        assert "submitted by Bob" in words(bare.seen_by("mallory", shown))


async def test_a_message_is_reported_through_its_menu(teams: Teams, bot: SmallBot) -> None:
    bob = teams.person("bob")
    opened = await bob.message_action("disk is full on db-3", "report_as_incident")
    assert "Incident 1: new" in words(opened.card)
    sent = bot.turns[-1].value
    assert sent["commandContext"] == "message"
    assert sent["messagePayload"]["body"]["content"] == "<p>disk is full on db-3</p>"
    assert ";messageid=" in bot.turns[-1].conversation.id


async def test_installing_and_leaving_is_told(teams: Teams, bot: SmallBot) -> None:
    await teams.person("dave").installs()
    await teams.person("dave").uninstalls()
    await teams.installs("channel")
    kinds = [(turn.type, turn.action) for turn in bot.turns]
    told = [("installationUpdate", "add"), ("conversationUpdate", None)]
    assert kinds == [*told, ("installationUpdate", "remove"), *told]


async def test_a_bot_that_is_not_there_is_an_error(bare: Teams) -> None:
    bare.serves("http://127.0.0.1:9/api/messages")
    with pytest.raises(aiohttp.ClientError):
        await bare.person("bob").says("list")


@pytest.mark.real
async def test_in_a_browser(microsoft: Entra, pictures: Path) -> None:
    async with playground(microsoft) as teams, serving(teams), window(teams, pictures) as page:
        await page.says("list")
        await page.presses("Approve")
        await page.reads("approved by Alice")
        await page.opens("incidents")
        teams.sits_there("bob")
        await page.says("list", mention=True, new_post=True)
        await page.presses("Approve")
        await page.reads("approved by Bob")
        await page.says("again", mention=True)
        await page.reads("Incident 1: waiting")
        assert (await page.picture("peers")).stat().st_size > 10_000
        assert len(teams.messages("channel")) == 1
        assert [one.by for one in teams.messages("channel")] == ["bob"]


# Tokens.


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forgery_is_refused_by_a_bot_that_checks(bare: Teams, name: str) -> None:
    async with serving(bare) as bot:
        activity = activities.message(PEOPLE["bob"], bare.personal("bob"), "approve 1", mention=False, id_="1")
        answer = await bare.deliver(activity, FORGERIES[name](bare.microsoft, bare.service_url))
        assert answer.status == 401
        assert bot.turns == []


@pytest.mark.parametrize("name", TRUE_TOKENS)
async def test_a_true_token_is_taken(bare: Teams, name: str) -> None:
    async with serving(bare) as bot:
        activity = activities.message(PEOPLE["bob"], bare.personal("bob"), "list", mention=False, id_="1")
        answer = await bare.deliver(activity, TRUE_TOKENS[name](bare.microsoft, bare.service_url))
        assert answer.status == 200
        assert len(bot.turns) == 1


async def test_the_key_changes_and_the_service_can_be_down() -> None:
    with entra() as microsoft:
        old = microsoft.token("https://example/")
        microsoft.rotate()
        new = microsoft.token("https://example/")
        keys = await fetched(microsoft.openid.replace("openidconfiguration", "keys"))
        assert [one["kid"] for one in keys[1]["keys"]] == ["key-2", "of-webchat"]
        assert old.split(".")[0] != new.split(".")[0]
        microsoft.down = True
        assert (await fetched(microsoft.openid))[0] == 503
        assert microsoft.asked == ["keys", "openid"]


@pytest.mark.parametrize(
    "change", [{}, {"client_secret": "wrong"}, {"scope": "everything"}, {"grant_type": "password"}]
)
async def test_the_bots_own_token_is_given_for_its_password_alone(microsoft: Entra, change: Json) -> None:
    asked = {"grant_type": "client_credentials", "client_id": microsoft.app_id, "scope": SCOPE}
    form = {**asked, "client_secret": APP_PASSWORD, **change}
    async with aiohttp.ClientSession() as client, client.post(microsoft.token_url, data=form) as answer:
        body = await answer.json()
    assert answer.status == (401 if change else 200)
    assert microsoft.vouches_for(f"Bearer {body.get('access_token')}") == (not change)


async def fetched(url: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return answer.status, await answer.json()
