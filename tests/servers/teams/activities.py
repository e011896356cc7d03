"""What Teams sends a bot, word for word: messages, presses, installations, message actions."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from tests.servers.teams.company import (
    BOT_ID,
    BOT_NAME,
    TEAM,
    TEAM_GROUP,
    TEAM_NAME,
    Member,
    channel_data,
    kind,
    place,
    root,
)

Activity: TypeAlias = dict[str, Any]
MENTION = f"<at>{BOT_NAME}</at>"
CLIENT = {"locale": "en-US", "country": "US", "platform": "Web", "timezone": "Europe/Berlin", "type": "clientInfo"}


def message(who: Member, conversation: str, text: str, *, mention: bool, id_: str) -> Activity:
    """``text`` as it was typed; a mention stands at its beginning, and then Teams adds a line end."""
    entities: list[dict[str, Any]] = [CLIENT]
    if mention:
        entities = [{"type": "mention", "mentioned": {"id": BOT_ID, "name": BOT_NAME}, "text": MENTION}, CLIENT]
    said = {"type": "message", "text": f"{MENTION} {text}\n" if mention else text, "textFormat": "plain"}
    html = {"contentType": "text/html", "content": f"<p>{said['text']}</p>"}
    return {**_from(who, conversation), **said, "id": id_, "attachments": [html], "entities": entities}


def press(who: Member, conversation: str, replied: str, action: Activity, *, trigger: str = "manual") -> Activity:
    """Action.Execute. ``trigger`` is "automatic" for a refresh that the client does by itself."""
    value = {"action": action, "trigger": trigger}
    return {**_invoke(who, conversation, "adaptiveCard/action", value), "replyToId": replied}


def submit(who: Member, conversation: str, replied: str, value: object) -> Activity:
    """Action.Submit: a message without a text."""
    return {**_from(who, conversation), "type": "message", "value": value, "replyToId": replied, "entities": [CLIENT]}


def message_action(who: Member, conversation: str, command: str, payload: Activity, data: object | None) -> Activity:
    """Something chosen in a message's menu: first its window is fetched, then what was filled in is sent."""
    name = "composeExtension/fetchTask" if data is None else "composeExtension/submitAction"
    value = {
        "commandId": command,
        "commandContext": "message",
        "messagePayload": payload,
        "context": {"theme": "default"},
    }
    return _invoke(who, conversation, name, value if data is None else {**value, "data": data})


def payload(id_: str, by: str, html: str, conversation: str, cards: Iterable[Activity] = ()) -> Activity:
    """The message on which an action was chosen. A reply in a channel names the root."""
    bot = by == BOT_NAME
    sender = {"application": {"id": BOT_ID, "displayName": by}} if bot else {"user": {"id": by, "displayName": by}}
    attachments = [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card} for card in cards]
    first = conversation.partition(";messageid=")[2]
    reply = {"replyToId": first} if first and first != id_ else {}
    return {
        "id": id_,
        "createdDateTime": _now(),
        "body": {"contentType": "html", "content": html},
        "from": sender,
        "attachments": attachments,
        "linkToMessage": f"https://teams.microsoft.com/l/message/{root(conversation)}/{id_}",
        **reply,
    }


def installation(who: Member, conversation: str, action: str) -> Activity:
    """``action`` is add or remove."""
    data = {**channel_data(conversation), "settings": {"selectedChannel": {"id": conversation}}}
    if "team" in data:
        data["team"] = {"id": TEAM, "name": TEAM_NAME, "aadGroupId": TEAM_GROUP}
    return {**_from(who, conversation), "type": "installationUpdate", "action": action, "channelData": data}


def members_changed(who: Member, conversation: str, members: Iterable[str], *, added: bool) -> Activity:
    data = channel_data(conversation)
    if kind(conversation) == "channel":
        data = {**data, "eventType": "teamMemberAdded" if added else "teamMemberRemoved"}
    changed = {"membersAdded" if added else "membersRemoved": [{"id": one} for one in members]}
    return {**_from(who, conversation), "type": "conversationUpdate", **changed, "channelData": data}


def _invoke(who: Member, conversation: str, name: str, value: object) -> Activity:
    source = {**channel_data(conversation), "source": {"name": "message"}}
    called = {"type": "invoke", "name": name, "value": value, "entities": [CLIENT]}
    return {**_from(who, conversation), **called, "channelData": source}


def _from(who: Member, conversation: str) -> Activity:
    return {
        "id": str(uuid.uuid4()),
        "timestamp": _now(),
        "localTimestamp": _now(),
        "channelId": "msteams",
        "from": {"id": who.id, "name": who.name, "aadObjectId": who.aad},
        "recipient": {"id": BOT_ID, "name": BOT_NAME},
        "conversation": place(conversation),
        "channelData": channel_data(conversation),
        "locale": "en-US",
        "localTimezone": "Europe/Berlin",
    }


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
