"""What Microsoft gave out for the bot, and where Microsoft answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Registration:
    """One bot of one company. Without ``app_id`` nothing can be verified, so only this machine is served.

    ``openid``, ``issuer`` and ``login`` are Microsoft's own addresses; tests put theirs in their place.
    https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
    """

    app_id: str = ""
    password: str = field(default="", repr=False)
    tenant: str = ""
    openid: str = "https://login.botframework.com/v1/.well-known/openidconfiguration"
    issuer: str = "https://api.botframework.com"
    login: str = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
    scope: str = "https://api.botframework.com/.default"
    service_url: str = "https://smba.trafficmanager.net/teams/"

    @property
    def token_url(self) -> str:
        """A bot without a tenant of its own gets its token from the tenant of all bots."""
        return self.login.replace("{tenant}", self.tenant or "botframework.com")


def here(host: str | None) -> bool:
    """Whether this name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address((host or "").strip("[]")).is_loopback
    except ValueError:
        return False


def safe(url: str) -> bool:
    """Whether a secret may travel to this address: encrypted, or without leaving this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and here(parts.hostname)))
