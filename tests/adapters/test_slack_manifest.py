"""The Slack app manifest: what Slack's own type says of it, and that nothing is asked for in vain."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from tests.servers.block_kit import manifest_violations
from tests.servers.slack.emulator import MANIFEST, manifest

pytestmark = pytest.mark.real

NEEDS = {
    "app_mentions:read": "app_mention",
    "im:history": "message.im",
    "commands": "/oncall",
}


def test_slack_takes_the_manifest_as_it_is() -> None:
    assert manifest_violations(manifest()) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("settings", "event_subscriptions", "bot_events"), ["app_mentioned"]),
        (("oauth_config", "scopes", "bot"), ["chat:shout"]),
        (("features", "slash_commands"), [{"description": "without its own name"}]),
        (("settings", "socket_mode_enabled"), "yes"),
        (("features", "shortcuts"), [{"name": "x", "type": "everywhere", "callback_id": "x", "description": "x"}]),
        (("display_information",), {}),
    ],
)
def test_a_mistake_in_it_is_seen(path: tuple[str, ...], value: object) -> None:
    wrong = copy.deepcopy(manifest())
    place: Any = wrong
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    assert manifest_violations(wrong) != []


def test_it_keeps_to_slacks_lengths() -> None:
    """https://docs.slack.dev/reference/app-manifest; the type has no lengths."""
    app = manifest()
    assert len(app["display_information"]["name"]) <= 35
    assert len(app["display_information"]["description"]) <= 140
    assert len(app["features"]["bot_user"]["display_name"]) <= 80
    for command in app["features"]["slash_commands"]:
        assert len(command["command"]) <= 32
        assert len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000
    for shortcut in app["features"]["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150


def test_a_newcomer_needs_no_public_address() -> None:
    app = manifest()
    assert app["settings"]["socket_mode_enabled"] is True
    assert "url" not in app["features"]["slash_commands"][0]
    assert app["settings"]["interactivity"]["is_enabled"] is True
    assert app["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }


def test_what_it_hears_has_its_scope_and_each_scope_its_reason() -> None:
    app = manifest()
    scopes = app["oauth_config"]["scopes"]["bot"]
    heard = [*app["settings"]["event_subscriptions"]["bot_events"], app["features"]["slash_commands"][0]["command"]]
    assert {scope for scope, event in NEEDS.items() if event in heard} <= set(scopes)
    assert scopes == sorted(set(scopes))
    lines = MANIFEST.read_text("utf-8").splitlines()
    for scope in scopes:
        assert [line for line in lines if re.search(rf"- {re.escape(scope)} +# \S+", line)], scope


def test_it_says_what_to_change_for_http() -> None:
    assert len(re.findall(r"# HTTP: ", MANIFEST.read_text("utf-8"))) == 4
