"""How often Slack lets us call each of its methods, in one workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.chat.pace import Rate

TIER_2 = (Rate(20, 60.0),)
TIER_3 = (Rate(50, 60.0),)
TIER_4 = (Rate(100, 60.0),)
"""https://docs.slack.dev/apis/web-api/rate-limits"""

RATES: Mapping[str, Sequence[Rate]] = {
    "post": (Rate(1, 1.0, each_room=True),),  # chat.postMessage, of which Slack says: one a second; files shared too
    "chat.update": TIER_3,
    "chat.postEphemeral": TIER_4,
    "conversations.list": TIER_2,
    "conversations.info": TIER_3,
    "conversations.history": TIER_3,
    "conversations.replies": TIER_3,
    "conversations.open": TIER_3,
    "files.getUploadURLExternal": TIER_4,
    "users.info": TIER_4,
    "users.lookupByEmail": TIER_3,
    "views.publish": TIER_4,
}
"""views.open has no turn to wait for: its trigger is gone after three seconds."""
