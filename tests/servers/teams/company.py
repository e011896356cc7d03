"""Acme on Teams: six people, one of them a guest, a group chat, and a team with its channels."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tests.servers.entra import APP_ID, TENANT

BOT_ID = f"28:{APP_ID}"
BOT_NAME = "On-call agent"
GROUP = "19:ops-chat@thread.v2"
TEAM = "19:sre@thread.tacv2"
TEAM_NAME = "SRE"
TEAM_GROUP = "00000000-0000-4000-8000-0000000000c1"
CHANNELS = MappingProxyType(
    {"General": TEAM, "incidents": "19:incidents@thread.tacv2", "data-oncall": "19:data-oncall@thread.tacv2"}
)
OTHER_TENANT = "99999999-0000-4000-8000-000000000009"


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who is known to the tenant. ``aad`` is the same for every bot, ``id`` is made for this one."""

    key: str
    number: int
    tenant: str = TENANT
    role: str = "user"

    @property
    def id(self) -> str:
        return f"29:{self.key}"

    @property
    def name(self) -> str:
        return self.key.capitalize()

    @property
    def aad(self) -> str:
        return f"00000000-0000-4000-8000-0000000000a{self.number}"

    @property
    def email(self) -> str:
        """A guest's address stays the one of the other company."""
        return f"{self.key}@{'acme.test' if self.role == 'user' else 'elsewhere.test'}"

    @property
    def principal(self) -> str:
        """The name by which they sign in; a company may have other e-mail addresses."""
        return "c.smith@sign-in.acme.test" if self.key == "cleo" else self.email

    @property
    def account(self) -> dict[str, str]:
        """As the member endpoints answer."""
        return {
            "id": self.id,
            "aadObjectId": self.aad,
            "name": self.name,
            "givenName": self.name,
            "surname": "",
            "email": self.email,
            "userPrincipalName": self.principal,
            "tenantId": self.tenant,
            "userRole": self.role,
        }

    def is_called(self, name: str) -> bool:
        """Members are looked up by either id, or by their principal name."""
        return name in {self.id, self.aad, self.principal}


NAMES = ("alice", "bob", "cleo", "dave", "mallory")
PEOPLE = MappingProxyType(
    {
        **{key: Member(key, number) for number, key in enumerate(NAMES, 1)},
        "gina": Member("gina", 6, OTHER_TENANT, "guest"),
    }
)


def root(conversation: str) -> str:
    """A channel's id without the thread."""
    return conversation.partition(";messageid=")[0]


def kind(conversation: str) -> str:
    if root(conversation) in CHANNELS.values():
        return "channel"
    return "groupChat" if conversation == GROUP else "personal"


def place(conversation: str) -> dict[str, Any]:
    """An activity's ``conversation``."""
    grouped = {} if kind(conversation) == "personal" else {"isGroup": True}
    return {"id": conversation, "conversationType": kind(conversation), "tenantId": TENANT, **grouped}


def channel_data(conversation: str) -> dict[str, Any]:
    data: dict[str, Any] = {"tenant": {"id": TENANT}}
    if kind(conversation) == "channel":
        channel = root(conversation)
        more = {"team": {"id": TEAM}, "channel": {"id": channel}, "teamsChannelId": channel, "teamsTeamId": TEAM}
        data.update(more)
    return data
