"""Teams' door: who may speak to the bot, and that nobody else is heard."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from adapters.chat.teams.doorkeeper import Doorkeeper, TurnedAway
from adapters.chat.teams.keys import Keys
from adapters.chat.teams.platform import Registration
from adapters.chat.teams.registration import here, safe
from bot.clock import SystemClock
from engine.errors import Unreachable
from tests.adapters.teams_office import Office
from tests.clock import FakeClock
from tests.servers.entra import Entra, entra
from tests.servers.teams import activities
from tests.servers.teams.company import OTHER_TENANT, PEOPLE
from tests.servers.teams.forgeries import FORGERIES, TRUE_TOKENS
from tests.servers.teams_connector import connector

pytestmark = pytest.mark.real

ALICE = PEOPLE["alice"]


@pytest.fixture(scope="module")
def sign_in() -> Iterator[Entra]:
    """One for all: making keys takes long."""
    with entra() as microsoft:
        yield microsoft


@pytest.fixture
async def office(sign_in: Entra) -> AsyncIterator[Office]:
    sign_in.asked.clear()
    sign_in.down, sign_in.silent = False, False
    async with connector(sign_in) as teams:
        office = Office(teams, clock=FakeClock(SystemClock().now()))
        async with office.open():
            yield office


def spoken(office: Office, **changed: Any) -> dict[str, Any]:
    said = activities.message(ALICE, office.teams.personal("alice"), "list", mention=False, id_="1")
    return {**said, **changed}


def deep(levels: int) -> dict[str, Any]:
    return {"a": deep(levels - 1)} if levels else {}


async def heard(office: Office) -> list[str]:
    """What was heard a moment later."""
    await asyncio.sleep(0.1)
    return office.texts


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_token_is_refused_and_no_turn_runs(name: str, office: Office) -> None:
    header = FORGERIES[name](office.teams.microsoft, office.teams.service_url)
    answer = await office.teams.deliver(spoken(office), header)
    assert answer.status in (401, 403)
    assert answer.text == ""
    assert await heard(office) == []
    assert office.teams.calls == []
    assert await office.cursors.get(f"teams:ref:{office.teams.personal('alice')}") is None


@pytest.mark.parametrize("name", TRUE_TOKENS)
async def test_a_true_token_is_let_in(name: str, office: Office) -> None:
    header = TRUE_TOKENS[name](office.teams.microsoft, office.teams.service_url)
    assert (await office.teams.deliver(spoken(office), header)).status == 200
    await office.teams.until(lambda: office.texts == ["list"])


@pytest.mark.parametrize(
    "changed",
    [
        {"channelId": "webchat"},
        {"channelId": "emulator"},
        {"conversation": {"id": "a:1", "tenantId": OTHER_TENANT}},
        {"conversation": {"id": "a:1"}, "channelData": {}},
        {"conversation": {"id": "a:1"}, "channelData": {"tenant": {"id": OTHER_TENANT}}},
    ],
)
async def test_what_the_token_does_not_vouch_for_is_refused(changed: dict[str, Any], office: Office) -> None:
    assert (await office.teams.deliver(spoken(office, **changed))).status == 403
    assert await heard(office) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"1",
        b"{}",
        b'"\xff"',
        b"[" * 50_000,
        b'{"a":' * 200 + b"1" + b"}" * 200,
    ],
)
async def test_a_body_that_is_no_activity_is_refused(body: bytes, office: Office) -> None:
    headers = {"Authorization": office.teams.microsoft.header("https://a"), "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as client, client.post(office.teams.endpoint, data=body, headers=headers) as one:
        assert one.status == 400
    assert await heard(office) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"type": 1},
        {"id": None},
        {"from": None},
        {"from": {"id": 5}},
        {"recipient": []},
        {"conversation": {"id": ["x"], "tenantId": "t"}},
        {"conversation": {"conversationType": "moon"}},
        {"entities": {"type": "mention"}},
        {"text": {"a": 1}},
        {"serviceUrl": "file:///etc/passwd"},
        {"timestamp": "yesterday"},
        {"attachments": 7},
        {"value": deep(100)},
    ],
)
async def test_an_activity_of_another_shape_is_refused(changed: dict[str, Any], office: Office) -> None:
    if "conversation" in changed:
        changed = {"conversation": {**spoken(office)["conversation"], **changed["conversation"]}}
    assert (await office.teams.deliver(spoken(office, **changed))).status in (400, 403)
    assert await heard(office) == []


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"action": None},
        {"action": {"type": "Action.Execute", "verb": "say", "data": None}},
        {"action": {"type": "Action.Execute", "verb": "say", "data": {}}},
        {"action": {"type": "Action.Execute", "verb": "form", "data": {"form": {"fields": [{"kind": "bomb"}]}}}},
        {"action": {"type": "Action.Execute", "verb": "refresh", "data": {"ask": "approve 1"}}},
        {"action": {"type": "Action.Execute", "verb": ["x"], "data": {"ask": 7}}},
    ],
)
async def test_a_press_that_is_none_of_ours_is_refused(value: object, office: Office) -> None:
    pressed = activities.press(ALICE, office.teams.personal("alice"), "1", {})
    assert (await office.teams.deliver({**pressed, "value": value})).status == 400
    assert await heard(office) == []


async def test_other_methods_and_bodies_have_no_door(office: Office) -> None:
    headers = {"Authorization": office.teams.microsoft.header(office.teams.service_url)}
    async with aiohttp.ClientSession(headers=headers) as client:
        async with client.get(office.teams.endpoint) as one:
            assert one.status == 405
        async with client.post(office.teams.endpoint, data=json.dumps(spoken(office))) as one:
            assert one.status == 400
    assert await heard(office) == []


async def test_a_new_key_of_microsofts_is_learned_and_the_old_one_forgotten(office: Office) -> None:
    teams, clock = office.teams, office.clock
    assert isinstance(clock, FakeClock)
    old = teams.microsoft.header(teams.service_url)
    assert (await teams.deliver(spoken(office), old)).status == 200
    teams.microsoft.rotate()
    clock.pass_time(seconds=11)
    assert (await teams.deliver(spoken(office, id="2"))).status == 200
    assert (await teams.deliver(spoken(office, id="3"), old)).status == 401
    assert teams.microsoft.asked.count("keys") == 2


async def test_invented_keys_do_not_make_us_ask_microsoft_again_and_again(office: Office) -> None:
    for _ in range(20):
        header = FORGERIES["an unknown key"](office.teams.microsoft, office.teams.service_url)
        assert (await office.teams.deliver(spoken(office), header)).status == 401
    assert office.teams.microsoft.asked.count("keys") == 1


async def test_keys_that_cannot_be_read_let_nobody_in_and_are_read_again(office: Office) -> None:
    teams, clock = office.teams, office.clock
    assert isinstance(clock, FakeClock)
    teams.microsoft.down = True
    assert (await teams.deliver(spoken(office))).status == 503
    teams.microsoft.down = False
    clock.pass_time(seconds=11)
    assert (await teams.deliver(spoken(office))).status == 200
    teams.microsoft.down = True
    clock.pass_time(days=2)
    renewed = teams.microsoft.token(teams.service_url)
    assert (await teams.deliver(spoken(office, id="2"), f"Bearer {renewed}")).status == 200, "old keys are kept"


async def test_slow_keys_keep_nobody_waiting(office: Office) -> None:
    """A loop that stood still would never come to let Microsoft speak."""
    microsoft = office.teams.microsoft
    microsoft.silent = True
    asked = asyncio.create_task(office.teams.deliver(spoken(office)))
    await office.teams.until(lambda: microsoft.asked)
    microsoft.silent = False
    assert (await asked).status == 200


def local() -> Registration:
    return Registration()


async def _post(office: Office, **headers: str) -> int:
    body = {"serviceUrl": office.teams.service_url, **spoken(office)}
    async with aiohttp.ClientSession() as client, client.post(office.teams.endpoint, json=body, headers=headers) as one:
        return one.status


async def test_without_an_app_id_only_this_machine_is_served(sign_in: Entra) -> None:
    async with connector(sign_in) as teams:
        office = Office(teams)
        async with office.open(local()):
            assert await _post(office, Host="oncall.example.com") == 403
            assert await _post(office, Host="oncall.example.com:8000") == 403
            assert await _post(office, Origin="https://evil.example") == 403
            assert office.asks == []
            elsewhere = {**spoken(office), "serviceUrl": "https://smba.trafficmanager.net/teams/"}
            assert (await teams.deliver(elsewhere, None)).status == 403
            assert await _post(office) == 200
            await teams.until(lambda: office.texts == ["list"])
            assert not office.asks[0].email, "nobody vouches for it"


async def test_without_an_app_id_another_machine_is_refused() -> None:
    class Request:
        remote, host, headers = "10.0.0.7", "127.0.0.1", {}  # type: ignore[var-annotated] # no header at all

    keys = Keys("", aiohttp.ClientSession, FakeClock())
    with pytest.raises(TurnedAway):
        await Doorkeeper(local(), keys).know(Request())  # type: ignore[arg-type] # all of a request that is looked at


@pytest.mark.parametrize("url", ["http://login.example.com/keys", "ftp://127.0.0.1/", "file:///keys", "https://"])
async def test_keys_do_not_come_over_an_open_line(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(Unreachable):
            await Keys(url, lambda: session, FakeClock()).get("key-1")
    assert not safe(url)


def test_what_is_this_machine() -> None:
    assert all(here(one) for one in ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"))
    assert not any(here(one) for one in ("", None, "10.0.0.1", "localhost.example.com", "127.0.0.1.example.com"))


def test_a_registration_does_not_show_its_password() -> None:
    shown = repr(Registration("an-id", "s3cret", "a-tenant"))
    assert "s3cret" not in shown
    assert "an-id" in shown
