"""What the check finds on servers: Elasticsearch, mail, a webhook, our own port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bot.check.report import Level, Line
from tests.bot.check.looking import Environ, look, of, only, served
from tests.servers import free_port


@asynccontextmanager
async def web_server(body: object, status: int = 200, path: str = "/") -> AsyncIterator[int]:
    async def handle(_request: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_get(path, handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_elasticsearch_that_answers(environ: Environ) -> None:
    async with web_server({"cluster_name": "logs", "version": {"number": "8.15.0"}}) as port:
        line = only(await look({**environ, "ELASTICSEARCH_URL": f"http://127.0.0.1:{port}"}), "Elasticsearch")
    assert line == Line(Level.OK, "Elasticsearch", "8.15.0, cluster logs")


async def test_elasticsearch_that_wants_a_password(environ: Environ) -> None:
    async with web_server({}, status=401) as port:
        line = only(await look({**environ, "ELASTICSEARCH_URL": f"http://127.0.0.1:{port}"}), "Elasticsearch")
    assert (line.level, line.advice) == (
        Level.ERROR,
        "Put user and password into ELASTICSEARCH_URL, before the host and an @.",
    )


@pytest.mark.parametrize("body", [[], {"version": 3}, "hello"])
async def test_something_else_in_the_place_of_elasticsearch(body: object, environ: Environ) -> None:
    async with web_server(body) as port:
        line = only(await look({**environ, "ELASTICSEARCH_URL": f"http://127.0.0.1:{port}"}), "Elasticsearch")
    assert line.level is Level.ERROR
    assert "something else answers there (200)" in line.text


async def test_elasticsearch_that_nobody_asked_for_is_not_called_broken(environ: Environ) -> None:
    del environ["ELASTICSEARCH_URL"]
    line = only(await look(environ), "Elasticsearch")
    assert (line.level, line.text) == (Level.NOTE, "not reachable; logs are read from files only")
    asked = only(await look({**environ, "ELASTICSEARCH_URL": "http://127.0.0.1:1"}), "Elasticsearch")
    assert asked.level is Level.ERROR
    assert asked.text.startswith("not reachable at 127.0.0.1:1:")


def mail_server(*lines: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Greets, hears EHLO, answers these lines, and wants nothing but QUIT after that."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220-mail.example.com\r\n220 ready\r\n")
        assert (await reader.readline()).startswith(b"EHLO ")
        writer.write(b"".join(lines))
        assert (await reader.readline()) in (b"QUIT\r\n", b"")

    return answer


async def mail_line(answer: Any, environ: Environ) -> Line:
    mail = {"SMTP_SERVER": "127.0.0.1", "EMAIL_USER": "me", "EMAIL_PASSWORD": "x"}
    async with served(answer) as port:
        return only(await look({**environ, **mail, "SMTP_PORT": str(port)}), "Mail")


async def test_a_mail_server_that_encrypts(environ: Environ) -> None:
    line = await mail_line(mail_server(b"250-hello\r\n", b"250-SIZE 1000\r\n", b"250 STARTTLS\r\n"), environ)
    assert line.level is Level.OK
    assert line.text.endswith("answers and encrypts (STARTTLS)")


async def test_a_mail_server_that_does_not_encrypt(environ: Environ) -> None:
    line = await mail_line(mail_server(b"250-hello\r\n", b"250 AUTH PLAIN\r\n"), environ)
    assert line.level is Level.WARNING  # an error, were it not on this machine
    assert "offers no STARTTLS" in line.text


async def _slams(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 hello\r\n")


async def _is_no_mail_server(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await writer.drain()


async def _babbles(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220-" + b"x" * 200_000)
    await writer.drain()


async def _goes_on(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220-more\r\n" * 1000)
    await writer.drain()


@pytest.mark.parametrize("answer", [_slams, _is_no_mail_server, _babbles, _goes_on])
async def test_what_is_no_mail_server(answer: Any, environ: Environ) -> None:
    line = await mail_line(answer, environ)
    assert line.level is Level.ERROR
    assert line.text.startswith("not reachable at 127.0.0.1:")


async def test_a_mail_server_that_is_not_there(environ: Environ) -> None:
    mail = {"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": str(free_port()), "EMAIL_USER": "me", "EMAIL_PASSWORD": "x"}
    assert "refused" in only(await look({**environ, **mail}), "Mail").text.lower()


@pytest.mark.parametrize(
    ("address", "levels"),
    [
        ("", []),
        ("http://prod-1.westeurope.logic.azure.com/x", []),
        ("https://prod-1.westeurope.logic.azure.com:443/workflows/1", [Level.OK]),
        ("https://default1.environment.api.powerplatform.com/x", [Level.OK]),
        ("https://company.webhook.office.com/webhookb2/1", [Level.WARNING]),
        ("https://chat.example.com/hook", [Level.NOTE]),
    ],
)
async def test_a_teams_webhook_is_only_looked_at(address: str, levels: list[Level], environ: Environ) -> None:
    report = await look({**environ, "TEAMS_WEBHOOK_URL": address})
    assert [line.level for line in of(report, "Teams webhook")] == levels


async def test_a_port_is_free_or_ours_or_taken(environ: Environ) -> None:
    assert only(await look(environ), "Port").text == f"127.0.0.1:{environ['PORT']} is free"
    async with web_server({"status": "alive"}, path="/healthz") as port:
        line = only(await look({**environ, "PORT": str(port)}), "Port")
        assert line == Line(Level.OK, "Port", f"127.0.0.1:{port} is where this agent is running")
    async with web_server({"status": "fine"}, path="/healthz") as port:
        line = only(await look({**environ, "PORT": str(port)}), "Port")
        assert (line.level, line.text) == (Level.ERROR, f"another program listens on 127.0.0.1:{port}")
    async with served(_is_no_mail_server) as port:
        assert only(await look({**environ, "PORT": str(port)}), "Port").level is Level.ERROR
