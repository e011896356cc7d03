"""The escalation through a webhook of Teams: what is posted, where, and what its answers mean."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from adapters.chat.card import Card, Code, Facts, Image, Link, Text, Tone
from adapters.chat.teams.limits import LIMITS
from adapters.chat.teams.workflows import Webhook, is_legacy, payload
from engine.errors import Unreachable
from tests.adapters.teams_office import INCIDENT
from tests.servers.adaptive_cards import violations
from tests.servers.teams.reading import elements, words
from tests.servers.teams_connector import served

WORKFLOW = "https://prod-00.westeurope.logic.azure.com/workflows/1/triggers/manual/paths/invoke"
LEGACY = "https://acme.webhook.office.com/webhookb2/1"


@dataclass
class Flow:
    """Where a workflow would listen."""

    url: str = ""
    status: int = 202
    text: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[Any] = field(default_factory=list)

    async def takes(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.json())
        return web.Response(status=self.status, text=self.text, headers=self.headers)


@pytest.fixture
async def flow() -> AsyncIterator[Flow]:
    flow = Flow()
    app = web.Application()
    app.router.add_post("/flow", flow.takes)
    async with served(app) as url:
        flow.url = f"{url}/flow"
        yield flow


async def test_a_workflow_gets_an_adaptive_card_that_approves_nothing(flow: Flow) -> None:
    await Webhook(flow.url).post(INCIDENT)
    [body] = flow.bodies
    assert body["type"] == "message"
    [attachment] = body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["contentUrl"] is None
    assert violations(attachment["content"]) == []
    actions = [one["type"] for one in elements(attachment["content"]) if one["type"].startswith("Action.")]
    assert actions == ["Action.OpenUrl"]
    assert "approve" not in json.dumps(body).lower()
    assert "refresh" not in attachment["content"]
    assert "disk of host db-1" in words(attachment["content"])


def test_a_connector_of_old_gets_a_message_card() -> None:
    card = payload(INCIDENT, LEGACY)
    assert (card["@type"], card["summary"]) == (
        "MessageCard",
        "#17 The disk is full (waiting for you): disk of host db-1: 100 %",
    )
    assert [one["@type"] for one in card["potentialAction"]] == ["OpenUri"]
    assert all(one["markdown"] is False for one in card["sections"])
    assert "approve" not in json.dumps(card).lower()


@pytest.mark.parametrize(
    ("url", "legacy"),
    [
        (WORKFLOW, False),
        (LEGACY, True),
        ("https://outlook.office.com/webhook/1", True),
        ("https://webhook.office.com.evil.example/", False),
        ("https://evilwebhook.office.com/", False),
        ("https://evil.example/?x=.webhook.office.com", False),
    ],
)
def test_which_address_wants_which(url: str, legacy: bool) -> None:
    assert is_legacy(url) == legacy


@pytest.mark.parametrize("url", [WORKFLOW, LEGACY])
def test_it_is_short_enough(url: str) -> None:
    log = Code("\n".join(f"{n} {'ü' * 300}" for n in range(2_000)), "log")
    card = Card(
        "t" * 900, (log, *(Text("ü" * 900) for _ in range(90)), Link("Open", "https://oncall.test/17")), Tone.BAD
    )
    made = payload(card, url)
    assert len(json.dumps(made, ensure_ascii=False).encode()) < LIMITS.webhook
    assert "https://oncall.test/17" in json.dumps(made)
    assert "left out" in json.dumps(made)
    hostile = Card("**x** \ud800\x00", (Facts((("-", "\u202e"),)), Image(b"\x89PNG", "i")))
    json.dumps(payload(hostile, url), ensure_ascii=False).encode()


@pytest.mark.parametrize(("status", "temporary"), [(400, False), (401, False), (404, False), (429, True), (502, True)])
async def test_a_refusal_says_what_to_do(status: int, temporary: bool, flow: Flow) -> None:
    flow.status = status
    with pytest.raises(Unreachable, match=str(status)) as told:
        await Webhook(flow.url).post(INCIDENT)
    assert told.value.temporary is temporary
    assert flow.url not in str(told.value), "the address is a secret"


async def test_no_redirect_is_followed(flow: Flow) -> None:
    flow.status, flow.headers = 307, {"Location": flow.url}
    with pytest.raises(Unreachable):
        await Webhook(flow.url).post(INCIDENT)
    assert len(flow.bodies) == 1


@pytest.mark.parametrize("url", ["http://flow.example.com/x", "ftp://127.0.0.1/x", "", "//x"])
async def test_nothing_goes_over_an_open_line(url: str) -> None:
    with pytest.raises(Unreachable, match="https") as told:
        await Webhook(url).post(INCIDENT)
    assert not told.value.temporary


async def test_nobody_there_is_a_trouble_that_may_pass() -> None:
    with pytest.raises(Unreachable) as told:
        await Webhook("http://127.0.0.1:9/flow").post(INCIDENT)
    assert told.value.temporary
