"""The chat platforms that the settings connect. A new one: one folder in ``adapters/chat``, one line below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.chat.ask import Room
from adapters.chat.card import Link
from adapters.chat.inbox import Inbox
from adapters.chat.outbox import Deliveries
from adapters.chat.platform import Platform, Ref
from adapters.chat.slack.platform import SlackChat, Tokens
from adapters.chat.teams.platform import Registration, TeamsChat
from adapters.chat.web.lines import Completion
from adapters.chat.web.platform import WebChat
from adapters.chat.web.posts import Posts
from adapters.chat.web.routes import DemoPerson
from adapters.chat.web.sign_in import SignIn
from bot import people
from bot.commands import offered, usage
from bot.routes import choose
from bot.settings import Settings
from bot.standing import Conversations, own
from bot.tell import Where
from engine.model import Incident
from engine.ports import Clock, Cursors


@dataclass(frozen=True, slots=True)
class Supplies:
    """What a platform is given by the program."""

    settings: Settings
    hosts: set[str]
    clock: Clock
    cursors: Cursors
    posts: Posts
    sign_in: SignIn
    deliveries: Deliveries
    inbox: Inbox


def web(supplies: Supplies) -> Where:
    settings, room = supplies.settings, Room(supplies.settings.incident_room)
    chat = WebChat(
        supplies.posts,
        supplies.sign_in,
        hosts=supplies.hosts,
        main_room=room,
        address=settings.address,
        commands=[Completion(usage(name), one.help) for name, one in offered(in_example=settings.demo).items()],
        demo_people=_players() if settings.demo else (),
    )
    return Where(chat, lambda _incident: room, room)


def slack(supplies: Supplies) -> Where | None:
    settings = supplies.settings
    if not settings.slack_bot_token.get_secret_value():
        return None
    chat = SlackChat(
        slack_tokens(settings),
        supplies.deliveries,
        supplies.inbox,
        supplies.clock,
        api_url=f"{settings.slack_api_url}/",
    )
    home = settings.slack_channel
    return Where(chat, lambda incident: Room(choose(settings.slack_routes, incident, home)), Room(home))


def slack_tokens(settings: Settings) -> Tokens:
    return Tokens(
        bot=settings.slack_bot_token.get_secret_value(),
        signing_secret=settings.slack_signing_secret.get_secret_value(),
        app=settings.slack_app_token.get_secret_value(),
    )


def teams(supplies: Supplies) -> Where | None:
    settings = supplies.settings
    if not (settings.teams_app_id or settings.teams_playground):
        return None
    chat = TeamsChat(
        teams_registration(settings), supplies.deliveries, supplies.inbox, supplies.cursors, supplies.clock
    )
    home = settings.teams_channel
    return Where(chat, lambda incident: Room(choose(settings.teams_routes, incident, home)), Room(home))


def teams_registration(settings: Settings) -> Registration:
    return Registration(
        app_id=settings.teams_app_id,
        password=settings.teams_app_password.get_secret_value(),
        tenant=settings.teams_tenant_id,
        openid=settings.teams_openid_url,
        issuer=settings.teams_issuer,
        login=f"{settings.teams_login_url}/{{tenant}}/oauth2/v2.0/token",
        scope=f"{settings.teams_issuer}/.default",
    )


PLATFORMS: Mapping[str, Callable[[Supplies], Where | None]] = {"web": web, "slack": slack, "teams": teams}
"""Each returns None where the settings do not connect it."""


def connected(supplies: Supplies) -> list[Where]:
    found = (make(supplies) for make in PLATFORMS.values())
    return [where for where in found if where]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Links from an incident's card on one platform to those on the others."""

    platform: Platform
    others: Sequence[Where]
    conversations: Conversations

    async def links(self, incident: Incident) -> tuple[Link, ...]:
        found = [(where.platform.name, await self._link(where, incident)) for where in self.others]
        return tuple(Link(f"Open in {_NAMES.get(name, name.capitalize())}", url) for name, url in found if url)

    async def _link(self, where: Where, incident: Incident) -> str:
        """The web page has its address before it is there; on other platforms it is known once the card stands."""
        known = await self.conversations.get(where.platform.name, own(incident))
        if known:
            return where.platform.link(Ref(Room(known[0]), known[1]))
        page = Ref(where.home, own(incident))
        return where.platform.link(page) if where.platform.name == people.PLATFORM else ""


_NAMES = {"web": "the web chat", "teams": "Microsoft Teams"}


def _players() -> tuple[DemoPerson, ...]:
    return tuple(DemoPerson(one.username, one.full_name, str(one.role)) for one in people.PLAYERS)
