"""The pages as HTTP answers."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from adapters.chat.web.guard import Handler
from adapters.chat.web.render import template
from adapters.chat.web.static_files import StaticFile
from adapters.chat.web.visitors import SignedOut
from engine.errors import Forbidden, NotFound, OnCallError, Refused, Unreachable

STATUSES: Mapping[type[OnCallError], HTTPStatus] = {
    SignedOut: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Refused: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unreachable: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Answers:
    def __init__(self, files: Mapping[str, StaticFile]) -> None:
        self._files = {name: file.path for name, file in files.items()}

    def page(self, name: str, *, status: int = 200, **values: object) -> web.Response:
        html = template(name, files=self._files, **values)
        # half a character, which a log may hold, cannot be written: it becomes a question mark
        body = html.encode("utf-8", "replace")
        return web.Response(body=body, status=status, content_type="text/html", charset="utf-8")

    def trouble(self, request: web.Request, error: OnCallError) -> web.Response:
        """Say what went wrong in a page of its own, or in one line to the script."""
        status = next(status for kind, status in STATUSES.items() if isinstance(error, kind))
        if _by_script(request):
            return web.Response(text=str(error), status=status)
        if isinstance(error, SignedOut):
            return self._signed_out(request)
        return self.page("notice", status=status, title="That did not work", text=str(error))

    def friendly(self, handler: Handler) -> Handler:
        async def answered(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except tuple(STATUSES) as error:
                return self.trouble(request, error)

        return answered

    def done(self, request: web.Request, path: str) -> web.Response:
        """After something was sent: the script has its news by the stream, a plain form goes back to the page."""
        return web.Response(status=204) if _by_script(request) else see(path)

    def _signed_out(self, request: web.Request) -> web.Response:
        # a link on another site comes without our strict cookie; following it from our own page brings it
        if request.method == "GET" and request.headers.get("Sec-Fetch-Site") == "cross-site":
            return self.page("onward", path=request.path_qs)
        return self.page("signed_out", status=401)


def see(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})


def _by_script(request: web.Request) -> bool:
    return request.headers.get("Accept") in ("application/json", "text/event-stream")
