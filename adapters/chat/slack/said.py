"""What one person did on Slack, whichever way: one line said, and how it is to be answered."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any, TypeAlias

from adapters.chat.slack import modal
from adapters.chat.slack.written import written

Payload: TypeAlias = Mapping[str, Any]

# Slack writes a person's own < as &lt;. That none is passed over keeps a text full of them from costing seconds.
_MENTION = re.compile(r"<@[UW][A-Z0-9]+(?:\|[^<>]*)?>")
_LINK = re.compile(r"<((?:https?|mailto):[^|<>]+)(?:\|([^<>]*))?>")
_CHANNEL = re.compile(r"<#[A-Z0-9]+\|([^<>]+)>")


class Way(StrEnum):
    """Who sees the answer."""

    ROOM = "room"
    PERSON = "person"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Said:
    """All that is needed to answer it, even after a restart.

    ``thread`` is where it was said, ``under`` the message under which the answer goes; ``url`` takes answers for half
    an hour after ``at`` (seconds since 1970). ``room`` is empty for what was pressed in the home tab, which is shown
    anew afterwards if ``at_home``.
    """

    id: str
    text: str
    user: str
    room: str
    way: Way
    at: float
    thread: str = ""
    under: str = ""
    url: str = ""
    at_home: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def from_json(text: str) -> Said:
    """Raises ValueError, TypeError if it is not what ``to_json`` wrote."""
    said = Said(**json.loads(text))
    return replace(said, way=Way(said.way))


def command(body: Payload, at: float) -> Said:
    """``/oncall list``."""
    return Said(
        str(body["trigger_id"]),
        plain(body.get("text") or ""),
        str(body["user_id"]),
        str(body["channel_id"]),
        Way.PERSON,
        at,
        url=str(body.get("response_url") or ""),
    )


def mention(body: Payload, at: float) -> Said | None:
    """``@On-call list`` in a channel: answered in its thread, for all to see."""
    event = body["event"]
    if not _by_person(event):
        return None
    thread = str(event.get("thread_ts") or "")
    return Said(
        str(body["event_id"]),
        _addressed(event, body),
        str(event["user"]),
        str(event["channel"]),
        Way.ROOM,
        at,
        thread=thread,
        under=thread or str(event["ts"]),
    )


def direct(body: Payload, at: float) -> Said | None:
    """A line in the room alone with the agent."""
    event = body["event"]
    if event.get("channel_type") != "im" or not _by_person(event):
        return None
    thread = str(event.get("thread_ts") or "")
    text, user, room = _addressed(event, body), str(event["user"]), str(event["channel"])
    return Said(str(body["event_id"]), text, user, room, Way.ROOM, at, thread=thread, under=thread)


def opened_home(body: Payload, at: float) -> Said | None:
    event = body["event"]
    if event.get("tab", "home") != "home":
        return None
    return Said(str(body["event_id"]), "home", str(event["user"]), "", Way.HOME, at)


def pressed(body: Payload, at: float) -> Said:
    """A button: what it says, said where it stands."""
    place = where(body, at)
    return replace(place, text=str(body["actions"][0].get("value") or ""))


def reported(body: Payload, at: float) -> Said:
    """The shortcut on a message: the message is reported, from its own thread."""
    message = body["message"]
    return Said(
        str(body["trigger_id"]),
        f"report {plain(written(message))}",
        str(body["user"]["id"]),
        str(body["channel"]["id"]),
        Way.PERSON,
        at,
        thread=str(message.get("thread_ts") or message["ts"]),
        url=str(body.get("response_url") or ""),
    )


def sent(body: Payload) -> Said:
    """A modal that was filled in, answered where it was opened. Raises ValueError if it is none of ours."""
    view = body["view"]
    line, context = modal.submitted(view)
    try:
        place = from_json(context["place"])
    except (KeyError, TypeError) as error:
        raise ValueError("the modal does not say where it was opened") from error
    return replace(place, id=_sent_id(body), text=line, user=str(body["user"]["id"]))


def where(body: Payload, at: float) -> Said:
    """The place of a button, with nothing said yet."""
    container = body.get("container") or {}
    message = body.get("message") or {}
    own = str(message.get("ts") or "")
    thread = str(message.get("thread_ts") or container.get("thread_ts") or "")
    room = str((body.get("channel") or {}).get("id") or "")
    return Said(
        str(body["trigger_id"]),
        "",
        str(body["user"]["id"]),
        room,
        Way.ROOM if room.startswith("D") or not room else Way.PERSON,
        at,
        thread=thread or own,
        under=thread if thread != own else "",
        url=str(body.get("response_url") or ""),
        at_home=(body.get("view") or {}).get("type") == "home",
    )


def plain(text: str) -> str:
    """Slack's way of writing a message, as its writer typed it.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    text = _CHANNEL.sub(r"#\1", _LINK.sub(_link, text))
    return html.unescape(text).replace("\u00a0", " ").strip()


def _link(found: re.Match[str]) -> str:
    """Slack makes links of host names too: what was typed is the label then."""
    url, label = found[1], found[2]
    return label if label and (url.endswith(label) or url.startswith("mailto:")) else url


def _addressed(event: Payload, body: Payload) -> str:
    """What was said to the agent: the line without its name, from there on if the name is not the first word."""
    text = str(event.get("text") or "")
    mine = [f"<@{one.get('user_id')}>" for one in body.get("authorizations") or []]
    for name in mine:
        before, found, after = text.partition(name)
        if found and not before.strip():
            return plain(after)
        if found:
            return plain(after) or plain(before)
    first = _MENTION.match(text.lstrip())
    return plain(text.lstrip()[first.end() :] if first else text)


def _by_person(event: Payload) -> bool:
    """Neither a bot's word, nor news about a message that was changed or deleted."""
    subtype = event.get("subtype")
    return bool(event.get("user")) and not event.get("bot_id") and subtype in (None, "file_share", "thread_broadcast")


def _sent_id(body: Payload) -> str:
    """Slack names every gesture by its trigger. A modal sent again after a correction is another gesture."""
    if trigger := body.get("trigger_id"):
        return str(trigger)
    view = body["view"]
    values = json.dumps((view.get("state") or {}).get("values"), sort_keys=True)
    return f"{view.get('id')} {view.get('hash')} {sha256(values.encode()).hexdigest()[:16]}"
