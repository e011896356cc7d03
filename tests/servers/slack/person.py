"""A person who uses Slack: types, presses, fills in, and reaches the bot the way Slack brings it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from tests.servers.slack import payloads
from tests.servers.slack.delivery import Delivered, How
from tests.servers.slack.emulator import BOT_USER, person_token
from tests.servers.slack.filling import filled, untouched
from tests.servers.slack.shapes import parsed

if TYPE_CHECKING:
    from tests.servers.slack.workspace import Slack

Shown = Mapping[str, Any]


class Person:
    def __init__(self, slack: Slack, who: payloads.Who) -> None:
        self.id = who.id
        self.name = who.name
        self._slack = slack
        self._who = who

    async def slash(self, command: str, text: str = "", channel: str = "incidents", **how: Unpack[How]) -> Delivered:
        """Only in a channel or a direct message; Slack has no slash commands in threads."""
        room = await self._slack.room(channel)
        url = self._slack.api.response_urls.mint(room["id"], self.id)
        payload = payloads.slash(self._who, command, text, room, self._trigger(), url)
        return self._acknowledged(await self._deliver("slash_commands", payload, how), room["id"])

    async def mention(self, text: str, channel: str = "incidents", thread: str = "", **how: Unpack[How]) -> Delivered:
        """``ts`` of the answer is the message written. In a channel without the bot, Slack tells the bot nothing."""
        room = await self._slack.room(channel)
        written = f"<@{BOT_USER}> {payloads.typed(text)}"
        ts = await self._write(room["id"], written, thread)
        inner = {"type": "app_mention", **payloads.said(self._who, written, room["id"], ts, thread)}
        return replace(await self._deliver("events_api", payloads.event(inner), how), ts=ts)

    async def direct(self, text: str, thread: str = "", **how: Unpack[How]) -> Delivered:
        channel = await self._slack.direct_room(self.name)
        ts = await self._write(channel, payloads.typed(text), thread)
        said = payloads.said(self._who, payloads.typed(text), channel, ts, thread)
        inner = {"type": "message", "channel_type": "im", **said}
        return replace(await self._deliver("events_api", payloads.event(inner), how), ts=ts)

    async def writes(self, text: str, channel: str = "incidents", thread: str = "") -> dict[str, Any]:
        """A message that is none of the bot's business; returned as ``messages`` would."""
        room = await self._slack.room(channel)
        ts = await self._write(room["id"], payloads.typed(text), thread)
        return await self._slack.message(room["id"], ts)

    async def press(self, message: Shown, button: str, **how: Unpack[How]) -> Delivered:
        element, block, attachment = payloads.found_button(message, button)
        room = await self._slack.room(str(message["channel"]))
        url = self._slack.api.response_urls.mint(room["id"], self.id, str(message["ts"]))
        payload = {
            **payloads.block_actions(self._who, payloads.pressed(element, block), self._trigger()),
            **payloads.in_message(message, room, attachment, url),
        }
        return await self._deliver("interactive", payload, how)

    async def press_in_view(self, view: Shown, button: str, **how: Unpack[How]) -> Delivered:
        element, block, _ = payloads.found_button(view, button)
        trigger = self._slack.api.windows.trigger(self.id, str(view["id"]))
        action = payloads.block_actions(self._who, payloads.pressed(element, block), trigger)
        return await self._deliver("interactive", {**action, **payloads.in_view(view, untouched(view))}, how)

    async def press_home(self, button: str, **how: Unpack[How]) -> Delivered:
        view = self._slack.home(self.name)
        assert view is not None, f"{self.name} has no home tab yet"
        return await self.press_in_view(view, button, **how)

    async def submit(
        self, view: Shown, values: Mapping[str, str | None] | None = None, **how: Unpack[How]
    ) -> Delivered:
        """Press the window's own button. It closes unless the answer says otherwise or is none. Raises WindowRefuses."""
        state = filled(view, values or {})
        payload = payloads.submission(self._who, view, state, self._slack.api.windows.trigger(self.id, str(view["id"])))
        delivered = await self._deliver("interactive", payload, how)
        if delivered.status == 200:
            await self._slack.api.windows.answer(self.id, view, delivered.json)
        return delivered

    def closes(self, view: Shown) -> None:
        stack = self._slack.api.windows.modals.get(self.id, [])
        stack[:] = [one for one in stack if one["id"] != view["id"]]

    async def shortcut(self, message: Shown, callback_id: str, **how: Unpack[How]) -> Delivered:
        room = await self._slack.room(str(message["channel"]))
        given = {
            "channel": {"id": room["id"], "name": room["name"]},
            "trigger_id": self._trigger(),
            "response_url": self._slack.api.response_urls.mint(room["id"], self.id, ""),
        }
        return await self._deliver(
            "interactive", payloads.message_action(self._who, message, callback_id, **given), how
        )

    async def opens_home(self, **how: Unpack[How]) -> Delivered:
        view = self._slack.home(self.name)
        inner = {
            "type": "app_home_opened",
            "user": self.id,
            "channel": await self._slack.direct_room(self.name),
            "tab": "home",
            "event_ts": self._slack.now(),
            **({"view": view} if view else {}),
        }
        return await self._deliver("events_api", payloads.event(inner), how)

    async def again(self, delivered: Delivered, **how: Unpack[How]) -> Delivered:
        """The same thing once more: the same event, trigger and view."""
        return await self._slack.courier.deliver(delivered.kind, delivered.payload, how)

    async def _deliver(self, kind: payloads.Kind, payload: Mapping[str, Any], how: How) -> Delivered:
        return await self._slack.courier.deliver(kind, payload, how)

    def _trigger(self) -> str:
        return self._slack.api.windows.trigger(self.id)

    def _acknowledged(self, delivered: Delivered, channel: str) -> Delivered:
        """An acknowledgement with words in it is a message that only this person sees."""
        message = parsed(delivered.body) if delivered.status == 200 else None
        if message and (message.get("text") or message.get("blocks") or message.get("attachments")):
            self._slack.acknowledged_with({**message, "channel": channel, "user": self.id})
        return delivered

    async def _write(self, channel: str, text: str, thread: str) -> str:
        more = {"thread_ts": thread} if thread else {}
        token = person_token(self.name)
        written = await self._slack.api.as_admin("chat.postMessage", token, channel=channel, text=text, **more)
        return str(written["ts"])
