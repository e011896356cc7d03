"""A line to a server that a test cuts, or lets fall silent, just when the decisive request has gone through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Line:
    """Passes bytes on; ``after`` what was said to the server it cuts, or is silent, so no answer comes back."""

    after: bytes
    silent: bool = False
    arrived: int = 0
    passing: list[asyncio.Task[None]] = field(default_factory=list)

    async def up(
        self,
        reader: asyncio.StreamReader,
        server: asyncio.StreamWriter,
        down: asyncio.Task[None],
        answers: asyncio.StreamReader,
    ) -> None:
        said = b""
        while chunk := await reader.read(65536):
            said += chunk
            last = self.after in said
            if last:
                down.cancel()
                await asyncio.wait({down})
            server.write(chunk)
            await server.drain()
            if last:
                self.arrived += 1
                await (asyncio.sleep(60) if self.silent else answers.read(1))  # who answers has done what it was told
                return


@asynccontextmanager
async def cut_line(near: Path, far: str, after: bytes, *, silent: bool = False) -> AsyncIterator[Line]:
    """A Unix socket at ``near`` that leads to the one at ``far``."""
    line = Line(after, silent)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(far)
        down = asyncio.create_task(_pass(from_server, writer))
        line.passing.append(down)
        try:
            await line.up(reader, to_server, down, from_server)
        finally:
            down.cancel()
            for end in (writer, to_server):
                end.close()
                with suppress(OSError):
                    await end.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line.passing.append(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_unix_server(accept, str(near))
    try:
        yield line
    finally:
        server.close()
        for task in line.passing:
            task.cancel()
        await asyncio.gather(*line.passing, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
        writer.close()
