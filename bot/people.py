"""The first people: those whom the settings name, and the players of the guided example."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from uuid import NAMESPACE_URL, uuid4, uuid5

from bot.settings import Settings
from engine.errors import NotFound, Refused
from engine.model import Account, Role
from engine.ports import People
from engine.services import Service, Services

PLATFORM = "web"

CHATS = ("slack", "teams")
"""Platforms on which a person has an identity of its own; in the web chat it is the user name."""

PLAYERS = (
    Account("demo-bob", "bob", "Bob, who approves", "bob@example.com", Role.APPROVER),
    Account("demo-ada", "ada", "Ada, who responds", "ada@example.com", Role.RESPONDER),
    Account("demo-cleo", "cleo", "Cleo, who looks on", "cleo@example.com", Role.VIEWER),
)
"""Whom a newcomer can be in the guided example."""

ONLOOKER = Account("onlooker", "onlooker", "You", "", Role.VIEWER)
"""Who signs in where no admin is named: may look, and decide nothing."""


def first_accounts(settings: Settings) -> tuple[Account, ...]:
    """Those who must have an account; the first of them is who the link printed at start signs in."""
    if settings.demo:
        return PLAYERS
    return tuple(map(_admin, settings.admins)) or (ONLOOKER,)


def first_name(settings: Settings) -> str:
    return first_accounts(settings)[0].username


async def first(people: People, settings: Settings) -> Account:
    """Make sure that they have accounts; returns the one that the link printed at start signs in."""
    accounts = first_accounts(settings)
    for account in accounts:
        if await people.named(account.username) is None:
            await people.save(account)
            await people.link(PLATFORM, account.username, account.id)
    await _wakeable(people, settings)
    return await people.named(accounts[0].username) or accounts[0]


async def _wakeable(people: People, settings: Settings) -> None:
    """Whoever is on call can be woken: who has no account yet gets one that may respond, and approve nothing."""
    known = {account.email.lower() for account in await people.all()}
    for email in settings.oncall_emails:
        if email.lower() not in known:
            name = email.partition("@")[0]
            username = email if await people.named(name) else name
            await give(people, username, Role.RESPONDER, email=email)


async def give(people: People, username: str, role: Role, full_name: str = "", email: str = "") -> Account:
    """Give a person an account, or another role: what is left empty stays as it was. Switches the account on."""
    known = await people.named(username) or Account(str(uuid4()), username, username, "", role)
    account = replace(known, role=role, full_name=full_name or known.full_name, email=email or known.email)
    account = replace(account, is_active=True)
    await people.save(account)
    await people.link(PLATFORM, username, account.id)
    return account


async def switch_off(people: People, username: str) -> Account:
    """From now on this person may do nothing. Raises NotFound."""
    known = await people.named(username)
    if known is None:
        raise NotFound(f"There is no account {username}.")
    await people.save(replace(known, is_active=False))
    return known


async def linked(people: People, username: str, platform: str, identity: str) -> Account:
    """From now on this identity on a chat platform is this person. Raises NotFound, Refused."""
    known = await people.named(username)
    if known is None:
        raise NotFound(f"There is no account {username}. Add one: oncall people add {username} --role viewer")
    if platform not in CHATS:
        raise Refused(f"I know no platform {platform[:40]}: say {' or '.join(CHATS)}.")
    await people.link(platform, identity, known.id)
    return known


def on_call(settings: Settings) -> tuple[str, ...]:
    """E-mail addresses of those on call, first to be woken first."""
    return (PLAYERS[1].email, PLAYERS[0].email) if settings.demo else tuple(settings.oncall_emails)


def wakeable(accounts: Iterable[Account]) -> Mapping[str, str]:
    """The user name of everybody whose account is switched on, by user name and by e-mail address, in small letters."""
    active = [account for account in accounts if account.is_active]
    return {name.lower(): one.username for one in active for name in (one.username, one.email) if name}


def owned(services: Services, names: Mapping[str, str]) -> Services:
    """Services with their owners by user names, as whoever is on call. ``names``: those who are ``wakeable``."""

    def known(service: Service) -> Service:
        return replace(service, owners=tuple(names[one.lower()] for one in service.owners if one.lower() in names))

    return Services(tuple(map(known, services.all)))


def _admin(name: str) -> Account:
    """``ADMINS`` names a person by user name or by e-mail address."""
    username = name.partition("@")[0]
    email = name if "@" in name else ""
    return Account(str(uuid5(NAMESPACE_URL, f"oncall:{name}")), username, username, email, Role.ADMIN)
