"""What is missing on Slack is named, with what to do."""

from __future__ import annotations

import pytest

from adapters.chat.slack.examine import examine
from adapters.chat.slack.platform import Tokens
from adapters.chat.slack.scopes import NEEDED
from bot.clock import SystemClock
from engine.errors import Unreachable
from tests.adapters.slack_office import Office
from tests.servers import free_port
from tests.servers.slack import Slack, slack
from tests.servers.slack.emulator import manifest_scopes

pytestmark = pytest.mark.real


class TestExamining:
    async def test_a_workspace_in_order(self, acme: Slack) -> None:
        tokens = Tokens(acme.bot_token, app=acme.app_token)
        rooms = ["incidents", acme.channels["data-oncall"]]
        found = await examine(tokens, rooms, SystemClock(), acme.api_url)
        assert (found.bot, found.team) == ("oncall", "Acme")
        assert list(found.troubles()) == []

    async def test_what_is_missing_is_named_with_what_to_do(self) -> None:
        scopes = sorted(set(NEEDED) - {"groups:read", "im:write"})
        async with slack(scopes=scopes) as acme:
            tokens = Tokens(acme.bot_token, app="xapp-wrong")
            found = await examine(
                tokens, ["incidents", "#random", "nowhere", "C0NOWHERE9"], SystemClock(), acme.api_url
            )
        assert list(found.missing) == ["im:write", "groups:read"]
        assert [bool(trouble) for trouble in found.rooms.values()] == [False, True, True, True]
        assert "/invite @oncall" in found.rooms["#random"]
        assert "xapp" in found.socket
        assert len(list(found.troubles())) == 6

    @pytest.mark.parametrize(("token", "words"), [("xoxb-wrong", "does not accept"), ("", "no token")])
    async def test_a_wrong_token_is_named(self, acme: Slack, token: str, words: str) -> None:
        with pytest.raises(Unreachable, match=words) as refused:
            await examine(Tokens(token), ["incidents"], SystemClock(), acme.api_url)
        assert not refused.value.temporary

    async def test_a_slack_that_is_not_there_is_no_mistake_of_ours(self) -> None:
        with pytest.raises(Unreachable, match="cannot be reached") as lost:
            await examine(Tokens("xoxb-1"), [], SystemClock(), f"http://127.0.0.1:{free_port()}/api/")
        assert lost.value.temporary


def test_the_manifest_asks_for_what_is_needed_and_no_more() -> None:
    assert manifest_scopes() == sorted(NEEDED)


async def test_bolt_does_not_warn_of_a_token_that_we_have_named_as_it_would(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", office.slack.bot_token)
    async with office.open():
        assert "SLACK_BOT_TOKEN" not in caplog.text
