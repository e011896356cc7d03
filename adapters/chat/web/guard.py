"""What stands between the page and other web sites: whose host, whose form, and what the browser may load."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import TypeAlias
from urllib.parse import urlsplit

from aiohttp import web

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
# With "no-referrer" a browser sends "Origin: null" with a plain form, and over plain http no Sec-Fetch-Site either, so
# our own forms could not be told from a stranger's (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
NO_REFERRER = {"Referrer-Policy": "no-referrer"}
"""For the one page whose address is a secret."""


class Guard:
    """Lets a request through to a handler, or not. ``hosts`` are names without ports."""

    def __init__(self, hosts: Collection[str]) -> None:
        self._hosts = {host.lower() for host in hosts}

    def __call__(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            response = self._refusal(request) or await handler(request)
            for name, value in HEADERS.items() if not response.prepared else ():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return guarded

    def _refusal(self, request: web.Request) -> web.Response | None:
        # a name of an attacker that resolves to this machine would otherwise make this page part of his site
        if _name(request.host) not in self._hosts:
            return web.Response(status=421, text="This program does not answer under this name.")
        if request.method not in ("GET", "HEAD") and not same_origin(request):
            return web.Response(status=403, text="This was not sent by the chat's own page.")
        return None


def same_origin(request: web.Request) -> bool:
    """Whether the browser says that our own page sent this. It must say so in one way and deny it in none."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site != "same-origin":
        return False
    if origin in (None, "null"):
        return site is not None
    try:
        return urlsplit(origin).netloc.lower() == request.host.lower()
    except ValueError:
        return False


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
