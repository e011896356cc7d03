"""Microsoft Teams on this machine: the Microsoft 365 Agents Playground, made as strict as Teams, and the people who use it.

    with entra() as microsoft:                                    # tests/servers/entra.py
        async with playground(microsoft) as teams:                # company "Acme"; needs no network and no browser
            teams.serves("http://127.0.0.1:…/api/messages")       # the bot's endpoint; may be said later
            teams.service_url, teams.tenant, teams.app_id, teams.bot_id
            teams.personal("alice"), teams.group, teams.channel("incidents"), teams.team       # conversation ids
                                                                  # ("data-oncall" only without the Playground)

``connector(microsoft)`` (tests/servers/teams_connector.py) gives the same object without the Playground behind it: starts
in milliseconds, needs no Node. Both sign what they deliver as Teams does and want the bot's own token for what it sends.

People: alice, bob, cleo, dave, mallory, and gina, who is a guest from another tenant (userRole "guest").
Each call returns ``Delivered(status, body, seconds, activity)``, the bot's own answer:

    bob = teams.person("bob")                                     # .id "29:bob", .aad, .email, .name
    await bob.says("list", scope="personal")                      # or "group", "channel", or a conversation id
    await bob.says("status 17", scope="channel", thread=root_id)  # mention=True by default outside personal; without a
                                                                  # mention Teams delivers nothing: returns None
    await bob.presses(message, "Approve")                         # by title, verb or id, also inside ShowCard and
                                                                  # ToggleVisibility'd parts; adaptiveCard/action
    await bob.presses(message, "Approve", {"reason": "…"})        # with inputs, by id; raises WindowRefuses as the
                                                                  # client does if a required one is missing
    await bob.submits(message, {"ask": "approve 17"})             # what a client without Action.Execute sends; or a title
    await bob.refreshes(message)                                  # his client asks for his own view (refresh.userIds)
    await bob.message_action(message_or_text, "report", data)     # data None: fetchTask, else submitAction
    await bob.installs(), await bob.uninstalls()                  # personal; teams.installs("group" | "channel") for the others
    await teams.deliver(activity, header="Bearer …")              # any activity, signed or as given (None: no header)

What people see, oldest first; a Message has .id .conversation .thread .text .card .activity .updates .deleted:

    teams.messages("channel")                 # roots of a conversation, by scope or id, with what people said (.by)
    teams.latest("channel")                   # the bot's newest message there, in whatever thread
    teams.thread("channel", root_id)          # replies, without the root
    teams.direct_messages("alice")            # "personal" alone means alice's
    teams.seen_by("bob", message)             # the card in his own view: the last update, or his own invoke's answer if newer
    teams.private("bob")                      # texts and cards that only he was answered with
    words(card_or_message)                    # all that can be read in it
    buttons(card)                             # titles of its actions, nested ones too
    await teams.until(lambda: teams.direct_messages("cleo"))

What went over the wire: ``teams.calls`` (what the bot sent: Call method path body status answer at) and
``teams.deliveries``. ``teams.violations`` is what real Teams would refuse or draw wrong; a test wants it empty.

Faults, for what the bot sends:

    teams.fails(429, times=2, retry_after=1)         # also 412, 403, 502, 504, 500; times=None: until teams.heals()
    teams.fails(502, method="PUT", within="incidents")
    teams.swallows(times=1)                          # takes effect, then the connection drops without an answer
    teams.blocks("bob")                              # 403 MessageWritesBlocked from now on; unblocks("bob")

In a browser (Chromium; the page shows alice's Teams, and what is done there is done by whom ``teams.sits_there("bob")``
names), with pictures where ONCALL_PICTURES says:

    async with window(teams, pictures) as page:               # tests/servers/teams/window.py
        await page.opens("incidents"), await page.says("status", mention=True)
        await page.presses("Approve"), await page.reads("approved by Bob"), await page.picture("approved")
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web

from tests.servers import free_port
from tests.servers.entra import TENANT, Entra
from tests.servers.node import node, node_environment, node_packages
from tests.servers.teams.activities import MENTION, Activity
from tests.servers.teams.company import (
    BOT_ID,
    BOT_NAME,
    CHANNELS,
    GROUP,
    PEOPLE,
    TEAM,
    TEAM_GROUP,
    TEAM_NAME,
    Member,
    kind,
    root,
)
from tests.servers.teams.refusals import Refused
from tests.servers.teams.routes import PREFIX, Routes
from tests.servers.teams.shown import Delivered, Message
from tests.servers.teams_connector import Teams, fresh_id, served
from tests.waiting import PATIENCE

PACKAGES = {"@microsoft/m365agentsplayground": "0.2.28"}
LOOPBACK = Path(__file__).parent / "teams" / "loopback.cjs"


@dataclass
class Playground:
    """Between the bot and the Playground: both sides pass here, are signed, written down and made as strict as Teams."""

    teams: Teams
    url: str
    _client: aiohttp.ClientSession
    _speaker: Member = PEOPLE["alice"]
    _speaks: asyncio.Lock = field(default_factory=asyncio.Lock)
    _waiting: dict[str, asyncio.Future[Delivered]] = field(default_factory=dict)

    async def sends(self, where: str, activity: Mapping[str, Any]) -> str:
        answer = await self._connector("POST", f"/v3/conversations/{quote(where, safe='')}/activities", activity)
        return str(answer["id"])

    async def updates(self, message: Message, activity: Mapping[str, Any]) -> None:
        where = f"/v3/conversations/{quote(message.conversation, safe='')}/activities/{message.id}"
        await self._connector("PUT", where, activity)

    async def says(self, who: Member, where: str, text: str, *, mention: bool) -> Delivered | None:
        """One at a time: the Playground takes everybody for alice, so we have to know who it was."""
        told = mention or kind(where) == "personal"
        body: dict[str, Any] = {"text": text, "textFormat": "plain", "from": {"id": who.id}, "mentions": []}
        if mention:
            named = [{"mentioned": {"id": BOT_ID}, "text": MENTION}]
            body |= {"text": f"{MENTION} {text}", "textFormat": "xml", "mentions": named}
        async with self._speaks:
            self._speaker, answered = who, self._wait("said")
            written = await self._rest(f"/_conversation/v1/conversations/{quote(where, safe='')}/messages", body)
            try:
                if told:
                    return await asyncio.wait_for(answered, PATIENCE)
            finally:
                self._speaker = PEOPLE["alice"]
        self.teams.keeps(written.get("postConversationId") or where, by=who.key, text=text, id_=written["messageId"])
        return None

    async def invokes(self, who: Member, message: Message, value: Mapping[str, Any]) -> Delivered:
        return await self._pressed("/_conversation/v1/invoke", who, message, value, name="adaptiveCard/action")

    async def submits(self, who: Member, message: Message, value: Mapping[str, Any]) -> Delivered:
        return await self._pressed("/_conversation/v1/submit", who, message, value)

    async def _pressed(
        self, path: str, who: Member, message: Message, value: Mapping[str, Any], **more: str
    ) -> Delivered:
        """Every press carries a mark, taken off before the bot gets it, so that several at once find their answers."""
        mark = fresh_id()
        answered = self._wait(mark)
        pressed = {"from": {"id": who.id}, "conversation": {"id": message.conversation}, "replyToId": message.id}
        asked = asyncio.create_task(self._rest(path, {**pressed, "value": {**value, "mark": mark}, **more}))
        both: set[asyncio.Future[Any]] = {asked, answered}
        done, _ = await asyncio.wait(both, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if answered not in done:
            await asked  # says why the Playground let nothing through
        delivered = await asyncio.wait_for(answered, PATIENCE)
        await asyncio.wait({asked})
        asked.exception()  # the bot's refusal is an error for the Playground, and an answer for us
        return delivered

    def _wait(self, mark: str) -> asyncio.Future[Delivered]:
        self._waiting[mark] = asyncio.get_running_loop().create_future()
        return self._waiting[mark]

    async def passes(self, request: web.Request) -> web.Response:
        """From the Playground to the bot."""
        activity: Activity = await request.json()
        delivered, mark = await self._hands_over(activity)
        if (waiting := self._waiting.pop(mark, None)) is not None and not waiting.done():
            waiting.set_result(delivered)
        return web.Response(status=delivered.status, text=delivered.text, content_type="application/json")

    async def _hands_over(self, activity: Activity) -> tuple[Delivered, str]:
        value = activity.get("value")
        mark = str(value.pop("mark", "")) if isinstance(value, dict) else ""
        if activity["type"] == "message" and value is None:
            mark = "said"
            self._written(activity)
        by = self._speaker if not value or not mark else _member(activity["from"]["id"])
        activity["from"] = {"id": by.id, "name": by.name, "aadObjectId": by.aad}
        delivered = await self.teams.deliver(activity)
        if not mark and activity["type"] == "invoke":
            at = self.teams.messages_by_id.get((root(activity["conversation"]["id"]), activity["replyToId"]))
            if at is not None:
                self.teams.shows(by.key, at, delivered)
        return delivered, mark

    def _written(self, activity: Activity) -> None:
        """A message's own id is the activity's in Teams; the Playground makes up another."""
        where = activity["conversation"]["id"]
        first = where.partition(";messageid=")[2]
        new = first if first and (root(where), first) not in self.teams.messages_by_id else fresh_id()
        text = activity["text"].replace(MENTION, "").strip()
        activity["id"] = self.teams.keeps(where, by=self._speaker.key, text=text, id_=new).id

    def sits_there(self, key: str) -> None:
        self._speaker = PEOPLE[key]

    async def makes_conversations(self) -> None:
        """The Playground has a one-to-one conversation with alice only, until a bot makes others."""
        for key, one in PEOPLE.items():
            if key != "alice":
                asked = {"isGroup": False, "members": [{"id": one.id}], "bot": {"id": BOT_ID}}
                made = await self._connector("POST", "/v3/conversations", asked)
                self.teams.renames(key, made["id"])

    async def _connector(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        async with self._client.request(method, f"{self.url}/_connector{path}", json=body) as answer:
            said = await answer.json(content_type=None)
            if answer.status >= 400:
                raise Refused(answer.status, said)
            return dict(said)

    async def _rest(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        async with self._client.post(f"{self.url}{path}", json=body) as answer:
            text = await answer.text()
            assert answer.status < 400, f"the Playground refuses: {answer.status} {text}"
            return dict(json.loads(text)) if text.startswith("{") else {}


def _member(id_: str) -> Member:
    return next(one for one in PEOPLE.values() if one.id == id_)


@asynccontextmanager
async def playground(microsoft: Entra) -> AsyncIterator[Teams]:
    """See the module. Installs the Playground and Node on first use."""
    package = await asyncio.to_thread(node_packages, "playground", PACKAGES)
    teams, port = Teams(microsoft), free_port()
    # the Playground hangs up on whoever is silent for five seconds, be it because the machine stood still
    fresh = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=fresh) as client, served(Routes(teams).app()) as connector:
        behind = Playground(teams, f"http://127.0.0.1:{port}", client)
        teams.stands_before(behind)
        teams.service_url, teams.browser_url, teams.sits_there = f"{connector}{PREFIX}/", behind.url, behind.sits_there
        app = web.Application(client_max_size=8 << 20)
        app.router.add_post("/api/messages", behind.passes)
        async with served(app) as front:
            with _running(package, port, f"{front}/api/messages", teams.service_url) as (process, log):
                await _answers(behind.url, client, process, log)
                await behind.makes_conversations()
                yield teams


@contextmanager
def _running(
    package: Path, port: int, endpoint: str, service_url: str
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    with tempfile.TemporaryDirectory(prefix="oncall-playground-") as folder:
        home = Path(folder)
        (home / "config.yml").write_text(json.dumps(_company()), "utf-8")
        log = home / "playground.log"
        program = package / "node_modules/@microsoft/m365agentsplayground/cli.js"
        options = ["-e", endpoint, "-c", "msteams", "-p", str(port), "--su", service_url, "--dt"]
        line = [str(node()), "--require", str(LOOPBACK), str(program), "start", *options]
        environment = node_environment(
            TEAMSAPPTESTER_BROWSER="none", M365_AGENTS_PLAYGROUND_CONFIG_PATH=str(home / "config.yml")
        )
        with log.open("wb") as out:
            process = subprocess.Popen(line, stdout=out, stderr=out, cwd=home, env=environment)
        try:
            yield process, log
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(PATIENCE)


async def _answers(url: str, client: aiohttp.ClientSession, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            async with client.get(f"{url}/_debug/ping") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        if time.monotonic() > end or process.poll() is not None:
            inside = log.parent / "devTools" / "m365agentsplayground.log"
            more = inside.read_text() if inside.exists() else ""
            pytest.fail(f"the Playground did not start: {log.read_text()[-1000:]} {more[-1000:]}")
        await asyncio.sleep(0.1)


def _company() -> dict[str, Any]:
    """Its configuration: JSON is YAML. It wants one group, one team with one channel more, and five people beside alice."""
    alice, *others = [_person(one) for one in PEOPLE.values()]
    channels = [{"id": CHANNELS["incidents"], "name": "incidents"}]
    return {
        "version": "0.1.0",
        "tenantId": TENANT,
        "bot": {"id": BOT_ID, "name": BOT_NAME},
        "currentUser": alice,
        "users": others,
        "personalChat": {"id": "a:personal-alice"},
        "groupChat": {"id": GROUP, "name": "Ops chat"},
        "team": {"id": TEAM, "name": TEAM_NAME, "aadGroupId": TEAM_GROUP, "channels": channels},
    }


def _person(one: Member) -> dict[str, str]:
    return {
        "id": one.id,
        "name": one.name,
        "userPrincipleName": one.principal,
        "aadObjectId": one.aad,
        "givenName": one.name,
        "surname": one.name[0],
        "email": one.email,
    }
