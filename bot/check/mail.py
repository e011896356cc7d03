"""Greets the mail server and hears whether it can encrypt. Does not sign in: that could lock the account."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl

from bot.check.report import Level, Line
from bot.settings import Settings, is_loopback

MAIL_PATIENCE = 5.0
"""Seconds. Some mail servers let strangers wait a little on purpose."""

MOST_LINES = 100
"""Lines of one answer of a mail server; more is no mail server."""

TLS_PORT = 465
"""On this port mail servers speak TLS from the first byte (RFC 8314)."""


async def mail(settings: Settings) -> list[Line]:
    """Nothing where no mail server is set."""
    if not settings.smtp_server:
        return []
    place = f"{settings.smtp_server}:{settings.smtp_port}"
    try:
        async with asyncio.timeout(MAIL_PATIENCE):
            offers = await _offers(settings.smtp_server, settings.smtp_port)
    except TimeoutError:
        return [_no_mail(place, f"no answer within {MAIL_PATIENCE:.0f} s")]
    except (OSError, ValueError) as error:
        return [_no_mail(place, _reason(error))]
    if "STARTTLS" in offers or settings.smtp_port == TLS_PORT:
        how = "TLS" if settings.smtp_port == TLS_PORT else "STARTTLS"
        return [Line(Level.OK, "Mail", f"{place} answers and encrypts ({how})")]
    level = Level.WARNING if is_loopback(settings.smtp_server) else Level.ERROR
    advice = "Take another port (587 as a rule), or another server."
    return [Line(level, "Mail", f"{place} offers no STARTTLS; the password would be sent in the clear", advice)]


def _no_mail(place: str, why: str) -> Line:
    return Line(
        Level.ERROR, "Mail", f"not reachable at {place}: {why}", "Check SMTP_SERVER, SMTP_PORT and the firewall."
    )


def _reason(error: OSError | ValueError) -> str:
    """In the words of the system, without its numbers."""
    match error:
        case socket.gaierror() | ssl.SSLError():
            return error.strerror or str(error)
        case OSError(errno=int(number)):
            return os.strerror(number)
        case _:
            return str(error)


async def _offers(host: str, port: int) -> set[str]:
    """What the server can do. Raises OSError, or ValueError where something else answers."""
    tls = ssl.create_default_context() if port == TLS_PORT else None
    reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    try:
        await _answer(reader, b"220")
        writer.write(b"EHLO oncall-agent\r\n")
        answer = await _answer(reader, b"250")
        writer.write(b"QUIT\r\n")
        return {line.split()[0].upper() for line in answer if line.split()}
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader, code: bytes) -> list[str]:
    lines = []
    for _ in range(MOST_LINES):
        line = await reader.readline()
        if not line.startswith(code):
            raise ValueError("what answers there does not greet as a mail server")
        lines.append(line[4:].decode("latin-1").strip())
        if line[3:4] != b"-":
            return lines
    raise ValueError("what answers there is no mail server")
