"""The smallest bot that does all that a bot can: what the Teams of the tests is tried with. No part of the product."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from aiohttp import web
from botbuilder.core import CardFactory, MessageFactory, TurnContext
from botbuilder.core.teams import TeamsActivityHandler
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botbuilder.schema import Activity, AdaptiveCardInvokeResponse, InvokeResponse
from botframework.connector.auth import AppCredentials, ServiceClientCredentialsFactory

from tests.servers.entra import ISSUER, SCOPE, Entra
from tests.servers.teams_connector import served

CARD = "application/vnd.microsoft.card.adaptive"


def card(status: str) -> dict[str, Any]:
    button = {"type": "Action.Execute", "title": "Approve", "verb": "say", "data": {"ask": "approve 1"}}
    button["fallback"] = {"type": "Action.Submit", "title": "Approve", "data": {"ask": "approve 1"}}
    body = [{"type": "TextBlock", "text": f"Incident 1: {status}", "wrap": True}]
    actions = [button] if status == "waiting" else []
    refresh = {"action": {"type": "Action.Execute", "verb": "refresh", "data": {}}, "userIds": ["29:mallory"]}
    return {"type": "AdaptiveCard", "version": "1.5", "body": body, "actions": actions, "refresh": refresh}


class _Credentials(AppCredentials):  # type: ignore[misc]  # it ships no types
    def __init__(self, microsoft: Entra) -> None:
        super().__init__(app_id=microsoft.app_id, oauth_scope=ISSUER)
        self.microsoft = microsoft

    def get_access_token(self, force_refresh: bool = False) -> str:
        asked = {"grant_type": "client_credentials", "client_id": self.microsoft.app_id, "scope": SCOPE}
        answer = httpx.post(self.microsoft.token_url, data={**asked, "client_secret": self.microsoft.app_password})
        return str(answer.json()["access_token"])


class _Factory(ServiceClientCredentialsFactory):  # type: ignore[misc]  # it ships no types
    def __init__(self, microsoft: Entra) -> None:
        self.microsoft = microsoft

    async def is_valid_app_id(self, app_id: str) -> bool:
        return app_id == self.microsoft.app_id

    async def is_authentication_disabled(self) -> bool:
        return False

    async def create_credentials(self, *_: object, **__: object) -> AppCredentials:
        return _Credentials(self.microsoft)


class SmallBot(TeamsActivityHandler):  # type: ignore[misc]  # it ships no types
    """Answers a message with a card, a press with another, and shows that to everybody."""

    def __init__(self) -> None:
        self.turns: list[Activity] = []

    async def on_turn(self, turn_context: TurnContext) -> None:
        self.turns.append(turn_context.activity)
        await super().on_turn(turn_context)

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        said = turn_context.activity
        if said.value:
            await self._show(turn_context, said.reply_to_id, f"submitted by {said.from_property.name}")
        else:
            await turn_context.send_activity(MessageFactory.attachment(CardFactory.adaptive_card(card("waiting"))))

    async def on_adaptive_card_invoke(self, turn_context: TurnContext, invoke_value: Any) -> AdaptiveCardInvokeResponse:
        if invoke_value.action["verb"] == "refresh":
            return AdaptiveCardInvokeResponse(status_code=200, type=CARD, value=card("nothing for you"))
        status = f"approved by {turn_context.activity.from_property.name}"
        await self._show(turn_context, turn_context.activity.reply_to_id, status)
        return AdaptiveCardInvokeResponse(status_code=200, type=CARD, value=card(status))

    async def on_invoke_activity(self, turn_context: TurnContext) -> InvokeResponse:
        if turn_context.activity.name == "composeExtension/fetchTask":
            window = {"title": "Report", "card": {"contentType": CARD, "content": card("new")}}
            return InvokeResponse(status=200, body={"task": {"type": "continue", "value": window}})
        return await super().on_invoke_activity(turn_context)

    async def _show(self, turn_context: TurnContext, id_: str, status: str) -> None:
        shown = Activity(id=id_, type="message", attachments=[CardFactory.adaptive_card(card(status))])
        await turn_context.update_activity(shown)


@asynccontextmanager
async def small_bot(microsoft: Entra) -> AsyncIterator[tuple[SmallBot, str]]:
    """Return the bot and its endpoint. It mends what the SDK does wrong, as shortly as can be."""

    class Settings:
        TO_BOT_FROM_CHANNEL_OPENID_METADATA_URL = microsoft.openid
        TO_BOT_FROM_EMULATOR_OPENID_METADATA_URL = microsoft.openid
        TO_BOT_FROM_CHANNEL_TOKEN_ISSUER = microsoft.issuer
        TO_CHANNEL_FROM_BOT_OAUTH_SCOPE = ISSUER
        TO_CHANNEL_FROM_BOT_LOGIN_URL = microsoft.token_url
        OAUTH_URL = ISSUER

    authentication = ConfigurationBotFrameworkAuthentication(Settings(), credentials_factory=_Factory(microsoft))
    adapter, bot = CloudAdapter(authentication), SmallBot()

    async def messages(request: web.Request) -> web.Response:
        activity = Activity().deserialize(await request.json())
        try:
            who = await authentication.authenticate_request(activity, request.headers.get("Authorization", ""))
        except Exception as refusal:  # noqa: BLE001  # the SDK raises anything at all for a bad token
            return web.json_response({"refused": str(refusal)}, status=401)
        answer = await adapter.process_activity(who, activity, bot.on_turn)
        if answer is None:
            return web.Response(status=200)
        return web.json_response(answer.body, status=answer.status)

    app = web.Application()
    app.router.add_post("/api/messages", messages)
    async with served(app) as url:
        yield bot, f"{url}/api/messages"
