"""Messages as Slack keeps and shows them: ids for blocks, pages of history, and what can be read in one."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = dict[str, Any]
CONTENT = ("text", "blocks", "attachments")
HEADLESS = "[no preview available]"


def with_block_ids(message: Mapping[str, Any]) -> Json:
    """Slack names each block that has no name, numbers attachments, and writes colours without the hash."""
    named = {**message}
    if "blocks" in named:
        named["blocks"] = [_named(block) for block in named["blocks"]]
    if "attachments" in named:
        named["attachments"] = [_numbered(number, one) for number, one in enumerate(named["attachments"], 1)]
    return named


def _named(block: Mapping[str, Any]) -> Json:
    return {**block, "block_id": block.get("block_id") or secrets.token_urlsafe(4)[:5]}


def _numbered(number: int, attachment: Mapping[str, Any]) -> Json:
    named = {"id": number, "fallback": HEADLESS, **with_block_ids({**attachment})}
    if "color" in named:
        named["color"] = str(named["color"]).removeprefix("#")
    return named


def ephemeral(sent: Mapping[str, Any], via: str, ts: str) -> Json:
    """``user`` is whoever sees it."""
    shown = {name: sent[name] for name in (*CONTENT, "channel", "user", "thread_ts") if name in sent}
    return {**shown, "ts": ts, "via": via, "is_ephemeral": True}


def page(found: Sequence[Json], arguments: Mapping[str, Any]) -> Json:
    """One page of messages. https://docs.slack.dev/reference/methods/conversations.history"""
    within = [message for message in found if _within(str(message["ts"]), arguments)]
    limit = min(int(arguments.get("limit") or 100), 999)
    start = int(arguments.get("cursor") or 0)
    keeps = str(arguments.get("include_all_metadata", "")).lower() in {"1", "true"}
    more = start + limit < len(within)
    return {
        "ok": True,
        "messages": [_shown(message, keeps_metadata=keeps) for message in within[start : start + limit]],
        "has_more": more,
        "response_metadata": {"next_cursor": str(start + limit) if more else ""},
    }


def _within(ts: str, arguments: Mapping[str, Any]) -> bool:
    inclusive = str(arguments.get("inclusive", "")).lower() in {"1", "true"}
    oldest, latest = (_moment(str(arguments.get(name) or "")) for name in ("oldest", "latest"))
    moment = _moment(ts)
    if moment in {oldest, latest}:
        return inclusive
    return oldest <= moment and (latest == 0 or moment <= latest)


def _moment(ts: str) -> int:
    """Microseconds; 0 if none is said."""
    seconds, _, rest = ts.partition(".")
    return int(seconds or 0) * 1_000_000 + int(f"{rest:0<6}"[:6] or 0)


def _shown(message: Json, *, keeps_metadata: bool) -> Json:
    shown = {**message}
    if not keeps_metadata:
        shown.pop("metadata", None)
    if shown.get("reply_count") and "thread_ts" not in shown:
        shown["thread_ts"] = shown["ts"]
    return shown


def blocks_of(message: Mapping[str, Any]) -> Iterator[tuple[Json, int]]:
    """Each block with the number of its attachment, 0 if it stands in the message itself."""
    for block in message.get("blocks") or ():
        yield block, 0
    for attachment in message.get("attachments") or ():
        for block in attachment.get("blocks") or ():
            yield block, int(attachment.get("id", 1))


def elements_of(block: Mapping[str, Any]) -> Iterator[Json]:
    """What can be pressed or filled in."""
    for element in (*(block.get("elements") or ()), block.get("accessory"), block.get("element")):
        if isinstance(element, dict) and "type" in element:
            yield element


def words(shown: object) -> str:
    """All that a person can read in a message, a view or a part of one."""
    return "\n".join(_words(shown))


def _words(shown: object) -> Iterator[str]:
    match shown:
        case dict():
            for name in ("title", "text", "url", "label", "hint", "placeholder", "fallback", "alt_text"):
                if isinstance(shown.get(name), str) and shown[name] != HEADLESS:
                    yield shown[name]
            for name, value in shown.items():
                if name not in {"metadata", "edited", "state"} and isinstance(value, dict | list):
                    yield from _words(value)
        case list():
            for one in shown:
                yield from _words(one)
        case _:
            return


def parsed(text: str) -> Json | None:
    """An acknowledgement with a message in it."""
    if not text.strip():
        return None
    return dict(json.loads(text)) if text.lstrip().startswith("{") else {"text": text}
