"""The escalation as a message through a webhook of Teams: to be read there, and decided elsewhere.

Whoever knows the address can post, and nobody knows who presses what there: no card that goes this way can approve
anything. A new address is that of a workflow, which takes Adaptive Cards; an old one is a connector's and takes none.
https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from adapters.chat.card import Button, Card, Code, Facts, Form, Link, Text, Tone
from adapters.chat.fit import fit
from adapters.chat.teams.answers import CARD
from adapters.chat.teams.fit import BOUNDS, SHARES
from adapters.chat.teams.limits import LIMITS
from adapters.chat.teams.registration import safe
from adapters.chat.teams.render import render, summary
from engine.errors import Unreachable

LEGACY = ("webhook.office.com", "outlook.office.com", "outlook.office365.com")

PATIENCE = aiohttp.ClientTimeout(total=20)

COLOURS = {
    Tone.NEUTRAL: "8a919c",
    Tone.WAITING: "cf8a1c",
    Tone.WORKING: "4a82d8",
    Tone.GOOD: "349a63",
    Tone.BAD: "d4483e",
}


class Webhook:
    def __init__(self, url: str) -> None:
        """``url`` is a secret; https only."""
        self._url = url

    async def post(self, card: Card) -> None:
        """Raises Unreachable. What was lost on the way is not known: posting again may show it twice."""
        if not safe(self._url):
            raise Unreachable("TEAMS_WEBHOOK_URL must begin with https://.", temporary=False)
        body = json.dumps(payload(card, self._url), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        try:
            async with (
                aiohttp.ClientSession(timeout=PATIENCE) as session,
                session.post(self._url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                _judge(answer.status, (await answer.text(errors="replace"))[:200], legacy=is_legacy(self._url))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"The webhook of Teams does not answer ({type(error).__name__}).") from None


def is_legacy(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return any(host == one or host.endswith(f".{one}") for one in LEGACY)


def payload(card: Card, url: str) -> Mapping[str, Any]:
    """What the address takes, short enough for it."""
    readable = replace(card, parts=tuple(one for one in card.parts if not isinstance(one, Button | Form)))
    make = _message_card if is_legacy(url) else _workflow
    tries = (make(fit(readable, share, BOUNDS)) for share in SHARES)
    return next((one for one in tries if _small(one)), make(Card(card.title[:200])))


def _small(made: Mapping[str, Any]) -> bool:
    return len(json.dumps(made, ensure_ascii=False).encode(errors="replace")) < LIMITS.webhook


def _workflow(card: Card) -> Mapping[str, Any]:
    return {"type": "message", "attachments": [{"contentType": CARD, "contentUrl": None, "content": render(card)}]}


def _message_card(card: Card) -> Mapping[str, Any]:
    """``markdown`` off: what a stranger wrote is shown as it is."""
    sections: list[dict[str, Any]] = [{"activityTitle": card.title, "markdown": False}]
    for part in card.parts:
        match part:
            case Text(text=text) | Code(text=text):
                sections.append({"text": text, "markdown": False})
            case Facts(pairs=pairs):
                facts = [{"name": name, "value": value} for name, value in pairs]
                sections.append({"facts": facts, "markdown": False})
            case _:
                continue
    links = [one for one in card.parts if isinstance(one, Link)]
    return {
        "@type": "MessageCard",
        "@context": "https://schema.org/extensions",
        "summary": summary(card),
        "themeColor": COLOURS[card.tone],
        "sections": sections,
        "potentialAction": [
            {"@type": "OpenUri", "name": one.label, "targets": [{"os": "default", "uri": one.url}]} for one in links
        ],
    }


def _judge(status: int, said: str, *, legacy: bool) -> None:
    """A connector that failed behind its door still answers 200, and says why instead of 1."""
    if status in (200, 202) and (not legacy or said.strip() == "1"):
        return
    if status in (429, 500, 502, 503, 504) or (legacy and status == 200):
        raise Unreachable(f"The webhook of Teams is busy (HTTP {status}).")
    why = "Copy its address anew from the Workflows app of Teams, into TEAMS_WEBHOOK_URL."
    raise Unreachable(f"The webhook of Teams refuses (HTTP {status}). {why}", temporary=False)
