"""Modals and home tabs: triggers that last three seconds and work once, and what is open before whom."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.servers.lived import lived
from tests.servers.slack import shapes
from tests.servers.slack.emulator import BOT_TOKEN

if TYPE_CHECKING:
    from tests.servers.slack.web_api import WebApi

Json = dict[str, Any]
LIFE = 3.0
"""Seconds. https://docs.slack.dev/interactivity/handling-user-interaction"""


@dataclass
class Trigger:
    user: str
    view: str
    since: float
    used: bool = False


class Windows:
    """``modals`` by user, the last is on top; ``homes`` by user."""

    def __init__(self, api: WebApi) -> None:
        self.modals: dict[str, list[Json]] = {}
        self.homes: dict[str, Json] = {}
        self.aged = 0.0
        """Seconds by which a test makes every trigger older."""
        self._api = api
        self._triggers: dict[str, Trigger] = {}

    def trigger(self, user: str, view: str = "") -> str:
        """A new trigger, as it comes with what a person did."""
        id = f"{int(time.time())}.{uuid.uuid4().int % 10**6:06d}.{uuid.uuid4().hex}"
        self._triggers[id] = Trigger(user, view, lived())
        return id

    async def open(self, arguments: Json, token: str) -> Json:
        return await self._shown("views.open", arguments, token)

    async def push(self, arguments: Json, token: str) -> Json:
        return await self._shown("views.push", arguments, token)

    async def update(self, arguments: Json, token: str) -> Json:
        if refusal := self._api.check("views.update", arguments.get("view") or {}):
            return refusal
        answer = await self._forward("views.update", arguments, token)
        if answer.get("ok"):
            self.replace(answer["view"])
        return answer

    async def publish(self, arguments: Json, token: str) -> Json:
        if refusal := self._api.check("views.publish", arguments.get("view") or {}):
            return refusal
        answer = await self._forward("views.publish", arguments, token)
        if answer.get("ok"):
            self.homes[str(arguments["user_id"])] = answer["view"]
        return answer

    def replace(self, view: Json) -> None:
        for stack in self.modals.values():
            stack[:] = [view if one["id"] == view["id"] else one for one in stack]

    async def answer(self, user: str, view: Mapping[str, Any], said: Json) -> None:
        """What the bot's answer to a submission does to the window."""
        stack = self.modals.setdefault(user, [])
        match said.get("response_action"):
            case None:
                stack[:] = [one for one in stack if one["id"] != view["id"]]
            case "clear":
                stack.clear()
            case "errors":
                self._check_errors(view, said.get("errors") or {})
            case "update" | "push" as action:
                if self._api.check(f"response_action {action}", said["view"]) is None:
                    await self._answer_with(user, view, said["view"], action)
            case other:
                self._api.violations.append(f"view_submission: unknown response_action {other!r}")

    def _check_errors(self, view: Mapping[str, Any], errors: Mapping[str, Any]) -> None:
        """https://docs.slack.dev/surfaces/modals#displaying_errors"""
        inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
        if not errors or set(errors) - inputs:
            self._api.violations.append(f"view_submission: errors {sorted(errors)} are not of {sorted(inputs)}")

    async def _answer_with(self, user: str, view: Mapping[str, Any], new: Json, action: str) -> None:
        arguments: Json = {"view": new, "view_id": view["id"]}
        if action == "push":
            arguments["trigger_id"] = self.trigger(user, str(view["id"]))
        answer = await (self.push if action == "push" else self.update)(arguments, BOT_TOKEN)
        assert answer.get("ok"), answer

    async def _shown(self, method: str, arguments: Json, token: str) -> Json:
        trigger = self._triggers.get(str(arguments.get("trigger_id", "")))
        if trigger is None:
            return {"ok": False, "error": "invalid_trigger_id"}
        if trigger.used:
            return {"ok": False, "error": "exchanged_trigger_id"}
        if lived() - trigger.since + self.aged > LIFE:
            return {"ok": False, "error": "expired_trigger_id"}
        if refusal := self._api.check(method, arguments.get("view") or {}):
            return refusal
        trigger.used = True
        fresh = await self._api.as_admin(
            "views.generateTriggerId",
            BOT_TOKEN,
            user_id=trigger.user,
            **({"view_id": trigger.view} if trigger.view else {}),
        )
        answer = await self._forward(method, {**arguments, "trigger_id": fresh["trigger_id"]}, token)
        if answer.get("ok"):
            self._stack(method, trigger.user).append(answer["view"])
        return answer

    def _stack(self, method: str, user: str) -> list[Json]:
        stack = self.modals.setdefault(user, [])
        if method == "views.open":
            stack.clear()
        return stack

    async def _forward(self, method: str, arguments: Json, token: str) -> Json:
        return await self._api.forward(method, {**arguments, "view": shapes.with_block_ids(arguments["view"])}, token)
