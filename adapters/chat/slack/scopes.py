"""What the Slack app must be allowed to do, and what for."""

from __future__ import annotations

from collections.abc import Mapping

NEEDED: Mapping[str, str] = {
    "chat:write": "to post and change cards",
    "commands": "to hear /oncall and the shortcut on messages",
    "files:write": "to show pictures, such as those of /oncall stats",
    "app_mentions:read": "to hear who mentions the agent",
    "im:write": "to wake a person by direct message",
    "im:history": "to hear direct messages",
    "channels:read": "to find channels by name",
    "channels:history": "to look whether a card has arrived before it is posted again",
    "groups:read": "to find private channels by name",
    "groups:history": "the same look in private channels",
    "users:read": "to know people by name",
    "users:read.email": "to know whose account it is, and to find the person on call",
}
"""https://docs.slack.dev/reference/scopes"""
