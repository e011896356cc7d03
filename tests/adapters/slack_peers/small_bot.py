"""A bot as the tutorial of Bolt would have it."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.adapters.slack_peers.payloads import REJECT, Json, actions, button, section
from tests.servers.slack import Slack


def a_bot(acme: Slack, heard: list[tuple[str, Json]]) -> AsyncApp:  # noqa: C901 - eight listeners, each a few lines
    """Thirty lines of Bolt, as its tutorial would have them."""
    bolt = AsyncApp(
        client=AsyncWebClient(token=acme.bot_token, base_url=acme.api_url),
        signing_secret=acme.signing_secret,
        ignoring_self_events_enabled=False,
    )

    @bolt.command("/oncall")
    async def command(ack: Any, body: Json, respond: Any) -> None:
        heard.append(("command", body))
        await ack()
        await respond(text="nothing is broken", blocks=[section("nothing is broken"), actions(button())])

    @bolt.event("app_mention")
    async def mention(event: Json, say: Any) -> None:
        heard.append(("mention", event))
        await say(text="on it", thread_ts=event.get("thread_ts") or event["ts"])

    @bolt.event("message")
    async def direct(event: Json, say: Any) -> None:
        heard.append(("message", event))
        if "bot_id" not in event and "subtype" not in event:
            await say(text="hello you")

    @bolt.action("say1")
    async def say1(ack: Any, body: Json, respond: Any) -> None:
        heard.append(("action", body))
        await ack()
        if "response_url" in body:
            await respond(text="done", replace_original=False)

    @bolt.action("form1")
    async def form1(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=copy.deepcopy(REJECT))

    @bolt.view("reject")
    async def reject(ack: Any, view: Json, body: Json) -> None:
        heard.append(("view", body))
        said = view["state"]["values"]["reason"]["value"]["value"]
        await (ack(response_action="errors", errors={"reason": "too short"}) if len(said) < 5 else ack())

    @bolt.shortcut("report_as_incident")
    async def report(ack: Any, body: Json) -> None:
        heard.append(("shortcut", body))
        await ack()

    @bolt.event("app_home_opened")
    async def home(event: Json, client: AsyncWebClient) -> None:
        heard.append(("home", event))
        view = {"type": "home", "blocks": [section("one waits for you"), actions(button())]}
        await client.views_publish(user_id=event["user"], view=view)

    return bolt


@asynccontextmanager
async def over_http(acme: Slack, bolt: AsyncApp) -> AsyncIterator[None]:
    async def events(request: web.Request) -> web.StreamResponse:
        answer = await to_aiohttp_response(await bolt.async_dispatch(await to_bolt_request(request)))
        assert isinstance(answer, web.Response)
        return answer

    app = web.Application()
    app.router.add_post("/slack/events", events)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    acme.serves(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
    yield
    await runner.cleanup()


async def refusal(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


def only(heard: list[tuple[str, Json]], kind: str) -> Json:
    found = [body for name, body in heard if name == kind]
    assert len(found) == 1, [name for name, _ in heard]
    return found[0]
