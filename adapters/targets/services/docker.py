"""Asks Docker, or podman in its stead, through its socket: what a container does, and to restart it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from adapters.targets.services.failures import Denied, Lost, NotSent, plain
from adapters.targets.services.found import Container, Gone
from engine.errors import Refused, Unreachable

LARGEST = 4_000_000
"""Bytes of one answer that are read; Docker's own are a few thousand."""


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


S = TypeVar("S", bound=_Shown)


class _Health(_Shown):
    status: str = Field(alias="Status")


class _State(_Shown):
    status: str = Field(alias="Status")
    started_at: str = Field(alias="StartedAt")
    exit_code: int = Field(0, alias="ExitCode")
    health: _Health | None = Field(None, alias="Health")


class _Inspected(_Shown):
    """https://docs.docker.com/reference/api/engine/ : GET /containers/{id}/json."""

    id: str = Field(alias="Id", pattern=r"^[0-9a-f]{12,64}$")
    name: str = Field(alias="Name")
    state: _State = Field(alias="State")


class _Component(_Shown):
    name: str = Field("Docker", alias="Name")


class _Version(_Shown):
    version: str = Field("of an unknown version", alias="Version")
    components: tuple[_Component, ...] = Field((), alias="Components")


class Docker:
    """One Docker, by the path of its socket."""

    def __init__(self, socket: str, timeout_seconds: float, grace_seconds: int) -> None:
        """A restart is answered once it is done, so its end is waited for as well."""
        self.place = socket
        self._grace = grace_seconds
        self._timeout = timeout_seconds + grace_seconds
        self._http = httpx.AsyncClient(
            base_url="http://docker",
            transport=httpx.AsyncHTTPTransport(uds=socket, limits=httpx.Limits(max_keepalive_connections=0)),
            timeout=self._timeout,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def find(self, name: str) -> Container | Gone:
        """By exactly this name: Docker would also take the beginning of an id for one. Raises Unreachable, Denied."""
        status, body = await self._read(f"/containers/{name}/json")
        if status == httpx.codes.NOT_FOUND:
            return Gone(f"Docker knows no container {name}.")
        self._raise_for(status, body)
        shown = _shown(_Inspected, body)
        if shown.name.removeprefix("/") != name:
            return Gone(f"Docker knows no container {name}.")
        return _container(shown, name)

    async def version(self) -> str:
        """Raises Unreachable, Denied."""
        status, body = await self._read("/version")
        self._raise_for(status, body)
        shown = _shown(_Version, body)
        product = next((one.name for one in shown.components), "Docker")
        return plain(f"{product} {shown.version}")

    async def restart(self, container_id: str) -> None:
        """By id, so a container that has since taken the name is left alone. Raises NotSent, Lost, Denied, Refused."""
        status, body = await self._ask("POST", f"/containers/{container_id}/restart?t={self._grace}")
        if status == httpx.codes.NOT_FOUND:
            raise Refused("Docker no longer knows that container.")
        self._raise_for(status, body)

    def _raise_for(self, status: int, body: object) -> None:
        words = plain(body.get("message", "")) if isinstance(body, dict) else ""
        said = words.rstrip(".") or f"HTTP {status}"
        if status == httpx.codes.FORBIDDEN:
            raise Denied(f"Docker forbids it: {said}.")
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Lost(f"Docker answered: {said}.")
        if status >= httpx.codes.BAD_REQUEST:
            raise Refused(f"Docker refused: {said}.")

    async def _read(self, path: str) -> tuple[int, Any]:
        """A lost answer to a question that changes nothing is a question not asked."""
        try:
            return await self._ask("GET", path)
        except Lost as error:
            raise NotSent(str(error)) from None

    async def _ask(self, method: str, path: str) -> tuple[int, Any]:
        """Raises NotSent, Lost."""
        try:
            async with asyncio.timeout(self._timeout), self._http.stream(method, path) as response:
                return response.status_code, await _json(response)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
            raise NotSent(f"Docker cannot be asked at {self.place}: {plain(error)}.") from None
        except (httpx.TimeoutException, TimeoutError):
            raise Lost("Docker did not answer in time.") from None
        except httpx.HTTPError:
            raise Lost("Docker broke the connection off before it had answered.") from None


def _shown(model: type[S], body: object) -> S:
    try:
        return model.model_validate(body)
    except ValidationError:
        raise Unreachable("Docker answered with something that Docker does not say.", temporary=False) from None


async def _json(response: httpx.Response) -> Any:
    content = b""
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > LARGEST:
            raise Lost("Docker sent an answer without end.")
    try:
        return from_json(content)  # json.loads would be felled by an answer nested deep enough
    except ValueError:
        return None


def _container(shown: _Inspected, name: str) -> Container:
    at = shown.state
    health = at.health.status if at.health and at.health.status != "none" else ""
    since = _seconds(at.started_at)
    return Container(name, shown.id, plain(at.status), plain(at.started_at), at.exit_code, plain(health), since)


def _seconds(at: str) -> float:
    """Docker writes nanoseconds, which no clock of ours needs; a container that never ran started in the year 1."""
    try:
        return datetime.fromisoformat(at).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
