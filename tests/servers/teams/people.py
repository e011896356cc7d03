"""A person in front of Teams: what she types, presses and chooses becomes an activity for the bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.servers.teams import activities
from tests.servers.teams.company import BOT_ID, Member
from tests.servers.teams.reading import action, pressed
from tests.servers.teams.shown import Delivered, Message

if TYPE_CHECKING:
    from tests.servers.teams_connector import Teams


@dataclass(frozen=True)
class Person:
    """See tests/servers/playground.py for what each does."""

    teams: Teams
    member: Member

    @property
    def id(self) -> str:
        return self.member.id

    @property
    def aad(self) -> str:
        return self.member.aad

    @property
    def email(self) -> str:
        return self.member.email

    @property
    def name(self) -> str:
        return self.member.name

    async def says(
        self, text: str, scope: str = "personal", *, mention: bool | None = None, thread: str = ""
    ) -> Delivered | None:
        """Return what the bot answered the request with; None where Teams does not tell the bot."""
        conversation = self.teams.conversation(scope, self.member.key)
        mentioned = scope != "personal" if mention is None else mention
        where = f"{conversation};messageid={thread}" if thread else conversation
        return await self.teams.behind.says(self.member, where, text, mention=mentioned)

    async def presses(self, message: Message, button: str, filled: Mapping[str, str] | None = None) -> Delivered:
        """Press a button in her own view of the message. A client with Action.Execute shows its answer to her alone."""
        card = self.teams.seen_by(self.member.key, message)
        found = action(card, button)
        assert card is not None
        data = pressed(card, found, filled or {})
        if found["type"] == "Action.Submit":
            return await self.submits(message, data)
        assert found["type"] == "Action.Execute", f"{button} is {found['type']}: the bot hears nothing of it"
        assert found.get("isEnabled", True), f"{button} can't be pressed"
        sent: dict[str, Any] = {name: found[name] for name in ("type", "verb", "id", "title") if name in found}
        return await self.invokes(message, {**sent, "data": data})

    async def invokes(self, message: Message, sent: Mapping[str, Any], *, trigger: str = "manual") -> Delivered:
        """Send an adaptiveCard/action as it is: also one whose button was never there."""
        delivered = await self.teams.behind.invokes(self.member, message, {"trigger": trigger, "action": dict(sent)})
        self.teams.shows(self.member.key, message, delivered)
        return delivered

    async def submits(self, message: Message, value: str | Mapping[str, Any]) -> Delivered:
        """Send what a client without Action.Execute would, by the button's title or as given."""
        if isinstance(value, str):
            found = action(message.card, value)
            fallback = found.get("fallback", found)
            value = fallback.get("data") or {}
        return await self.teams.behind.submits(self.member, message, dict(value))

    async def refreshes(self, message: Message) -> Delivered | None:
        """Her client asks for her own view, as it does by itself if the card names her; None if it does not."""
        refresh = (message.card or {}).get("refresh")
        users = None if refresh is None else refresh.get("userIds")
        if refresh is None or (users is not None and self.id not in users):
            return None
        return await self.invokes(message, refresh["action"], trigger="automatic")

    async def message_action(
        self, message: Message | str, command: str, data: Mapping[str, Any] | None = None, *, scope: str = "channel"
    ) -> Delivered:
        """Choose a command in a message's menu; a text stands for a message that somebody else wrote just now."""
        if isinstance(message, str):
            where = self.teams.conversation(scope, self.member.key)
            message = self.teams.keeps(where, by="dave", text=message)
        cards = [message.card] if message.card else []
        shown = activities.payload(message.id, message.by, f"<p>{message.text}</p>", message.conversation, cards)
        given = None if data is None else dict(data)
        return await self.teams.deliver(
            activities.message_action(self.member, message.conversation, command, shown, given)
        )

    async def installs(self) -> list[Delivered]:
        """Add the app for herself."""
        where = self.teams.personal(self.member.key)
        self.teams.installed.add(where)
        added = activities.members_changed(self.member, where, [self.id, BOT_ID], added=True)
        return [
            await self.teams.deliver(activities.installation(self.member, where, "add")),
            await self.teams.deliver(added),
        ]

    async def uninstalls(self) -> Delivered:
        where = self.teams.personal(self.member.key)
        self.teams.installed.discard(where)
        return await self.teams.deliver(activities.installation(self.member, where, "remove"))
