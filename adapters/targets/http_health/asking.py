"""Asks a web address once, and only an address that has been looked at: GET, nothing kept, no proxy."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TypeAlias
from urllib.parse import urljoin

import httpx

from adapters.targets.http_health.fence import Address, Entry, Place, entry, place, refusal
from engine.errors import Refused

FARTHEST = 3
"""Redirects that are followed, all within one scheme, host and port."""

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of the host, as this machine finds them. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class HttpHealthSettings:
    """``hosts`` that may be asked: ``example.com``, ``*.example.com``, ``db.internal:8080``; empty: none may be.

    A host at a private address must be named itself, and one at a link-local address (a cloud's metadata) by that
    address: a ``*`` covers neither.
    """

    hosts: tuple[str, ...] = ()
    timeout_seconds: float = 10
    entries: tuple[Entry, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", tuple(entry(host) for host in self.hosts))

    def covering(self, at: Place) -> Sequence[Entry]:
        return [one for one in self.entries if one.covers(at)]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it. ``status`` 0: nothing that is HTTP came back, and ``words`` say what did."""

    status: int
    words: str

    @property
    def healthy(self) -> bool | None:
        """A redirect, or a refusal to us, says that somebody is there and no more."""
        if 200 <= self.status < 300:
            return True
        return False if self.status == 0 or self.status >= 500 else None


class Asker:
    def __init__(self, settings: HttpHealthSettings, resolve: Resolve = resolve) -> None:
        self._settings = settings
        self._resolve = resolve
        self._http = httpx.AsyncClient(
            timeout=settings.timeout_seconds,
            verify=ssl.create_default_context(),  # the machine's own authorities, where companies add theirs
            trust_env=False,  # a proxy named in a shell would look the name up a second time
            follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(self, url: str) -> Answer:
        """Raises Refused if the list does not cover it, or its addresses are not fit to be asked; nothing was sent."""
        at = place(url)
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                status, words = await self._follow(at)
        except TimeoutError:
            return Answer(0, f"does not answer within {self._settings.timeout_seconds:g} seconds")
        except OSError as error:
            return Answer(0, f"cannot be found: {error.strerror or 'no address'}")
        took = (time.monotonic() - began) * 1000
        return Answer(status, f"{words} after {took:.0f} ms")

    async def _follow(self, at: Place) -> tuple[int, str]:
        for _ in range(FARTHEST + 1):
            status, words, location = await self._get(at)
            if not location:
                return status, words
            try:
                there = place(urljoin(f"{at.scheme}://{at.named}{at.target}", location))
            except Refused:
                return status, f"{words} to somewhere that I do not follow"
            if (there.scheme, there.host, there.port) != (at.scheme, at.host, at.port):
                return status, f"{words} to {there.named}, where I do not follow"
            at = there
        return status, f"{words} for ever"

    async def _get(self, at: Place) -> tuple[int, str, str]:
        """The name is looked up once, judged, and the judged address is the one that is asked."""
        request = self._http.build_request(
            "GET",
            at.at(await self.address(at)),
            headers={"Host": at.named, "Accept": "*/*", "Connection": "close"},
            extensions={"sni_hostname": at.host},
        )
        try:
            response = await self._http.send(request, stream=True)
        except (httpx.ConnectTimeout, httpx.ReadTimeout) as error:
            raise TimeoutError from error
        except httpx.ConnectError as error:
            return 0, f"cannot be connected to ({_reason(error)})", ""
        except httpx.HTTPError:
            return 0, "broke the connection off, or does not speak HTTP", ""
        await response.aclose()  # its status is all we want
        location = response.headers.get("Location", "") if response.is_redirect else ""
        return response.status_code, f"answers {response.status_code}{' redirecting' if location else ''}", location

    async def address(self, at: Place) -> Address:
        """Raises Refused, or OSError where the name is not known. One unfit address among several spoils them all."""
        covering = self._settings.covering(at)
        if not covering:
            raise Refused(f"{at.named} is not among HTTP_HEALTH_HOSTS.")
        exact = any(one.exact for one in covering)
        found = [ip_address(text.partition("%")[0]) for text in await self._resolve(at.host, at.port)]
        for address in found:
            if why := refusal(at.host, address, exact=exact):
                raise Refused(f"{why}.")
        if not found:
            raise OSError
        return found[0]


def _reason(error: Exception) -> str:
    """The innermost cause says it in the fewest words."""
    cause: BaseException = error
    while (inner := cause.__cause__ or cause.__context__) is not None:
        cause = inner
    said = getattr(cause, "verify_message", "") or getattr(cause, "strerror", "") or str(error)
    return " ".join(str(said).split())[:200] or "no reason was given"
