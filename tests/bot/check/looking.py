"""The check, asked and read."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from rich.console import Console

from bot.check import Systems, check
from bot.check.report import Line, Report, render
from bot.settings import load

Environ = dict[str, str]


async def look(environ: Environ, **systems: Any) -> Report:
    return await check(load(environ), Systems(**systems))


def of(report: Report, subject: str) -> list[Line]:
    return [line for line in report.lines if line.subject == subject]


def only(report: Report, subject: str) -> Line:
    (line,) = of(report, subject)
    return line


def shown(report: Report, width: int = 80) -> str:
    out = io.StringIO()
    Console(file=out, width=width, color_system=None).print(render(report))
    return out.getvalue()


@asynccontextmanager
async def served(answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[int]:
    """A server on a free port of this machine."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
