"""The wire between a client and a server: it can be cut, or go silent, at the moment a word passes on it.

async with wire(server.port) as line:      # connect to 127.0.0.1:line.port
    line.cut(b"pg_terminate_backend")      # the word still arrives, its answer does not
    line.silence(b"ALTER")                 # the same, but the connection stays open
    line.block(b"KILL")                    # the word itself does not arrive, and the connection is cut
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal


@dataclass
class Deed:
    kind: Literal["cut", "silence", "block"]
    word: bytes
    after: bool

    def due(self, data: bytes) -> bool:
        """Whether it is to be done to this very piece of what passes."""
        if self.word not in data:
            return self.word == b""
        if self.after:
            self.word, self.after = b"", False
            return False
        return True


@dataclass
class Wire:
    to: int
    port: int = 0
    deed: Deed | None = None
    silent: bool = False
    ends: set[asyncio.StreamWriter] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def cut(self, word: bytes, *, after: bool = False) -> None:
        """``after`` the word, for drivers that first prepare and then run: what follows it is what is cut."""
        self.deed = Deed("cut", word, after)

    def silence(self, word: bytes, *, after: bool = False) -> None:
        self.deed = Deed("silence", word, after)

    def block(self, word: bytes, *, after: bool = False) -> None:
        self.deed = Deed("block", word, after)

    def mend(self) -> None:
        self.deed = None
        self.silent = False

    def hang_up(self) -> None:
        for end in self.ends:
            end.transport.abort()
        self.ends.clear()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, out = await asyncio.open_connection("127.0.0.1", self.to)
        self.ends |= {writer, out}
        last = asyncio.Event()
        for pump in (self._forth(reader, out, last), self._back(there, writer, last)):
            task = asyncio.create_task(pump)
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _forth(self, reader: asyncio.StreamReader, out: asyncio.StreamWriter, last: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._pass(data, out, last)
        out.close()

    async def _pass(self, data: bytes, out: asyncio.StreamWriter, last: asyncio.Event) -> None:
        deed = self.deed.kind if self.deed and self.deed.due(data) else None
        self.silent = self.silent or deed is not None
        if deed == "cut":
            last.set()
        if deed == "block":
            self.hang_up()
            return
        out.write(data)
        await out.drain()

    async def _back(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, last: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await there.read(65_536):
                if last.is_set():  # who answers has done what it was told
                    self.hang_up()
                if not self.silent:
                    writer.write(data)
                    await writer.drain()
        writer.close()


@asynccontextmanager
async def wire(to: int) -> AsyncIterator[Wire]:
    line = Wire(to)
    server = await asyncio.start_server(line.take, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        line.hang_up()
        for task in list(line.tasks):
            task.cancel()
        await asyncio.gather(*line.tasks, return_exceptions=True)
        await server.wait_closed()
