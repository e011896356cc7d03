"""Stands between the target and a real cluster, and treats its requests as networks do at their worst."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.servers.kubernetes import KubernetesServer

ASKING = ("selfsubjectaccessreviews",)
"""What is posted and changes nothing."""


@dataclass
class Gate:
    """``mood`` is what becomes of a request that changes something: it passes, its answer is lost, it is lost itself,
    or no answer ever comes. ``first`` is done once, just before such a request is passed on."""

    server: KubernetesServer
    url: str = ""
    mood: str = "pass"
    first: Callable[[], Awaitable[object]] | None = None
    changes: list[str] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
                await self._pass(await _request(reader), writer)
        finally:
            writer.transport.abort() if self.mood == "lose the answer" else writer.close()

    async def _pass(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        line = request.split(b"\r\n", 1)[0].decode()
        changing = not line.startswith("GET ") and not any(one in line for one in ASKING)
        if changing:
            self.changes.append(line)
            if (first := self.first) is not None:
                self.first = None
                await first()
        match self.mood if changing else "pass":
            case "lose it":
                return
            case "stall":
                await asyncio.sleep(60)
                return
            case mood:
                answer = await self._ask(request)
                if mood == "pass":
                    writer.write(answer)
                    await writer.drain()

    async def _ask(self, request: bytes) -> bytes:
        address = urlsplit(self.server.url)
        tls = ssl.create_default_context(cafile=str(self.server.authority))
        reader, writer = await asyncio.open_connection(address.hostname, address.port, ssl=tls)
        try:
            writer.write(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            return await reader.read()
        finally:
            writer.close()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    body = await reader.readexactly(int(length[1])) if length else b""
    return re.sub(rb"\r\nconnection: [^\r]+", b"", head, flags=re.IGNORECASE) + body


@asynccontextmanager
async def gate(server: KubernetesServer) -> AsyncIterator[Gate]:
    one = Gate(server)
    listener = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with listener:
        yield one
