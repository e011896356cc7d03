"""The connector's side of Teams: what a bot may ask of it over HTTP, and what then stands in the conversations."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.servers.teams import refusals
from tests.servers.teams.company import (
    BOT_NAME,
    GROUP,
    PEOPLE,
    TEAM,
    TEAM_GROUP,
    TEAM_NAME,
    Member,
    kind,
    root,
)
from tests.servers.teams.refusals import LARGEST, Refused, size
from tests.servers.teams.shown import Call, Message

if TYPE_CHECKING:
    from tests.servers.teams_connector import Teams

PREFIX = "/emea"


class Routes:
    """Every handler either answers or raises Refused; the gate makes an HTTP answer of it and writes it down."""

    def __init__(self, teams: Teams) -> None:
        self.teams = teams

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self.gate], client_max_size=8 << 20)
        conversation = f"{PREFIX}/v3/conversations/{{conversation}}"
        for method, path, handler in (
            ("POST", f"{PREFIX}/v3/conversations", self.creates),
            ("POST", f"{conversation}/activities", self.sends),
            ("POST", f"{conversation}/activities/{{activity}}", self.sends),
            ("PUT", f"{conversation}/activities/{{activity}}", self.updates),
            ("DELETE", f"{conversation}/activities/{{activity}}", self.deletes),
            ("GET", f"{conversation}/members", self.members),
            ("GET", f"{conversation}/pagedmembers", self.paged),
            ("GET", f"{conversation}/members/{{member}}", self.member),
            ("GET", f"{PREFIX}/v3/teams/{{team}}", self.team),
            ("GET", f"{PREFIX}/v3/teams/{{team}}/conversations", self.channels),
        ):
            app.router.add_route(method, path, handler)
        return app

    @web.middleware
    async def gate(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        began, body = time.monotonic(), await _json(request)
        fault = next((one for one in self.teams.faults if one.takes(request.method, request.path)), None)
        try:
            if not self.teams.microsoft.vouches_for(request.headers.get("Authorization")):
                raise refusals.unauthorized()
            if fault is not None and not fault.swallow:
                raise fault.answer
            answer = await handler(request)
        except Refused as no:
            answer = web.json_response(no.body, status=no.status, headers=no.headers)
        except web.HTTPException as no:
            answer = web.json_response({"message": "No such resource."}, status=no.status)
        said = json.loads(answer.text) if isinstance(answer, web.Response) and answer.text else None
        self.teams.calls.append(Call(request.method, request.path, body, answer.status, said, began))
        if fault is not None and fault.swallow and request.transport is not None:
            request.transport.abort()
        return answer

    async def sends(self, request: web.Request) -> web.Response:
        activity, where = await _json(request), request.match_info["conversation"]
        self._may_write(where)
        self.teams.pace.takes(where)
        if activity.get("type") == "typing":
            return web.Response(status=202)
        _fits(activity)
        message = await self._shows(where, activity)
        return web.json_response({"id": message.id}, status=201)

    async def updates(self, request: web.Request) -> web.Response:
        activity, message = await _json(request), self._own(request)
        self._may_write(message.conversation)
        _fits(activity)
        await self.teams.behind.updates(message, activity)
        self.teams.messages_by_id[message.place, message.id] = replace(
            message, activity=activity, updates=message.updates + 1, own_views={}
        )
        return web.json_response({"id": message.id})

    async def deletes(self, request: web.Request) -> web.Response:
        message = self._own(request)
        self._may_write(message.conversation)
        message.deleted = True
        return web.Response(status=200)

    async def creates(self, request: web.Request) -> web.Response:
        """One-to-one, or a new post in a channel: a bot can make nothing else."""
        asked = await _json(request)
        channel = (asked.get("channelData") or {}).get("channel")
        if channel:
            self._may_write(channel["id"])
            self.teams.pace.takes(channel["id"])
            _fits(asked["activity"])
            message = await self._shows(channel["id"], asked["activity"])
            return web.json_response({"id": message.conversation, "activityId": message.id}, status=201)
        return web.json_response({"id": self._one_to_one(asked)}, status=201)

    async def members(self, request: web.Request) -> web.Response:
        return web.json_response([one.account for one in self._roster(request)])

    async def paged(self, request: web.Request) -> web.Response:
        """At most ``teams.page_size`` at once, whatever was wished for."""
        roster, begin = self._roster(request), int(request.query.get("continuationToken") or 0)
        wished = int(request.query.get("pageSize") or self.teams.page_size)
        end = begin + min(wished, self.teams.page_size)
        token = {"continuationToken": str(end)} if end < len(roster) else {}
        return web.json_response({"members": [one.account for one in roster[begin:end]], **token})

    async def member(self, request: web.Request) -> web.Response:
        found = [one for one in self._roster(request) if one.is_called(request.match_info["member"])]
        if not found:
            raise refusals.no_member()
        return web.json_response(found[0].account)

    async def team(self, request: web.Request) -> web.Response:
        self._is_team(request)
        return web.json_response({"id": TEAM, "name": TEAM_NAME, "aadGroupId": TEAM_GROUP})

    async def channels(self, request: web.Request) -> web.Response:
        """The first channel has no name."""
        self._is_team(request)
        named = [{"id": id_, **({} if id_ == TEAM else {"name": name})} for name, id_ in self.teams.channels.items()]
        return web.json_response({"conversations": named})

    def _is_team(self, request: web.Request) -> None:
        if request.match_info["team"] != TEAM:
            raise refusals.no_conversation()
        if TEAM not in self.teams.installed:
            raise refusals.not_in_roster()

    def _may_write(self, conversation: str) -> None:
        where = root(conversation)
        if not self.teams.knows(where):
            raise refusals.no_conversation()
        if self.teams.top(where) not in self.teams.installed:
            raise refusals.not_in_roster()
        if where in self.teams.blocked:
            raise refusals.blocked()
        first = conversation.partition(";messageid=")[2]
        if first and (where, first) not in self.teams.messages_by_id:
            raise refusals.no_message()

    def _own(self, request: web.Request) -> Message:
        where = root(request.match_info["conversation"])
        message = self.teams.messages_by_id.get((where, request.match_info["activity"]))
        if message is None or message.deleted:
            raise refusals.no_message()
        if message.by != BOT_NAME:
            raise refusals.refused(403, "BadSyntax", "The bot did not write this message.")
        return message

    async def _shows(self, where: str, activity: Mapping[str, Any]) -> Message:
        id_ = await self.teams.behind.sends(where, activity)
        new_post = kind(where) == "channel" and where == root(where)
        message = Message(id_, f"{where};messageid={id_}" if new_post else where, BOT_NAME, dict(activity))
        return self.teams.kept(message)

    def _one_to_one(self, asked: Mapping[str, Any]) -> str:
        tenant = asked.get("tenantId") or (asked.get("channelData") or {}).get("tenant", {}).get("id")
        called = [one["id"] for one in asked.get("members") or ()]
        found = [one for one in PEOPLE.values() if called and one.is_called(called[0])]
        if len(called) != 1 or not found or tenant != self.teams.tenant:
            raise refusals.bad_member()
        where = self.teams.personal(found[0].key)
        if where not in self.teams.installed and found[0].key not in self.teams.in_team():
            raise refusals.not_installed()
        self.teams.installed.add(where)
        return where

    def _roster(self, request: web.Request) -> list[Member]:
        where = root(request.match_info["conversation"])
        if not self.teams.knows(where):
            raise refusals.no_conversation()
        if self.teams.top(where) not in self.teams.installed:
            raise refusals.not_in_roster()
        if where == GROUP:
            return [PEOPLE[key] for key in self.teams.in_group]
        owner = [key for key in PEOPLE if self.teams.personal(key) == where]
        return [PEOPLE[key] for key in owner or self.teams.in_team()]


def _fits(activity: Mapping[str, Any]) -> None:
    if size(activity) > LARGEST:
        raise refusals.too_large()
    if activity.get("type") == "message" and not (activity.get("text") or activity.get("attachments")):
        raise refusals.empty()
    for one in activity.get("entities") or ():
        if one.get("type") == "mention" and one.get("text", "") not in (activity.get("text") or ""):
            card = json.dumps(activity.get("attachments") or (), ensure_ascii=False)
            if one["text"] not in card:
                raise refusals.refused(400, "BadArgument", "Mention entity does not match text")


async def _json(request: web.Request) -> Any:
    text = await request.text()
    return json.loads(text) if text else None
