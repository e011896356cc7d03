"""Pictures of a card, which Slack takes as files: each follows its card in the same room, or in the same thread."""

from __future__ import annotations

import json
from dataclasses import replace

import aiohttp

from adapters.chat.ask import Room
from adapters.chat.card import Card, Image
from adapters.chat.outbox import Outbox
from adapters.chat.shorten import one_line
from adapters.chat.slack.calls import Calls
from adapters.chat.slack.limits import LIMITS
from engine.errors import OnCallError, Unreachable

FILE = "oncall.png"


class Pictures:
    """An image block would need an address that Slack can read, and many programs have none; an upload needs none.

    https://docs.slack.dev/messaging/working-with-files#uploading_files
    """

    def __init__(self, calls: Calls, outbox: Outbox) -> None:
        self._calls = calls
        self._outbox = outbox

    async def share(self, room: Room, card: Card, thread: str = "") -> str:
        """Show the card's pictures there. Returns why that could not be, empty if all are there; raises nothing."""
        try:
            for part in card.parts:
                if isinstance(part, Image):
                    await self._share(room, part, card.title, thread)
        except OnCallError as error:
            return str(error)
        return ""

    async def _share(self, room: Room, picture: Image, title: str, thread: str) -> None:
        said = one_line(picture.alt, LIMITS.alt)
        place = await self._calls.make(
            "files.getUploadURLExternal", filename=FILE, length=len(picture.png), alt_txt=said
        )
        await self._upload(str(place.get("upload_url")), picture.png)
        files = json.dumps([{"id": place.get("file_id"), "title": one_line(title, LIMITS.header)}])
        await self._outbox.paced(
            "post",
            room,
            lambda: self._calls.now("files.completeUploadExternal", files=files, channel_id=room, thread_ts=thread),
        )

    async def _upload(self, url: str, png: bytes) -> None:
        try:
            async with self._calls.session.post(url, data=png) as answer:
                if answer.status != 200:
                    raise Unreachable(f"Slack did not take the file (HTTP {answer.status}).")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unreachable(f"Slack did not take the file ({type(error).__name__}).") from None


def without_pictures(card: Card) -> Card:
    """The card as it is posted where its pictures follow."""
    return replace(card, parts=tuple(part for part in card.parts if not isinstance(part, Image)))
