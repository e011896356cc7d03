"""What Slack sends when people act, field by field as its reference shows them.

https://docs.slack.dev/reference/interaction-payloads, https://docs.slack.dev/apis/events-api
"""

from __future__ import annotations

import html
import re
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.servers.slack import shapes
from tests.servers.slack.emulator import APP_ID, BOT_USER

Json = dict[str, Any]
TEAM = "T000000001"
Kind = Literal["slash_commands", "interactive", "events_api"]
VERIFICATION = "verification-token-nobody-should-trust"


@dataclass(frozen=True)
class Who:
    id: str
    name: str
    team: str = TEAM

    @property
    def shown(self) -> Json:
        return {"id": self.id, "username": self.name, "name": self.name, "team_id": self.team}


def slash(who: Who, command: str, text: str, channel: Mapping[str, str], trigger: str, response_url: str) -> Json:
    return {
        "token": VERIFICATION,
        "team_id": who.team,
        "team_domain": "acme",
        "channel_id": channel["id"],
        "channel_name": channel["name"],
        "user_id": who.id,
        "user_name": who.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger,
    }


def event(inner: Mapping[str, Any]) -> Json:
    """The envelope around any event."""
    return {
        "token": VERIFICATION,
        "team_id": TEAM,
        "context_team_id": TEAM,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": dict(inner),
        "type": "event_callback",
        "event_id": f"Ev{uuid.uuid4().hex[:9].upper()}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{secrets.token_urlsafe(24)}",
    }


def said(who: Who, text: str, channel: str, ts: str, thread: str) -> Json:
    """What all events about a person's message have."""
    inner = {
        "user": who.id,
        "text": text,
        "ts": ts,
        "client_msg_id": str(uuid.uuid4()),
        "team": who.team,
        "channel": channel,
        "event_ts": ts,
        "blocks": [rich_text(text)],
    }
    return inner | ({"thread_ts": thread} if thread else {})


def block_actions(who: Who, action: Mapping[str, Any], trigger: str) -> Json:
    return {
        "type": "block_actions",
        "user": who.shown,
        "api_app_id": APP_ID,
        "token": VERIFICATION,
        "trigger_id": trigger,
        "team": {"id": TEAM, "domain": "acme"},
        "enterprise": None,
        "is_enterprise_install": False,
        "actions": [dict(action)],
    }


def in_message(message: Mapping[str, Any], channel: Mapping[str, str], attachment: int, response_url: str) -> Json:
    """The rest of block_actions for an element of a message. Slack leaves out a message that only one person sees."""
    hidden = bool(message.get("is_ephemeral"))
    container: Json = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel["id"],
        "is_ephemeral": hidden,
    }
    if attachment:
        container |= {"type": "message_attachment", "attachment_id": attachment, "is_app_unfurl": False}
    if "thread_ts" in message:
        container["thread_ts"] = message["thread_ts"]
    shown = {} if hidden else {"message": whole(message)}
    return {
        "container": container,
        "channel": {"id": channel["id"], "name": channel["name"]},
        **shown,
        "state": {"values": {}},
        "response_url": response_url,
    }


def in_view(view: Mapping[str, Any], values: Mapping[str, Any]) -> Json:
    return {
        "container": {"type": "view", "view_id": view["id"]},
        "view": {**view, "state": {"values": dict(values)}},
    }


def pressed(element: Mapping[str, Any], block: Mapping[str, Any]) -> Json:
    kept = {name: element[name] for name in ("text", "value", "url", "style", "confirm") if name in element}
    return {
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        **kept,
        "type": element["type"],
        "action_ts": f"{time.time():.6f}",
    }


def submission(who: Who, view: Mapping[str, Any], values: Mapping[str, Any], trigger: str) -> Json:
    return {
        "type": "view_submission",
        "team": {"id": TEAM, "domain": "acme"},
        "user": who.shown,
        "api_app_id": APP_ID,
        "token": VERIFICATION,
        "trigger_id": trigger,
        "view": {**view, "state": {"values": dict(values)}},
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }


def message_action(who: Who, message: Mapping[str, Any], callback_id: str, **given: Any) -> Json:
    """``given``: channel, trigger_id and response_url."""
    return {
        "type": "message_action",
        "token": VERIFICATION,
        "action_ts": f"{time.time():.6f}",
        "team": {"id": TEAM, "domain": "acme"},
        "user": who.shown,
        "is_enterprise_install": False,
        "enterprise": None,
        "callback_id": callback_id,
        "message_ts": message["ts"],
        "message": whole(message),
        "api_app_id": APP_ID,
        **given,
    }


def whole(message: Mapping[str, Any]) -> Json:
    """The message as Slack has it, without what only these tests know of it."""
    return {name: value for name, value in message.items() if name not in {"channel", "via", "is_ephemeral"}}


def typed(text: str) -> str:
    """How Slack writes down what a person typed: three characters escaped, addresses marked as such.

    https://docs.slack.dev/messaging/formatting-message-text
    """
    escaped = html.escape(text, quote=False)
    linked = re.sub(r"https?://[^\s<>]+", lambda found: f"<{found[0]}>", escaped)
    return re.sub(r"(?<![\w/@.])[\w.+-]+@[\w-]+\.[\w.-]+\b", lambda found: f"<mailto:{found[0]}|{found[0]}>", linked)


def rich_text(text: str) -> Json:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "block_id": secrets.token_urlsafe(4)[:5], "elements": [section]}


def found_button(shown: Mapping[str, Any], button: str) -> tuple[Json, Json, int]:
    """The element, its block and the number of its attachment. Raises AssertionError with what there is instead."""
    here = [(element, block, at) for block, at in shapes.blocks_of(shown) for element in shapes.elements_of(block)]
    for element, block, at in here:
        if element.get("type") == "button" and button in {element.get("action_id"), element["text"]["text"]}:
            return element, block, at
    labels = [(element.get("text") or {}).get("text", element.get("action_id")) for element, _, _ in here]
    raise AssertionError(f"there is no {button!r} here, only {labels}")
