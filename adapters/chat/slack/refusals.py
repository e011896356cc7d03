"""What Slack's errors mean to whoever set the agent up, and what to do about each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.chat.outbox import Busy, Unsure
from engine.errors import NotFound, OnCallError, Unreachable

PAUSE = 30.0
"""Seconds to wait where Slack asks for a wait and does not say how long."""

TOKEN = "Copy the bot token anew from “OAuth & Permissions” of the Slack app, and restart."  # noqa: S105 - a sentence

NO_SOCKET = (
    "Slack does not accept the app token. Under “Basic Information”, “App-Level Tokens” of the Slack app, generate one"
    " with the scope connections:write, and restart with it."
)

ABOUT_TOKENS = frozenset(
    {
        "not_authed",
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
        "missing_scope",
    }
)

OUTSIDE = "The agent is not in the channel. Say there: /invite, and the agent's name."

ARCHIVED = "The channel is archived. Unarchive it, or choose another in the settings."

TROUBLES: Mapping[str, str] = {
    "not_authed": f"Slack was given no token. {TOKEN}",
    "invalid_auth": f"Slack does not accept the token. {TOKEN}",
    "account_inactive": f"The token belongs to a user or a workspace that Slack has deactivated. {TOKEN}",
    "token_revoked": f"The token was revoked: the Slack app is no longer installed. Install it again. {TOKEN}",
    "token_expired": f"The token has expired. {TOKEN}",
    "not_allowed_token_type": "Slack wants another token here: bot tokens begin with xoxb-, app tokens with xapp-.",
    "not_in_channel": OUTSIDE,
    "no_permission": OUTSIDE,
    "is_archived": ARCHIVED,
    "is_inactive": ARCHIVED,
    "restricted_action": "Who may post in the channel is restricted. Let the agent's app post there.",
    "restricted_action_read_only_channel": "The channel is read-only. Let the agent's app post there.",
    "restricted_action_thread_only_channel": "The channel takes replies only. Choose another in the settings.",
    "restricted_action_non_threadable_channel": "The channel takes no replies. Choose another in the settings.",
    "restricted_action_thread_locked": "The thread is locked.",
    "cannot_reply_to_message": "The message takes no replies.",
    "ekm_access_denied": "The administrators of Slack have switched off posting there.",
    "accesslimited": "Slack does not accept the token from this address. Allow it in the Slack app's settings.",
    "team_access_not_granted": "The Slack app is not allowed in this workspace. Ask an administrator of Slack for it.",
    "messages_tab_disabled": "Nobody can be sent direct messages. Switch on the “Messages Tab” under “App Home”.",
    "cannot_dm_bot": "A bot cannot be sent direct messages.",
    "app_access_restricted": "The person may not use the Slack app. Ask an administrator of Slack.",
    "user_disabled": "The person's Slack account is deactivated.",
    "msg_too_long": "Slack found the message too long.",
    "msg_blocks_too_long": "Slack found the card too long.",
    "invalid_blocks": "Slack did not understand the card.",
    "invalid_attachments": "Slack did not understand the card.",
    "file_uploads_disabled": "Files are switched off in this workspace.",
    "storage_limit_reached": "The workspace has no room left for files.",
    "expired_trigger_id": "That took too long for Slack. Press the button once more.",
    "invalid_trigger_id": "Slack did not open the form. Press the button once more.",
    "exchanged_trigger_id": "The form was opened already.",
}

NOWHERE: Mapping[str, str] = {
    "channel_not_found": "Slack shows the agent no such channel. In a private one, say: /invite, and the agent's name.",
    "message_not_found": "The message is no longer there.",
    "thread_not_found": "The thread is no longer there.",
    "cant_update_message": "The message can no longer be changed.",
    "edit_window_closed": "The message can no longer be changed.",
    "users_not_found": "Slack knows nobody with this e-mail address.",
    "user_not_found": "Slack knows no such person.",
    "user_not_visible": "Slack does not show the agent this person.",
}

PASSING: Mapping[str, str] = {
    "team_added_to_org": "Slack is moving the workspace into an organization.",
    "org_login_required": "Slack is moving the workspace into an organization.",
    "external_channel_migrating": "Slack is moving the channel.",
    "message_limit_exceeded": "The workspace has sent more messages than its plan of Slack takes for now.",
}
"""It is over some time, without anybody's doing."""

OWN_TROUBLE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "update_failed"})
"""Slack says of these that some of the work may have been done: https://docs.slack.dev/reference/methods/chat.postMessage"""


def refusal(method: str, status: int, answer: Mapping[str, Any], wait: str = "") -> OnCallError:
    """Return what Slack's answer is to us. ``wait`` is its Retry-After, in seconds."""
    error = str(answer.get("error") or f"HTTP {status}")
    if status == 429 or error in ("ratelimited", "rate_limited"):
        seconds = _seconds(wait)
        return Busy(f"Slack asks us to wait for {seconds:.0f} s.", seconds)
    if status >= 500 or error in OWN_TROUBLE:
        return Unsure(f"Slack has trouble of its own ({error} from {method}).")
    if error in NOWHERE:
        return NotFound(f"{NOWHERE[error]} ({error} from {method})")
    if error in PASSING:
        return Unreachable(f"{PASSING[error]} ({error} from {method})")
    return Unreachable(f"{_words(method, error, answer)} ({error} from {method})", temporary=False)


def _words(method: str, error: str, answer: Mapping[str, Any]) -> str:
    if method == "apps.connections.open" and error in ABOUT_TOKENS:
        return NO_SOCKET
    if error == "missing_scope":
        scope = answer.get("needed") or "that it needs"
        return f"The Slack app lacks the scope {scope}: add it under “OAuth & Permissions” and install the app again."
    details = (answer.get("response_metadata") or {}).get("messages") or []
    return TROUBLES.get(error, "Slack refused.") + "".join(f" {detail}" for detail in details[:3])


def _seconds(wait: str) -> float:
    try:
        return max(0.0, float(wait))
    except ValueError:
        return PAUSE
