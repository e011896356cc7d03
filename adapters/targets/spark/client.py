"""Speaks to a Spark master and its workers, and says for certain whether a request left this machine."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from pydantic_core import from_json

from engine.errors import Misconfigured, Unreachable

LARGEST = 16_000_000
"""Bytes of one answer that are read; a master keeps 200 applications and drivers, of some 500 bytes each."""

LONGEST = 300
"""Characters of a server's own words that are repeated to a person."""

PART = 400_000
"""Bytes of a driver's log that are read: its launch command stands first, its application soon after, its end last."""


@dataclass(frozen=True, slots=True)
class SparkSettings:
    """``master_url`` is the master's web page (port 8080), ``rest_url`` its REST port (6066).

    ``requests`` is the folder of the kept submission requests. ``applications`` names what may be acted on, with ``*``
    for any letters; empty means nothing. ``token`` is for a master with ``spark.master.rest.filters``.
    """

    master_url: str
    rest_url: str
    requests: str = ""
    applications: tuple[str, ...] = ()
    token: str = field(default="", repr=False)
    timeout_seconds: float = 10
    stop_seconds: float = 30

    def __post_init__(self) -> None:
        for name, url in (("SPARK_MASTER_URL", self.master_url), ("SPARK_REST_URL", self.rest_url)):
            address = urlsplit(url)
            if address.scheme not in ("http", "https") or not address.hostname:
                raise Misconfigured(f"{name} must begin with http:// or https:// and name a host.")
        if not self.token.isascii() or any(sign.isspace() for sign in self.token):
            raise Misconfigured("SPARK_TOKEN must be one word of plain letters.")


class NotSent(Unreachable):
    """Spark could not be asked, so nothing was sent."""


class Lost(Unreachable):
    """The request was sent, and what became of it is not known."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``body`` is None where it was not JSON; ``words`` is what it says, fit to show."""

    status: int
    text: str
    body: Any
    words: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def forbidden(self) -> bool:
        return self.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

    @property
    def taken(self) -> bool:
        """Spark says 200 also where it did nothing: ``success`` is what counts."""
        return self.ok and isinstance(self.body, dict) and self.body.get("success") is True


class Client:
    """One master. Its token appears in no error, log or repr, and no worker is shown it."""

    def __init__(self, settings: SparkSettings) -> None:
        self._token = settings.token
        self._seconds = settings.timeout_seconds
        self.place, self.rest = _place(settings.master_url), _place(settings.rest_url)
        self._http = httpx.AsyncClient(
            timeout=settings.timeout_seconds,
            verify=ssl.create_default_context(),  # the machine's own authorities, where companies add theirs
            trust_env=False,  # a proxy named in a shell must not be handed the token
            follow_redirects=False,  # nor may whoever a redirect names
            # A kept connection that the server has just closed looks like an answer that was lost. Ours are fresh.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def master(self) -> Reply:
        """Workers, applications and drivers, at one moment. Raises NotSent or Lost, as all of these do."""
        return await self._ask("GET", f"{self.place}/json/", token=self._token)

    async def status(self, submission: str, *, anonymous: bool = False) -> Reply:
        url = f"{self.rest}/v1/submissions/status/{submission}"
        return await self._ask("GET", url, token="" if anonymous else self._token)

    async def kill(self, submission: str) -> Reply:
        return await self._ask("POST", f"{self.rest}/v1/submissions/kill/{submission}", token=self._token)

    async def create(self, request: Mapping[str, Any]) -> Reply:
        return await self._ask("POST", f"{self.rest}/v1/submissions/create", request, self._token)

    async def log_of(self, worker: str, submission: str, *, end: bool = False) -> str:
        """How a driver's log begins, or ends, from the web page of its worker; empty if it cannot be read."""
        if urlsplit(worker).scheme not in ("http", "https"):
            return ""
        part = {"byteLength": PART} if end else {"offset": 0, "byteLength": PART}
        query = urlencode({"driverId": submission, "logType": "stderr", **part})
        try:
            reply = await self._ask("GET", f"{worker.rstrip('/')}/log/?{query}")
        except Unreachable:
            return ""
        return reply.text if reply.ok else ""

    def right(self, reply: Reply) -> str:
        """What is lacking, where an answer is forbidden."""
        lacking = "did not accept SPARK_TOKEN" if self._token else "wants a token: set SPARK_TOKEN"
        return f"the master {lacking} (HTTP {reply.status})."

    async def _ask(self, method: str, url: str, body: object = None, token: str = "") -> Reply:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        place = _place(url)
        try:
            request = self._http.build_request(method, url, json=body, headers=headers)
            async with asyncio.timeout(self._seconds * 3):  # also ends an answer that only drips
                return await self._read(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.LocalProtocolError, httpx.InvalidURL) as error:
            raise NotSent(f"Spark at {place} cannot be reached: {self._words(str(error))}.") from None
        except (httpx.TimeoutException, TimeoutError):
            raise Lost(f"Spark at {place} did not answer in time.") from None
        except httpx.HTTPError:
            raise Lost(f"Spark at {place} broke the connection off before it had answered.") from None

    async def _read(self, request: httpx.Request) -> Reply:
        response = await self._http.send(request, stream=True)
        try:
            content = b""
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > LARGEST:
                    raise Lost(f"{_place(str(request.url))} sent an answer without end.")
        finally:
            await response.aclose()
        return self._reply(response.status_code, content.decode(errors="replace"))

    def _reply(self, status: int, text: str) -> Reply:
        try:
            body = from_json(text)  # json.loads would be felled by an answer nested deep enough
        except ValueError:
            return Reply(status, text, None, f"HTTP {status}")
        message = body.get("message") if isinstance(body, dict) else None
        # A malformed request is answered with Java's whole stack; its first line is what a person can use.
        said = message.partition("\n")[0] if isinstance(message, str) else ""
        return Reply(status, text, body, self._words(said.removeprefix("Malformed request: ") or f"HTTP {status}"))

    def _words(self, text: str) -> str:
        """On one line, bounded, and without our token, should a server repeat it to us."""
        text = text.replace(self._token, "***") if len(self._token) > 3 else text
        text = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _place(url: str) -> str:
    """The address without a password; of a page on a server only the server."""
    address = urlsplit(url)
    path = address.path.partition("/v1/submissions/")[0].partition("/json")[0].partition("/log/")[0]
    return f"{address.scheme}://{address.netloc.rpartition('@')[2]}{path.rstrip('/')}"
