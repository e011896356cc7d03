"""What one person did on Teams, whichever way: one line said, and where it is to be answered."""

from __future__ import annotations

import html
import json
import re
from dataclasses import asdict, dataclass, replace
from hashlib import sha256

from adapters.chat.teams import forms
from adapters.chat.teams.activity import Raw, without_quotes, words
from adapters.chat.teams.controls import REFRESH
from adapters.chat.teams.doorkeeper import tenant
from adapters.chat.teams.places import Place, Scope, in_channel

THREAD = ";messageid="
"""In a channel this and the id of a thread's first message follow the channel's id."""

_NAME = re.compile(r"</?at(?:\s[^<>]*)?>", re.IGNORECASE)
_COMMAND = re.compile(r"\A/?oncall(?:\s+|\Z)|\A/(?=\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """All that is needed to answer it, even after a restart.

    ``user`` is the person's id in the directory where there is one, ``member`` the one by which Teams knows them here.
    ``thread`` is where it was said: the first message of a channel's thread, or the message that was pressed.
    """

    id: str
    text: str
    user: str
    member: str
    name: str
    room: str
    scope: Scope
    at: float
    thread: str = ""

    @property
    def conversation(self) -> str:
        return f"{self.room}{THREAD}{self.thread}" if self.scope is Scope.CHANNEL and self.thread else self.room

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def from_json(text: str) -> Said:
    """Raises ValueError, TypeError if it is not what ``to_json`` wrote."""
    said = Said(**json.loads(text))
    return replace(said, scope=Scope(said.scope))


def typed(raw: Raw, at: float) -> Said | None:
    """A line to the bot, or what a client without ``Action.Execute`` sends for a button. None if nobody said it."""
    data = raw.get("value")
    if isinstance(data, dict) and data and not raw.get("text"):
        return _said(raw, line(data), at)
    if raw["from"].get("role") == "bot":
        return None
    return _said(raw, addressed(raw), at)


def added(raw: Raw, at: float) -> Said | None:
    """Who has added the bot for themselves. None if it was for a team or a group chat, or was taken away."""
    ours = _scope(raw) is Scope.PERSONAL and str(raw.get("action")).startswith("add")
    return _said(raw, "", at) if ours else None


def pressed(raw: Raw, at: float) -> Said:
    """A button of a card. Raises ValueError if it is none of ours."""
    return _said(raw, line(data(raw)), at)


def data(raw: Raw) -> Raw:
    """What came with a button. Raises ValueError."""
    value = raw.get("value")
    action = value.get("action") if isinstance(value, dict) else None
    found = action.get("data") if isinstance(action, dict) else None
    if not isinstance(found, dict):
        raise ValueError("no data")
    return found


def looks(raw: Raw) -> bool:
    """Whether a client asks for its person's view. What a client does by itself is nobody's decision."""
    value = raw["value"]
    return bool(value["action"].get("verb") == REFRESH or value.get("trigger") == "automatic")


def line(data: Raw) -> str:
    """What a button says. Raises ValueError if it is none of ours."""
    if "form" in data:
        form, values = forms.sent(data)
        return form.said(values)
    if not isinstance(ask := data.get("ask"), str):
        raise ValueError("nothing said")
    return ask


def reported(raw: Raw, at: float) -> Said:
    """A message that was reported from its menu; in a channel, in its own thread. Raises ValueError."""
    payload = message(raw)
    text = (raw["value"].get("data") or {}).get("text") or words(payload)
    first = str(payload.get("replyToId") or payload.get("id") or "")
    said = _said(raw, f"report {text}", at)
    return replace(said, thread=said.thread or first if said.scope is Scope.CHANNEL else "")


def message(raw: Raw) -> Raw:
    """The message in whose menu something was chosen. Raises ValueError."""
    value = raw.get("value")
    payload = value.get("messagePayload") if isinstance(value, dict) else None
    if not isinstance(payload, dict):
        raise ValueError("no message")
    return payload


def place(raw: Raw) -> Place:
    """Where an activity happened, and how to reach that."""
    scope, team = _scope(raw), (raw.get("channelData") or {}).get("team")
    team = team if isinstance(team, dict) else {}
    return Place(
        str(raw["conversation"]["id"]).partition(THREAD)[0],
        scope,
        str(raw["serviceUrl"]),
        bot=str(raw["recipient"]["id"]),
        tenant=tenant(raw),
        team=str(team.get("id") or ""),
        group=str(team.get("aadGroupId") or ""),
        person=_person(raw) if scope is Scope.PERSONAL else "",
    )


def addressed(raw: Raw) -> str:
    """What was said to the bot: the line without its name. Other names stay, as words."""
    text = without_quotes(raw)
    mine = str(raw["recipient"]["id"])
    for one in raw.get("entities") or ():
        if one.get("type") == "mention" and (one.get("mentioned") or {}).get("id") == mine and one.get("text"):
            text = text.replace(str(one["text"]), " ", 1)
    text = _NAME.sub("", text).replace("\u00a0", " ").replace("&nbsp;", " ")
    if raw.get("textFormat") == "xml":
        text = html.unescape(text)
    return _COMMAND.sub("", text.strip(), count=1).strip()


def _said(raw: Raw, text: str, at: float) -> Said:
    room, _, thread = str(raw["conversation"]["id"]).partition(THREAD)
    scope = _scope(raw)
    return Said(
        _id(raw),
        text,
        _person(raw),
        str(raw["from"]["id"]),
        str(raw["from"].get("name") or "somebody"),
        room,
        scope,
        at,
        thread=thread if scope is Scope.CHANNEL else str(raw.get("replyToId") or ""),
    )


def _id(raw: Raw) -> str:
    """Teams names messages by the millisecond: two rooms can have the same."""
    what = json.dumps([raw["conversation"]["id"], raw["from"]["id"], raw.get("name"), raw["id"]])
    return f"{raw['id']} {sha256(what.encode()).hexdigest()[:16]}"


def _person(raw: Raw) -> str:
    return str(raw["from"].get("aadObjectId") or raw["from"]["id"])


def _scope(raw: Raw) -> Scope:
    """Teams calls a chat of two people personal, too: it is none of ours, for a bot's own begin otherwise."""
    where = raw["conversation"]
    kind, ours = where.get("conversationType"), not str(where["id"]).startswith("19:")
    if kind in (Scope.CHANNEL, Scope.GROUP):
        return Scope(kind)
    if ours and not where.get("isGroup"):
        return Scope.PERSONAL
    return Scope.CHANNEL if in_channel(str(where["id"])) else Scope.GROUP
