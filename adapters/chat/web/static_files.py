"""The style, the script and the mark, under addresses that change with their content so browsers may keep them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

KEEP = {"Cache-Control": "public, max-age=31536000, immutable"}
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    path: str
    content: bytes
    type: str

    async def answer(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.content, content_type=self.type, charset="utf-8", headers=KEEP)


def static_files() -> Mapping[str, StaticFile]:
    """The files by name."""
    return {path.name: _read(path) for path in sorted((Path(__file__).parent / "static").iterdir()) if path.is_file()}


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    version = hashlib.sha256(content).hexdigest()[:12]
    return StaticFile(f"/chat/static/{version}/{path.name}", content, TYPES[path.suffix])
