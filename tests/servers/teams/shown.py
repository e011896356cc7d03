"""What went over the wire, and what stands in Teams because of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.servers.teams.company import root

CARD = "application/vnd.microsoft.card.adaptive"


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the bot, and what it was answered. ``at`` is seconds of the monotonic clock."""

    method: str
    path: str
    body: Any
    status: int
    answer: Any
    at: float


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the bot answered an activity with, after how many seconds that it had for it. None at all is a 504."""

    status: int
    text: str
    seconds: float
    activity: dict[str, Any]

    @property
    def body(self) -> Any:
        return json.loads(self.text) if self.text else None

    @property
    def card(self) -> dict[str, Any] | None:
        """The card that an invoke was answered with; also that of a task window."""
        body = self.body if isinstance(self.body, dict) else {}
        task = body.get("task", {}).get("value")
        found = task.get("card") if isinstance(task, dict) else None
        if found is not None:
            return dict(found.get("content", found))
        return dict(body["value"]) if body.get("type") == CARD else None

    @property
    def message(self) -> str:
        """The text that an invoke was answered with."""
        body = self.body if isinstance(self.body, dict) else {}
        task = body.get("task", {})
        if task.get("type") == "message" or body.get("type") == "application/vnd.microsoft.activity.message":
            return str(task.get("value", body.get("value")))
        return ""


@dataclass
class Message:
    """What stands in a conversation. In a channel ``conversation`` is the thread's, with ``;messageid=``."""

    id: str
    conversation: str
    by: str
    activity: dict[str, Any]
    updates: int = 0
    deleted: bool = False
    own_views: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Cards that only one person sees, by person. An update for everybody ends them."""

    @property
    def thread(self) -> str:
        return self.conversation.partition(";messageid=")[2]

    @property
    def is_root(self) -> bool:
        return self.thread in {"", self.id}

    @property
    def place(self) -> str:
        return root(self.conversation)

    @property
    def text(self) -> str:
        return str(self.activity.get("text") or "")

    @property
    def card(self) -> dict[str, Any] | None:
        """The card as everybody sees it."""
        found = [one["content"] for one in self.activity.get("attachments") or () if one.get("contentType") == CARD]
        return found[0] if found else None
