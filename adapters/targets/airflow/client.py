"""Speaks Airflow's REST API: signs in, sends, and says for certain whether a request left this machine."""

from __future__ import annotations

import asyncio
import base64
import ssl
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx
from pydantic_core import from_json

from adapters.targets.airflow.calls import AIRFLOW_2, AIRFLOW_3, Dialect
from adapters.targets.airflow.replies import Lost, NotSent, Reply, detail
from engine.errors import Misconfigured

LARGEST = 8_000_000
"""Bytes of one answer that are read; Airflow's own are a few thousand."""

LONGEST = 300
"""Characters of a server's own words that are repeated to a person."""


@dataclass(frozen=True, slots=True)
class AirflowSettings:
    """``url`` is where Airflow's web page is. With a ``token`` no password is needed, but nobody can renew it.

    ``dags`` are those that may be acted on, with ``*`` for any characters; empty: none may be.
    """

    url: str
    username: str
    password: str = field(repr=False)
    token: str = field(default="", repr=False)
    timeout_seconds: float = 10
    dags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise Misconfigured("Airflow's url must begin with http:// or https:// and name a host.")
        if not self.token.isascii() or any(sign.isspace() for sign in self.token):
            raise Misconfigured("Airflow's token must be one word of plain letters, as Airflow gave it.")
        if not self.token and not (self.username and self.password):
            raise Misconfigured("Airflow needs a user name and a password, or a token.")

    def covers(self, dag_id: str) -> bool:
        return any(fnmatchcase(dag_id, pattern) for pattern in self.dags)


class Client:
    """One Airflow. Its token and password appear in no error, log or repr."""

    def __init__(self, settings: AirflowSettings) -> None:
        self._settings = settings
        self._token = settings.token
        self._dialect: Dialect | None = None
        address = urlsplit(settings.url)
        self.place = f"{address.scheme}://{address.netloc.rpartition('@')[2]}{address.path.rstrip('/')}"
        self._http = httpx.AsyncClient(
            base_url=settings.url,
            timeout=settings.timeout_seconds,
            verify=ssl.create_default_context(),  # the machine's own authorities, where companies add theirs
            trust_env=False,  # a proxy named in a shell must not be handed the token, least of all for 127.0.0.1
            follow_redirects=False,  # nor may whoever a redirect names
            # A kept connection that the server has just closed looks like an answer that was lost. Ours are fresh.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    @property
    def who(self) -> str:
        return self._settings.username or "the owner of the token"

    @property
    def dialect(self) -> Dialect:
        """The one that was last spoken; at first that of Airflow 3."""
        return self._dialect or AIRFLOW_3

    async def ask(self, method: str, path: str, body: object = None) -> Reply:
        """Send as the signed-in user; a refused token is renewed once. Raises NotSent or Lost, both Unreachable.

        ``path`` begins behind the version of the API.
        """
        spoken = await self.learn()
        secret = self._basic if spoken.basic else self._token or await self._sign_in()
        reply = await self._send(method, spoken.api + path, body, secret)
        if reply.token_refused and self._settings.password and not spoken.basic:
            reply = await self._send(method, spoken.api + path, body, await self._sign_in())
        if reply.status == HTTPStatus.NOT_FOUND and spoken.basic:
            await self._still(spoken)
        return reply

    async def learn(self) -> Dialect:
        """Which Airflow is there: 3 says its version at /api/v2, 2 at /api/v1, both to anybody. Raises NotSent."""
        for dialect in () if self._dialect else (AIRFLOW_3, AIRFLOW_2):
            if await self._speaks(dialect):
                self._dialect = dialect
                break
        return self.dialect

    async def _speaks(self, dialect: Dialect) -> bool:
        try:
            reply = await self._send("GET", f"{dialect.api}/version", None, "")
        except Lost as error:
            raise NotSent(str(error), temporary=error.temporary) from None
        return reply.ok and isinstance(reply.body, dict) and isinstance(reply.body.get("version"), str)

    async def _still(self, spoken: Dialect) -> None:
        """Airflow 3 knows nothing at the old place, which must not pass for a DAG that is gone. Raises NotSent."""
        self._dialect = None
        if await self.learn() is not spoken:
            raise NotSent(f"Airflow at {self.place} has become {self.dialect.name} meanwhile.")

    @property
    def _basic(self) -> str:
        """A password is sent with each request; a token, which hosted ones give, is sent as it is."""
        if self._settings.token:
            return self._settings.token
        pair = f"{self._settings.username}:{self._settings.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"

    async def close(self) -> None:
        await self._http.aclose()

    async def _sign_in(self) -> str:
        """Raises NotSent: whatever was to be asked has not been."""
        secret = {"username": self._settings.username, "password": self._settings.password}
        try:
            reply = await self._send("POST", "/auth/token", secret, "")
        except Lost as error:
            raise NotSent(f"Signing in failed. {error}", temporary=error.temporary) from None
        token = reply.body.get("access_token") if reply.ok and isinstance(reply.body, dict) else None
        if not isinstance(token, str):
            raise self._refused(reply)
        self._token = token
        return token

    def _refused(self, reply: Reply) -> NotSent:
        if reply.status == HTTPStatus.UNAUTHORIZED:
            return NotSent(
                f"Airflow at {self.place} refused the password of {self.who}: check the user name and the password.",
                temporary=False,
            )
        return NotSent(f"Signing in at {self.place} failed: {reply.words}", temporary=reply.status >= 500)

    async def _send(self, method: str, path: str, body: object, token: str) -> Reply:
        kind = "" if token.startswith("Basic ") else "Bearer "
        headers = {"Authorization": f"{kind}{token}"} if token else {}
        request = self._http.build_request(method, path, json=body, headers=headers)
        try:
            async with asyncio.timeout(self._settings.timeout_seconds * 3):  # also ends an answer that only drips
                return await self._read(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.LocalProtocolError) as error:
            raise NotSent(f"Airflow at {self.place} cannot be reached: {self._words(str(error))}.") from None
        except (httpx.TimeoutException, TimeoutError):
            raise Lost(f"Airflow at {self.place} did not answer in time.") from None
        except httpx.HTTPError:
            raise Lost(f"Airflow at {self.place} broke the connection off before it had answered.") from None

    async def _read(self, request: httpx.Request) -> Reply:
        response = await self._http.send(request, stream=True)
        try:
            content = b""
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > LARGEST:
                    raise Lost(f"Airflow at {self.place} sent an answer without end.")
        finally:
            await response.aclose()
        return self._reply(response, content)

    def _reply(self, response: httpx.Response, content: bytes) -> Reply:
        if response.is_redirect:
            address = urlsplit(response.headers.get("Location", ""))
            words = f"a redirect to {address.hostname or 'another page'}, which I do not follow: check Airflow's url"
            return Reply(response.status_code, None, self._words(words))
        try:
            body = from_json(content)  # json.loads would be felled by an answer nested deep enough
        except ValueError:  # undecodable bytes are one too
            words = "with something that is not JSON: is that Airflow, or a proxy before it?"
            return Reply(response.status_code, None, f"HTTP {response.status_code} {words}")
        return Reply(response.status_code, body, self._words(detail(body) or f"HTTP {response.status_code}"))

    def _words(self, text: str) -> str:
        """On one line, bounded, and without our secrets, should a server repeat them to us."""
        basic = self._basic.removeprefix("Basic ")
        for secret in (self._token, self._settings.token, self._settings.password, basic):
            text = text.replace(secret, "***") if len(secret) > 3 else text
        text = " ".join(text.split())
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
