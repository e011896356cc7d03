"""The workspace of the tests as one thing: people, channels, what they see, and the API that the bot calls."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Unpack

import aiohttp
from aiohttp import web

from tests.servers import block_kit
from tests.servers.slack import emulator as seeded
from tests.servers.slack import payloads, shapes
from tests.servers.slack.delivery import Courier, Delivered, How
from tests.servers.slack.person import Person
from tests.servers.slack.web_api import WebApi
from tests.servers.slack_socket import Socket
from tests.waiting import PATIENCE

Json = dict[str, Any]
LARGEST = 4 * 1024 * 1024


class Slack:
    """See the module tests.servers.slack."""

    bot_token = seeded.BOT_TOKEN
    app_token = seeded.APP_TOKEN
    signing_secret = seeded.SIGNING_SECRET
    bot_user = seeded.BOT_USER

    def __init__(self, upstream: str, session: aiohttp.ClientSession, scopes: list[str], *, echo: bool) -> None:
        self.api_url = ""
        self.users: dict[str, str] = {}
        self.channels: dict[str, str] = {}
        self.socket = Socket(self.app_token, seeded.APP_ID)
        self.courier = Courier(session, self.socket, self.signing_secret)
        self.api = WebApi(
            upstream, session, self.socket, scopes, self._echo if echo else lambda _message, _changed: None
        )
        self._echoes: set[asyncio.Task[Delivered]] = set()

    @property
    def settings(self) -> dict[str, str]:
        """What the program's settings say of it, but for how it comes in."""
        return {"SLACK_BOT_TOKEN": self.bot_token, "SLACK_API_URL": self.api_url.rstrip("/")}

    def serves(self, url: str) -> None:
        """Slack sends everything to this address from now on, unless a socket is open."""
        self.courier.url = url

    def person(self, name: str) -> Person:
        team = str(seeded.PROFILES.get(name, {}).get("team_id", payloads.TEAM))
        return Person(self, payloads.Who(self.users[name], name, team))

    async def event(self, inner: Mapping[str, Any], **how: Unpack[How]) -> Delivered:
        """Any event, in its envelope."""
        return await self.courier.deliver("events_api", payloads.event(inner), how)

    async def messages(self, channel: str) -> list[Json]:
        room = await self.room(channel)
        found = await self.api.pages("conversations.history", await self._reader(room["id"]), channel=room["id"])
        return self._readable(found, room["id"])

    async def thread(self, channel: str, ts: str) -> list[Json]:
        room = await self.room(channel)
        found = await self.api.pages("conversations.replies", await self._reader(room["id"]), channel=room["id"], ts=ts)
        return [one for one in self._readable(found, room["id"]) if one["ts"] != ts]

    async def message(self, channel: str, ts: str) -> Json:
        """One message of a channel, be it in a thread. Raises AssertionError if it is not there."""
        for root in await self.messages(channel):
            replies = await self.thread(channel, str(root["ts"])) if root.get("reply_count") else []
            found = [one for one in [root, *replies] if one["ts"] == ts]
            if found:
                return found[0]
        raise AssertionError(f"there is no message {ts} in {channel}")

    async def direct_messages(self, name: str) -> list[Json]:
        """Everything said between the bot and this person, threads too."""
        channel = await self.direct_room(name)
        roots = await self.messages(channel)
        replies = [one for root in roots if root.get("reply_count") for one in await self.thread(channel, root["ts"])]
        return sorted([*roots, *replies], key=lambda one: str(one["ts"]))

    def ephemerals(self, name: str) -> list[Json]:
        return [one for one in self.api.ephemerals if one["user"] == self.users[name]]

    def modals(self, name: str) -> list[Json]:
        return list(self.api.windows.modals.get(self.users[name], []))

    def home(self, name: str) -> Json | None:
        return self.api.windows.homes.get(self.users[name])

    async def until(self, look: Callable[[], Any]) -> Any:
        """Look until there is something, and return it; ``look`` may be awaited. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while True:
                seen = look()
                found = await seen if inspect.isawaitable(seen) else seen
                if found:
                    return found
                await asyncio.sleep(0.02)

    async def invite(self, channel: str, name: str = seeded.BOT_NAME) -> None:
        room = await self.room(channel)
        await self.api.as_admin("conversations.invite", channel=room["id"], users=self._id(name))

    async def kick(self, channel: str, name: str = seeded.BOT_NAME) -> None:
        room = await self.room(channel)
        await self.api.as_admin("conversations.kick", channel=room["id"], user=self._id(name))

    async def create(self, name: str, *, private: bool = False) -> str:
        """A new channel without the bot; all people of the company are in it. Returns its id."""
        made = await self.api.as_admin("conversations.create", name=name, is_private=private)
        self.channels[name] = str(made["channel"]["id"])
        self._name()
        users = ",".join(self.users[person] for person in seeded.PEOPLE)
        await self.api.as_admin("conversations.invite", channel=self.channels[name], users=users)
        return self.channels[name]

    async def room(self, channel: str) -> dict[str, str]:
        """Id and name of a channel that is given by either."""
        id = self.channels.get(channel, channel)
        names = {known: name for name, known in self.channels.items()}
        return {"id": id, "name": names.get(id, "directmessage")}

    async def direct_room(self, name: str) -> str:
        token = seeded.person_token(name)
        opened = await self.api.as_admin("conversations.open", token, users=self.bot_user)
        return str(opened["channel"]["id"])

    def acknowledged_with(self, message: Json) -> None:
        """A slash command was answered in the acknowledgement itself."""
        content = {name: message[name] for name in shapes.CONTENT if name in message}
        if self.api.check("acknowledgement", content) is None:
            shown = shapes.with_block_ids(message)
            self.api.ephemerals.append(shapes.ephemeral(shown, "acknowledgement", self.now()))

    def now(self) -> str:
        return f"{time.time():.6f}"

    async def close(self) -> None:
        await self.socket.close()
        for echo in list(self._echoes):
            echo.cancel()
        await asyncio.gather(*self._echoes, return_exceptions=True)

    async def fill(self) -> None:
        """Learn the ids, and let the bot in where it belongs."""
        members = (await self.api.as_admin("users.list", limit=1000))["members"]
        self.users = {one["name"]: str(one["id"]) for one in members}
        found = (await self.api.as_admin("conversations.list", limit=1000))["channels"]
        self.channels = {one["name"]: str(one["id"]) for one in found}
        self._name()
        for channel in ("incidents", "data-oncall"):
            await self.invite(channel)

    def _name(self) -> None:
        self.api.names.update(self.channels)

    def _id(self, name: str) -> str:
        return self.bot_user if name == seeded.BOT_NAME else self.users[name]

    async def _reader(self, channel: str) -> str:
        """Whose token can read it: a direct message belongs to two."""
        if not channel.startswith("D"):
            return seeded.ADMIN_TOKEN
        rooms = {name: await self.direct_room(name) for name in seeded.PEOPLE if name != "leaver"}
        return seeded.person_token(next(name for name, room in rooms.items() if room == channel))

    def _readable(self, found: Iterable[Json], channel: str) -> list[Json]:
        ordered = sorted(found, key=lambda one: str(one["ts"]))
        said = (
            shapes.page(ordered, {"limit": 999, "include_all_metadata": True})["messages"]
            if len(ordered) < 999
            else ordered
        )
        return [{**one, "channel": channel} for one in said if one.get("subtype") not in {"channel_join", "group_join"}]

    def _echo(self, message: Mapping[str, Any], changed: bool) -> None:
        """Slack tells a bot of its own direct messages too, and of their changes."""
        if not str(message["channel"]).startswith("D") or not (self.courier.url or self.socket.connected):
            return
        inner: Json = {"type": "message", "channel_type": "im", **message, "event_ts": message["ts"]}
        if changed:
            inner = {
                "type": "message",
                "subtype": "message_changed",
                "hidden": True,
                "channel_type": "im",
                "channel": message["channel"],
                "ts": self.now(),
                "event_ts": self.now(),
                "message": payloads.whole(message),
            }
        task = asyncio.create_task(self.event(inner))
        self._echoes.add(task)
        task.add_done_callback(self._echoes.discard)


@asynccontextmanager
async def slack(scopes: Iterable[str] | None = None, *, echo: bool = True) -> AsyncIterator[Slack]:
    """A workspace of its own for one test."""
    granted = list(seeded.manifest_scopes() if scopes is None else scopes)
    await asyncio.to_thread(block_kit.schemas)
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(seeded.emulator(granted))
        # the emulator hangs up on whoever is silent for five seconds, be it because the machine stood still
        fresh = aiohttp.TCPConnector(force_close=True)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=fresh))
        acme = Slack(upstream, session, granted, echo=echo)
        stack.push_async_callback(acme.close)
        base = await stack.enter_async_context(_served(acme))
        acme.api_url = f"{base}/api/"
        acme.api.files.base = base
        acme.api.response_urls.base = f"{base}/response/"
        acme.socket.address = f"{base.replace('http', 'ws', 1)}/link"
        await acme.fill()
        yield acme


@asynccontextmanager
async def _served(acme: Slack) -> AsyncIterator[str]:
    app = web.Application(client_max_size=LARGEST)
    app.router.add_route("*", "/api/{method}", acme.api.serve)
    app.router.add_post("/response/{key}", acme.api.response_urls.serve)
    app.router.add_post("/upload/{id}", acme.api.files.serve)
    app.router.add_get("/link", acme.socket.serve)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
