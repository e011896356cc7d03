"""Asks what can be asked by HTTP without changing anything: Elasticsearch, a Teams webhook's look, our own port."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.check.report import Level, Line
from bot.settings import Settings

ELASTICSEARCH_PATIENCE = 3.0
"""Seconds. A search server on the same network answers ``GET /`` in milliseconds."""

WORKFLOWS = (".logic.azure.com", ".api.powerplatform.com")
"""Where webhooks of the Teams app Workflows live."""

RETIRED = (".webhook.office.com", "outlook.office.com")
"""Where those of the Office 365 connectors lived until 2026."""


async def elasticsearch(settings: Settings) -> Line:
    """Where the address is only the default, its silence is no fault."""
    if not settings.elasticsearch_url:
        return Line(Level.NOTE, "Elasticsearch", "not asked; logs are read from files only")
    chosen = "elasticsearch_url" in settings.model_fields_set
    try:
        async with httpx.AsyncClient(timeout=ELASTICSEARCH_PATIENCE) as client:
            answer = await client.get(settings.elasticsearch_url)
    except httpx.HTTPError as error:
        return _silent(settings, chosen, _why(error))
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        what = f"answers, but lets us not in ({answer.status_code})"
        return Line(
            Level.ERROR if chosen else Level.NOTE,
            "Elasticsearch",
            what,
            "Put user and password into ELASTICSEARCH_URL, before the host and an @.",
        )
    return _greeting(answer) or _silent(settings, chosen, f"something else answers there ({answer.status_code})")


def _greeting(answer: httpx.Response) -> Line | None:
    try:
        body: Any = answer.json()
        version, cluster = body["version"]["number"], body["cluster_name"]
    except (ValueError, KeyError, TypeError):
        return None
    return Line(Level.OK, "Elasticsearch", f"{str(version)[:20]}, cluster {str(cluster)[:60]}")


def _silent(settings: Settings, chosen: bool, why: str) -> Line:  # noqa: FBT001 - a private step
    if not chosen:
        return Line(
            Level.NOTE,
            "Elasticsearch",
            "not reachable; logs are read from files only",
            "To use one, set ELASTICSEARCH_URL.",
        )
    where = urlsplit(settings.elasticsearch_url)
    place = f"{where.hostname}:{where.port or where.scheme}"
    return Line(
        Level.ERROR,
        "Elasticsearch",
        f"not reachable at {place}: {why}",
        "Correct ELASTICSEARCH_URL, or set it to nothing.",
    )


def _why(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {ELASTICSEARCH_PATIENCE:.0f} s"
    return str(error) or type(error).__name__


async def port(settings: Settings) -> Line:
    """Free, or taken by ourselves, or taken by somebody else."""
    place = f"{settings.host}:{settings.port}"
    try:
        await asyncio.to_thread(_bind, settings.host, settings.port)
    except OSError as error:
        return await _taken(settings, place, error)
    return Line(Level.OK, "Port", f"{place} is free")


def _bind(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as trial:
        if os.name == "posix":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself will
        trial.bind(address)


async def _taken(settings: Settings, place: str, error: OSError) -> Line:
    if error.errno == errno.EACCES:
        return Line(Level.ERROR, "Port", f"we may not listen on {place}", "Set PORT to 1024 or more.")
    if error.errno != errno.EADDRINUSE:
        what = f"cannot listen on {place}: {error.strerror}"
        return Line(Level.ERROR, "Port", what, "Set HOST to an address of this machine.")
    if await _is_us(settings):
        return Line(Level.OK, "Port", f"{place} is where this agent is running")
    return Line(Level.ERROR, "Port", f"another program listens on {place}", "Stop it, or set PORT to a free one.")


async def _is_us(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - replaced, not bound
    try:
        async with httpx.AsyncClient(timeout=ELASTICSEARCH_PATIENCE, trust_env=False) as client:
            answer = await client.get(f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/healthz")
        return bool(answer.json() == {"status": "alive"})
    except (httpx.HTTPError, ValueError):
        return False


def webhook(settings: Settings) -> list[Line]:
    """Only the look of the address: asking it would post."""
    address = settings.teams_webhook_url.get_secret_value()
    host = urlsplit(address).hostname or ""
    if not address.lower().startswith("https://"):
        return []  # absent, or already among the dangers
    if host.endswith(RETIRED):
        advice = "Make a new one in Teams with the Workflows app."
        return [
            Line(
                Level.WARNING,
                "Teams webhook",
                "the address is an Office 365 connector's, a kind retired in 2026",
                advice,
            )
        ]
    if not host.endswith(WORKFLOWS):
        return [Line(Level.NOTE, "Teams webhook", f"{host} is no usual host of one; not asked, since that would post")]
    return [Line(Level.OK, "Teams webhook", "the address looks right; not asked, since that would post")]
