"""Files as Slack takes them: an address for the bytes, the bytes, and a message that shares them. Nothing else counts."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.servers.slack.emulator import BOT_USER

if TYPE_CHECKING:
    from tests.servers.slack.web_api import WebApi

Json = dict[str, Any]
SCOPE = "files:write"


@dataclass
class File:
    """``ts`` is the message that shares it, empty before it is shared."""

    id: str
    name: str
    length: int
    alt: str
    content: bytes | None = None
    title: str = ""
    channel: str = ""
    thread: str = ""
    ts: str = ""


class Files:
    """https://docs.slack.dev/messaging/working-with-files#uploading_files"""

    def __init__(self, api: WebApi) -> None:
        self.base = ""
        self._api = api
        self._files: dict[str, File] = {}

    @property
    def shared(self) -> list[File]:
        return [one for one in self._files.values() if one.ts]

    async def address(self, arguments: Json, _token: str) -> Json:
        """``files.getUploadURLExternal``."""
        if SCOPE not in self._api.scopes:
            return {"ok": False, "error": "missing_scope", "needed": SCOPE}
        if not arguments.get("filename") or not str(arguments.get("length", "")).isdecimal():
            return {"ok": False, "error": "invalid_arguments"}
        id = f"F{secrets.token_hex(5).upper()}"
        self._files[id] = File(
            id, str(arguments["filename"]), int(arguments["length"]), str(arguments.get("alt_txt", ""))
        )
        return {"ok": True, "upload_url": f"{self.base}/upload/{id}", "file_id": id}

    async def serve(self, request: web.Request) -> web.Response:
        """The bytes themselves; no token comes with them."""
        file, content = self._files[request.match_info["id"]], await request.read()
        if len(content) != file.length:
            return web.Response(status=400, text=f"{len(content)} bytes, not {file.length}")
        file.content = content
        return web.Response(text=f"OK - {file.length}")

    async def complete(self, arguments: Json, token: str) -> Json:
        """``files.completeUploadExternal``."""
        [given] = json.loads(arguments["files"])
        file = self._files.get(given["id"])
        if file is None or file.content is None:
            return {"ok": False, "error": "file_not_found"}
        if refusal := await self._api.outside({"channel": arguments["channel_id"]}):
            return refusal
        said = {"channel": arguments["channel_id"], "thread_ts": arguments.get("thread_ts", ""), "text": given["title"]}
        answer = await self._api.forward("chat.postMessage", {**said, "user": BOT_USER}, token)
        file.title, file.channel, file.thread = said["text"], said["channel"], said["thread_ts"]
        file.ts = str(answer["ts"])
        return {"ok": True, "files": [{"id": file.id, "title": file.title}]}
