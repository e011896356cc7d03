"""The Slack of the tests answers calls as faithfully as Slack does."""

from __future__ import annotations

import time
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.adapters.slack_peers.payloads import REJECT, WRONG
from tests.adapters.slack_peers.small_bot import refusal
from tests.servers.slack import Fault, Slack, slack

pytestmark = pytest.mark.real


async def test_trigger_ids_work_once_and_for_three_seconds(acme: Slack, client: AsyncWebClient) -> None:
    user = acme.users["alice"]
    trigger = acme.api.windows.trigger(user)
    await client.views_open(trigger_id=trigger, view=REJECT)
    assert await refusal(client.views_open(trigger_id=trigger, view=REJECT)) == "exchanged_trigger_id"
    late = acme.api.windows.trigger(user)
    acme.api.windows.aged = 3.1
    assert await refusal(client.views_open(trigger_id=late, view=REJECT)) == "expired_trigger_id"
    assert await refusal(client.views_open(trigger_id="1.2.3", view=REJECT)) == "invalid_trigger_id"


async def test_a_response_url_works_five_times_within_half_an_hour(acme: Slack) -> None:
    urls = acme.api.response_urls
    url = urls.mint(acme.channels["incidents"], acme.users["alice"])
    async with aiohttp.ClientSession() as session:
        for _ in range(5):
            async with session.post(url, json={"text": "x"}) as answer:
                assert answer.status == 200
        async with session.post(url, json={"text": "x"}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (404, "used_url")
        other = urls.mint(acme.channels["incidents"], acme.users["alice"])
        urls.aged = 1801
        async with session.post(other, json={"text": "x"}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (404, "expired_url")
    assert len(acme.ephemerals("alice")) == 5


async def test_a_response_url_replaces_and_deletes_what_was_pressed(acme: Slack, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=acme.channels["incidents"], text="before")
    url = acme.api.response_urls.mint(acme.channels["incidents"], acme.users["alice"], posted["ts"])
    async with aiohttp.ClientSession() as session:
        await (await session.post(url, json={"text": "after", "replace_original": True})).read()
        assert [one["text"] for one in await acme.messages("incidents")] == ["after"]
        await (await session.post(url, json={"text": "for all", "response_type": "in_channel"})).read()
        await (await session.post(url, json={"delete_original": True, "text": " "})).read()
        assert [one["text"] for one in await acme.messages("incidents")] == ["for all"]


async def test_the_bot_speaks_and_reads_only_where_it_was_invited(acme: Slack, client: AsyncWebClient) -> None:
    random = acme.channels["random"]
    assert await refusal(client.chat_postMessage(channel=random, text="x")) == "not_in_channel"
    assert await refusal(client.conversations_history(channel=random)) == "not_in_channel"
    await acme.invite("random")
    await client.chat_postMessage(channel=random, text="x")
    await acme.kick("random")
    assert await refusal(client.chat_postMessage(channel=random, text="x")) == "not_in_channel"
    secret = await acme.create("war-room", private=True)
    assert await refusal(client.chat_postMessage(channel=secret, text="x")) == "channel_not_found"
    await acme.invite("war-room")
    await client.chat_postMessage(channel=secret, text="x")
    assert await refusal(client.chat_postMessage(channel="C404", text="x")) == "channel_not_found"


async def test_what_a_message_carries_for_the_bot_comes_back_when_asked_for(
    acme: Slack, client: AsyncWebClient
) -> None:
    channel = acme.channels["incidents"]
    metadata = {"event_type": "oncall_card", "event_payload": {"key": "17-1"}}
    root = await client.chat_postMessage(channel=channel, text="x", metadata=metadata)
    await client.chat_postMessage(channel=channel, text="y", metadata=metadata, thread_ts=root["ts"])
    history = await client.conversations_history(channel=channel, include_all_metadata=True)
    assert [one.get("metadata") for one in history["messages"]] == [metadata]
    replies = await client.conversations_replies(channel=channel, ts=root["ts"], include_all_metadata=True)
    assert [one["metadata"] for one in replies["messages"]] == [metadata, metadata]
    plainly = await client.conversations_history(channel=channel)
    assert "metadata" not in plainly["messages"][0]
    assert (
        await refusal(client.chat_postMessage(channel=channel, text="x", metadata={"key": 1}))
        == "invalid_metadata_format"
    )


async def test_history_comes_in_pages_and_between_moments(acme: Slack, client: AsyncWebClient) -> None:
    channel = acme.channels["incidents"]
    stamps = [(await client.chat_postMessage(channel=channel, text=str(number)))["ts"] for number in range(5)]

    async def texts(**arguments: Any) -> list[str]:
        return [one["text"] for one in (await client.conversations_history(channel=channel, **arguments))["messages"]]

    assert await texts(limit=2) == ["4", "3"]
    assert await texts(oldest=stamps[2]) == ["4", "3"]
    assert await texts(oldest=stamps[2], inclusive=True, latest=stamps[3]) == ["3", "2"]
    first = await client.conversations_history(channel=channel, limit=2)
    assert await texts(limit=2, cursor=first["response_metadata"]["next_cursor"]) == ["2", "1"]
    rooms = await client.conversations_list(limit=2)
    assert len(rooms["channels"]) == 2
    more = await client.conversations_list(limit=100, cursor=rooms["response_metadata"]["next_cursor"])
    assert {one["name"] for one in [*rooms["channels"], *more["channels"]]} >= {"incidents", "data-oncall", "random"}


async def test_who_somebody_is_depends_on_the_scopes(acme: Slack, client: AsyncWebClient) -> None:
    alice = await client.users_lookupByEmail(email="alice@acme.test")
    assert alice["user"]["id"] == acme.users["alice"]
    assert (await client.users_info(user=acme.users["alice"]))["user"]["profile"]["email"] == "alice@acme.test"
    assert (await client.users_info(user=acme.users["visitor"]))["user"]["is_stranger"] is True
    assert (await client.users_info(user=acme.users["leaver"]))["user"]["deleted"] is True
    assert await refusal(client.users_lookupByEmail(email="leaver@acme.test")) == "users_not_found"
    assert await refusal(client.users_lookupByEmail(email="nobody@acme.test")) == "users_not_found"
    async with slack(scopes=["users:read"]) as poor:
        less = AsyncWebClient(token=poor.bot_token, base_url=poor.api_url)
        assert "email" not in (await less.users_info(user=poor.users["alice"]))["user"]["profile"]
        assert await refusal(less.users_lookupByEmail(email="alice@acme.test")) == "missing_scope"
        assert (await less.auth_test()).headers["x-oauth-scopes"] == "users:read"


async def test_who_the_bot_is_and_where_its_messages_stand(acme: Slack, client: AsyncWebClient) -> None:
    me = await client.auth_test()
    assert (me["url"], me["user_id"]) == ("https://acme.slack.com/", acme.bot_user)
    assert "chat:write" in me.headers["x-oauth-scopes"].split(",")
    posted = await client.chat_postMessage(channel=acme.channels["incidents"], text="x")
    link = await client.chat_getPermalink(channel=posted["channel"], message_ts=posted["ts"])
    assert link["permalink"].endswith(f"/archives/{posted['channel']}/p{posted['ts'].replace('.', '')}")
    assert await refusal(client.chat_update(channel=posted["channel"], ts="1.1", text="y")) == "message_not_found"
    stranger = AsyncWebClient(token="xoxb-of-somebody-else", base_url=acme.api_url)
    assert await refusal(stranger.auth_test()) == "invalid_auth"
    assert await refusal(client.api_call("chat.shout")) == "unknown_method"


async def test_a_message_that_breaks_a_rule_is_refused_and_kept_for_the_test(
    acme: Slack, client: AsyncWebClient
) -> None:
    channel = acme.channels["incidents"]
    bad = WRONG["a long section"][0]
    assert await refusal(client.chat_postMessage(channel=channel, **bad)) == "invalid_blocks"
    assert (
        await refusal(client.chat_postEphemeral(channel=channel, user=acme.users["alice"], **bad)) == "invalid_blocks"
    )
    long = WRONG["too much in all"][0]
    assert await refusal(client.chat_postMessage(channel=channel, **long)) == "msg_blocks_too_long"
    assert await refusal(client.views_publish(user_id=acme.users["alice"], view=WRONG["101 blocks in a home"][0]))
    assert {one.split(":")[0] for one in acme.api.violations} == {
        "chat.postMessage",
        "chat.postEphemeral",
        "views.publish",
    }
    assert await acme.messages("incidents") == []


async def test_faults_strike_as_planned(acme: Slack, client: AsyncWebClient) -> None:
    channel = acme.channels["incidents"]

    async def post(text: str) -> Any:
        return await client.chat_postMessage(channel=channel, text=text)

    acme.api.fail("chat.postMessage", Fault.BUSY, times=2, after=7, channel="incidents")
    for _ in range(2):
        with pytest.raises(SlackApiError) as busy:
            await post("busy")
        assert (busy.value.response.status_code, busy.value.response.headers["Retry-After"]) == (429, "7")
    await client.chat_postMessage(channel=acme.channels["data-oncall"], text="another room")
    acme.api.fail("chat.postMessage", Fault.BROKEN)
    with pytest.raises(SlackApiError):
        await post("broken")
    for fault in (Fault.LOST, Fault.SWALLOWED):
        acme.api.fail("chat.postMessage", fault, times=2)  # the client of slack_sdk tries once more by itself
        with pytest.raises(aiohttp.ClientError):
            await post(fault)
    acme.api.faults.planned.clear()
    acme.api.fail("chat.postMessage", Fault.BUSY, seconds=3600)
    with pytest.raises(SlackApiError):
        await post("still busy")
    acme.api.fail("chat.postMessage", Fault.BUSY, seconds=0)
    acme.api.faults.planned.pop(0)
    acme.api.fail("chat.postMessage", Fault.SLOW, after=0.2)
    started = time.monotonic()
    await post("slow")
    assert time.monotonic() - started > 0.2
    acme.api.fail("chat.postMessage", "internal_error")
    assert await refusal(post("error")) == "internal_error"
    texts = [one["text"] for one in await acme.messages("incidents")]
    assert set(texts) == {"swallowed", "slow"}
    assert {call.status for call in acme.api.made("chat.postMessage")} == {0, 200, 429, 500}


async def test_who_posts_faster_than_slack_allows_is_told_to_wait(acme: Slack, client: AsyncWebClient) -> None:
    acme.api.limit("chat.postMessage", calls=2, seconds=3600)
    for _ in range(2):
        await client.chat_postMessage(channel=acme.channels["incidents"], text="x")
    with pytest.raises(SlackApiError) as busy:
        await client.chat_postMessage(channel=acme.channels["incidents"], text="x")
    assert 0 < int(busy.value.response.headers["Retry-After"]) <= 3600
    await client.chat_postMessage(channel=acme.channels["data-oncall"], text="x")
    acme.api.faults.limits["chat.postMessage"].seconds = 0
    await client.chat_postMessage(channel=acme.channels["incidents"], text="x")
    assert len(await acme.messages("incidents")) == 3
