"""Speaks the API of Kubernetes, and says for certain whether a request left this machine."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic_core import from_json

from adapters.targets.kubernetes.access import Access
from engine.errors import Unreachable

LARGEST = 32_000_000
"""Bytes of one answer that are read; 500 pods, the most that is asked for, are about 5 million."""

LONGEST = 300
"""Characters of a server's own words that are repeated to a person."""

PATCH = "application/strategic-merge-patch+json"


class NotSent(Unreachable):
    """Kubernetes could not be asked, so nothing was sent."""


class Lost(Unreachable):
    """The request was sent, and what became of it is not known."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``body`` is {} where it was no object; ``at`` is the server's own time, for ours may be off."""

    status: int
    body: dict[str, Any]
    words: str
    at: datetime

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300 and bool(self.body)

    @property
    def cause(self) -> str:
        """Kubernetes' one word for why it refused, where it has one."""
        match self.body.get("details"):
            case {"causes": [{"reason": str(reason)}, *_]}:
                return reason
            case _:
                return ""

    @property
    def may_have_happened(self) -> bool:
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR or (200 <= self.status < 300 and not self.body)


class Client:
    """One cluster. Its token appears in no error, log or repr."""

    def __init__(self, access: Access, timeout_seconds: float) -> None:
        self._access = access
        self._seconds = timeout_seconds
        address = urlsplit(access.url)
        self.place = f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path.rstrip('/')}"
        self._http = httpx.AsyncClient(
            base_url=access.url,
            timeout=timeout_seconds,
            verify=access.tls,
            trust_env=False,  # a proxy named in a shell must not be handed the token
            follow_redirects=False,  # nor may whoever a redirect names
            # A kept connection that the server has just closed looks like an answer that was lost. Ours are fresh.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    @property
    def who(self) -> str:
        return self._access.who

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(self, method: str, path: str, body: object = None) -> Reply:
        """Raises NotSent or Lost, both Unreachable."""
        token = self._access.token()
        headers = {"Accept": "application/json", "Content-Type": PATCH if method == "PATCH" else "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            content = None if body is None else json.dumps(body).encode()
            request = self._http.build_request(method, path, content=content, headers=headers)
            async with asyncio.timeout(self._seconds * 3):  # also ends an answer that only drips
                return await self._read(request, token)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.LocalProtocolError, UnicodeEncodeError) as error:
            words = _fit(str(error), token)
            raise NotSent(f"Kubernetes at {self.place} cannot be reached: {words}.") from None
        except (httpx.TimeoutException, TimeoutError):
            raise Lost(f"Kubernetes at {self.place} did not answer in time.") from None
        except httpx.HTTPError:
            raise Lost(f"Kubernetes at {self.place} broke the connection off before it had answered.") from None

    async def _read(self, request: httpx.Request, token: str) -> Reply:
        response = await self._http.send(request, stream=True)
        content = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > LARGEST:
                    raise Lost(f"Kubernetes at {self.place} sent an answer without end.")
        finally:
            await response.aclose()
        body = _object(bytes(content))
        said = body.get("message") if body.get("kind") == "Status" else None
        words = said if isinstance(said, str) and said else f"HTTP {response.status_code}"
        if not body:
            words += ", and not as Kubernetes does: is that its API, or a proxy before it?"
        return Reply(response.status_code, body, _fit(words, token), _time(response.headers.get("Date", "")))


def _object(content: bytes) -> dict[str, Any]:
    try:
        body = from_json(content)  # json.loads would be felled by an answer nested deep enough
    except ValueError:  # undecodable bytes are one too
        return {}
    return body if isinstance(body, dict) else {}


def _time(header: str) -> datetime:
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except (TypeError, ValueError):
        return datetime.now(UTC)


def _fit(words: str, token: str) -> str:
    """On one line, bounded, and without our token, should a server repeat it to us."""
    text = " ".join(words.replace(token, "***").split() if token else words.split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
