"""The connector of the tests refuses, fails and loses answers as the real one does, each time in its words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import aiohttp
import pytest

from tests.servers.entra import APP_PASSWORD, SCOPE, Entra, entra
from tests.servers.playground import playground
from tests.servers.teams.company import CHANNELS, GROUP, OTHER_TENANT, PEOPLE, TEAM
from tests.servers.teams_connector import Teams, connector

Json = dict[str, Any]


@pytest.fixture(scope="module")
def microsoft() -> Iterator[Entra]:
    with entra() as service:
        yield service


@pytest.fixture
async def bare(microsoft: Entra) -> AsyncIterator[Teams]:
    async with connector(microsoft) as office:
        yield office


@pytest.fixture
async def asks(bare: Teams) -> AsyncIterator[Asks]:
    async with aiohttp.ClientSession() as client:
        yield Asks(bare, client, await own_token(bare.microsoft))


class Asks:
    """A bot's bare requests."""

    def __init__(self, teams: Teams, client: aiohttp.ClientSession, token: str) -> None:
        self.teams, self.client, self.token = teams, client, token

    async def __call__(self, method: str, path: str, body: Json | None = None) -> tuple[int, Any]:
        status, said, _ = await self.whole(method, path, body)
        return status, said

    async def whole(self, method: str, path: str, body: Json | None = None) -> tuple[int, Any, Mapping[str, str]]:
        url = f"{self.teams.service_url}v3/{path}"
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.client.request(method, url, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, (await answer.json() if text else None), answer.headers

    async def posts(self, conversation: str, text: str = "hello") -> tuple[int, Any]:
        return await self("POST", f"conversations/{conversation}/activities", {"type": "message", "text": text})


async def own_token(microsoft: Entra) -> str:
    asked = {"grant_type": "client_credentials", "client_id": microsoft.app_id, "scope": SCOPE}
    form = {**asked, "client_secret": APP_PASSWORD}
    async with aiohttp.ClientSession() as client, client.post(microsoft.token_url, data=form) as answer:
        return str((await answer.json())["access_token"])


def code(body: Any) -> str:
    return str(body["error"]["code"])


def one_to_one(key: str, **change: Any) -> Json:
    return {"isGroup": False, "members": [{"id": PEOPLE[key].id}], "tenantId": PEOPLE["bob"].tenant, **change}


async def test_it_wants_the_bots_own_token(asks: Asks) -> None:
    own = asks.token
    assert (await asks.posts(GROUP))[0] == 201
    asks.token = asks.teams.microsoft.token(asks.teams.service_url)
    assert (await asks.posts(GROUP))[0] == 401
    asks.token = own
    asks.teams.microsoft.revoke()
    assert (await asks.posts(GROUP))[0] == 401
    assert [call.status for call in asks.teams.calls] == [201, 401, 401]


async def test_it_writes_only_where_the_app_is(asks: Asks) -> None:
    asks.teams.serves("http://127.0.0.1:9/")
    asks.teams.installed.discard(TEAM)
    assert code((await asks.posts(CHANNELS["incidents"]))[1]) == "BotNotInConversationRoster"
    assert (await asks.posts("19:elsewhere@thread.v2"))[0] == 404
    assert code((await asks.posts(asks.teams.personal("dave")))[1]) == "BotNotInConversationRoster"


async def test_it_makes_conversations_only_with_whom_the_app_reaches(asks: Asks) -> None:
    status, made = await asks("POST", "conversations", one_to_one("bob"))
    assert (status, made["id"]) == (201, asks.teams.personal("bob"))
    assert (await asks("POST", "conversations", one_to_one("gina")))[0] == 201
    status, refusal = await asks("POST", "conversations", one_to_one("dave"))
    assert (status, code(refusal)) == (403, "ForbiddenOperationException")
    assert (await asks("POST", "conversations", one_to_one("bob", tenantId=OTHER_TENANT)))[0] == 400
    assert (await asks("POST", "conversations", one_to_one("bob", members=[{"id": "29:nobody"}])))[0] == 400
    assert (await asks("POST", "conversations", one_to_one("bob", members=[{"id": PEOPLE["bob"].aad}])))[0] == 201


async def test_whoever_blocks_the_bot_is_told_nothing(asks: Asks) -> None:
    where = asks.teams.personal("bob")
    asks.teams.blocks("bob")
    status, refusal = await asks.posts(where)
    assert status == 403
    assert '"subCode": "MessageWritesBlocked"' in refusal["message"]
    asks.teams.unblocks("bob")
    assert (await asks.posts(where))[0] == 201


@pytest.mark.parametrize(("letters", "status"), [(50_000, 201), (51_200, 413)])
async def test_a_message_has_at_most_100_kilobytes_of_two_bytes_a_letter(asks: Asks, letters: int, status: int) -> None:
    answered, body = await asks.posts(GROUP, "x" * letters)
    assert answered == status
    assert status == 201 or code(body) == "MessageSizeTooBig"


async def test_an_empty_message_and_a_mention_of_nobody_are_refused(asks: Asks) -> None:
    path = f"conversations/{GROUP}/activities"
    assert (await asks("POST", path, {"type": "message"}))[0] == 400
    mention = {"type": "mention", "text": "<at>Bob</at>", "mentioned": {"id": "29:bob", "name": "Bob"}}
    assert (await asks("POST", path, {"type": "message", "text": "hi Bob", "entities": [mention]}))[0] == 400
    assert (await asks("POST", path, {"type": "message", "text": "hi <at>Bob</at>", "entities": [mention]}))[0] == 201


async def test_messages_are_updated_and_deleted_by_who_wrote_them(asks: Asks) -> None:
    _, made = await asks.posts(CHANNELS["incidents"], "one")
    (written,) = asks.teams.messages("channel")
    path = f"conversations/{written.conversation}/activities/{made['id']}"
    assert (await asks("PUT", path, {"type": "message", "text": "two"}))[0] == 200
    assert asks.teams.now(written).text == "two"
    assert (await asks("DELETE", path))[0] == 200
    assert asks.teams.messages("channel") == []
    assert code((await asks("DELETE", path))[1]) == "ActivityNotFoundInConversation"
    of_bob = asks.teams.keeps(GROUP, by="bob", text="mine")
    assert (await asks("DELETE", f"conversations/{GROUP}/activities/{of_bob.id}"))[0] == 403


async def test_a_reply_needs_a_thread_that_exists(asks: Asks) -> None:
    _, made = await asks.posts(CHANNELS["incidents"])
    assert (await asks.posts(f"{CHANNELS['incidents']};messageid={made['id']}", "reply"))[0] == 201
    assert [one.text for one in asks.teams.thread("channel", made["id"])] == ["reply"]
    assert (await asks.posts(f"{CHANNELS['incidents']};messageid=12345"))[0] == 404


async def test_a_post_in_a_channel_can_be_made_as_a_conversation(asks: Asks) -> None:
    post = {"channelData": {"channel": {"id": CHANNELS["incidents"]}}, "activity": {"type": "message", "text": "hi"}}
    status, made = await asks("POST", "conversations", {"isGroup": True, **post})
    assert status == 201
    assert made["id"] == f"{CHANNELS['incidents']};messageid={made['activityId']}"


async def test_members_come_by_page_and_by_any_of_their_names(asks: Asks) -> None:
    asks.teams.page_size = 2
    names, token = [], ""
    while True:
        _, page = await asks("GET", f"conversations/{TEAM}/pagedmembers?pageSize=500&continuationToken={token}")
        names += [one["name"] for one in page["members"]]
        token = page.get("continuationToken", "")
        if not token:
            break
    assert names == ["Alice", "Bob", "Cleo", "Mallory", "Gina"]
    bob = PEOPLE["bob"]
    for name in (bob.id, bob.aad, bob.email):
        assert (await asks("GET", f"conversations/{GROUP}/members/{name}"))[1]["aadObjectId"] == bob.aad
    assert (await asks("GET", f"conversations/{GROUP}/members/29:dave"))[0] == 404
    _, gina = await asks("GET", f"conversations/{TEAM}/members/{PEOPLE['gina'].id}")
    assert (gina["userRole"], gina["tenantId"]) == ("guest", OTHER_TENANT)


async def test_a_teams_channels_are_listed_the_first_without_a_name(asks: Asks) -> None:
    _, listed = await asks("GET", f"teams/{TEAM}/conversations")
    assert listed["conversations"][:2] == [{"id": TEAM}, {"id": CHANNELS["incidents"], "name": "incidents"}]
    assert (await asks("GET", "teams/19:other@thread.tacv2"))[0] == 404


async def test_more_than_seven_a_second_is_too_many(asks: Asks) -> None:
    asks.teams.pace.now = lambda: 0.0
    answers = [await asks.whole("POST", f"conversations/{GROUP}/activities", {"text": str(n)}) for n in range(8)]
    assert [status for status, _, _ in answers] == [201] * 7 + [429]
    wait = float(answers[-1][2]["Retry-After"])
    assert 0 < wait <= 1.1
    assert (await asks.posts(CHANNELS["incidents"]))[0] == 201
    asks.teams.is_patient = True
    assert (await asks.posts(GROUP))[0] == 201


@pytest.mark.parametrize("status", [403, 412, 413, 500, 502, 503, 504])
async def test_it_fails_as_often_as_a_test_says(asks: Asks, status: int) -> None:
    asks.teams.fails(status, times=2, method="POST", within=GROUP)
    answers = [(await asks.posts(where))[0] for where in (GROUP, CHANNELS["incidents"], GROUP, GROUP)]
    assert answers == [status, 201, status, 201]


async def test_it_can_be_busy_until_it_heals(asks: Asks) -> None:
    asks.teams.fails(429, times=None, retry_after=3)
    status, body, headers = await asks.whole("GET", f"teams/{TEAM}")
    assert (status, headers["Retry-After"], code(body)) == (429, "3", "Throttled")
    asks.teams.heals()
    assert (await asks("GET", f"teams/{TEAM}"))[0] == 200


async def test_an_answer_can_be_lost_after_it_took_effect(asks: Asks) -> None:
    asks.teams.swallows()
    with pytest.raises(aiohttp.ClientError):
        await asks.posts(GROUP, "did it arrive?")
    assert [one.text for one in asks.teams.messages("group")] == ["did it arrive?"]
    assert (await asks.posts(GROUP))[0] == 201


@pytest.mark.real
async def test_the_playground_too_refuses_what_it_does_not_know(microsoft: Entra) -> None:
    async with playground(microsoft) as teams, aiohttp.ClientSession() as client:
        asks = Asks(teams, client, await own_token(microsoft))
        assert (await asks.posts(CHANNELS["data-oncall"]))[0] == 404
        assert (await asks.posts(GROUP, "x" * 60_000))[0] == 413
