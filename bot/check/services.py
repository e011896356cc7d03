"""Looks at the catalogue of services: can it be read, and can its owners be woken?"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from bot.check.report import Level, Line
from bot.service_catalogue import services, unknown_owners
from bot.settings import Settings
from engine.errors import Misconfigured, OnCallError
from engine.model import Criticality

SUBJECT = "SERVICE_CATALOGUE"

ADVICE = "docs/services.toml explains every key. A program that runs keeps the catalogue that was good last."

Names = Callable[[], Awaitable[Collection[str]]]
"""User names and e-mail addresses of those who have an account. Raises OnCallError."""


async def catalogue(settings: Settings, accounts: Names | None) -> list[Line]:
    """Nothing where there is no catalogue."""
    if not settings.service_catalogue:
        return []
    try:
        known = services(settings.service_catalogue)
    except Misconfigured as error:
        head, *rest = str(error).splitlines()
        return [Line(Level.ERROR, SUBJECT, one, ADVICE) for one in rest or [head]]
    critical = sum(one.criticality is Criticality.CRITICAL for one in known.all)
    lines = [Line(Level.OK, SUBJECT, f"{len(known.all)} services, {critical} of them critical")]
    names = [*_named(settings), *await _kept(accounts)]
    for owner, theirs in unknown_owners(known, names).items():
        what = f"nobody is known as {owner}, who owns {', '.join(theirs)}: they cannot be woken"
        advice = f"Give an account: oncall people add {owner.partition('@')[0]} --role responder"
        lines.append(Line(Level.WARNING, SUBJECT, what, f"{advice} --email {owner}" if "@" in owner else advice))
    return lines


async def _kept(accounts: Names | None) -> Collection[str]:
    """Nobody where the database does not answer: that has a line of its own."""
    try:
        return await accounts() if accounts else ()
    except OnCallError:
        return ()


def _named(settings: Settings) -> list[str]:
    """Those whom the settings name get an account at the start."""
    return [*settings.oncall_emails, *(form for one in settings.admins for form in (one, one.partition("@")[0]))]
