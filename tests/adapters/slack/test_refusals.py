"""What Slack's errors mean: what may pass, what is not there, and what a person must do."""

from __future__ import annotations

import pytest

from adapters.chat.outbox import Busy, Unsure
from adapters.chat.slack.refusals import ABOUT_TOKENS, NOWHERE, OWN_TROUBLE, PASSING, PAUSE, TROUBLES, refusal
from engine.errors import NotFound, OnCallError, Unreachable


def refused(error: str, method: str = "chat.postMessage", status: int = 200, wait: str = "") -> OnCallError:
    return refusal(method, status, {"ok": False, "error": error}, wait)


@pytest.mark.parametrize("error", [*TROUBLES, "some_news_of_slacks"])
def test_what_a_person_must_mend_is_not_tried_again(error: str) -> None:
    found = refused(error)
    assert isinstance(found, Unreachable)
    assert not found.temporary
    assert str(found).endswith(f". ({error} from chat.postMessage)")


@pytest.mark.parametrize("error", NOWHERE)
def test_what_is_not_there_is_not_tried_again(error: str) -> None:
    found = refused(error)
    assert isinstance(found, NotFound)
    assert not found.temporary


@pytest.mark.parametrize("error", PASSING)
def test_what_passes_by_itself_is_tried_again(error: str) -> None:
    found = refused(error)
    assert type(found) is Unreachable
    assert found.temporary


@pytest.mark.parametrize(("error", "status"), [*((one, 200) for one in OWN_TROUBLE), ("", 500), ("", 503)])
def test_after_trouble_of_slacks_own_nobody_knows_what_was_done(error: str, status: int) -> None:
    assert isinstance(refused(error, status=status), Unsure)


@pytest.mark.parametrize(
    ("error", "status", "wait", "seconds"),
    [
        ("ratelimited", 429, "12", 12.0),
        ("", 429, "0.5", 0.5),
        ("rate_limited", 200, "", PAUSE),
        ("", 429, "soon", PAUSE),
        ("", 429, "-3", 0.0),
    ],
)
def test_a_wait_is_as_long_as_slack_asks_for(error: str, status: int, wait: str, seconds: float) -> None:
    found = refused(error, status=status, wait=wait)
    assert isinstance(found, Busy)
    assert found.after == seconds
    assert f"{seconds:.0f} s" in str(found)


def test_a_missing_scope_is_named() -> None:
    found = refusal("users.info", 200, {"error": "missing_scope", "needed": "users:read.email"})
    assert "lacks the scope users:read.email: add it under “OAuth & Permissions”" in str(found)


@pytest.mark.parametrize("error", ABOUT_TOKENS)
def test_of_two_tokens_the_right_one_is_named(error: str) -> None:
    by_socket = str(refused(error, "apps.connections.open"))
    assert "“App-Level Tokens”" in by_socket
    assert "connections:write" in by_socket
    assert "OAuth" not in by_socket
    assert "App-Level" not in str(refused(error, "auth.test"))


def test_what_slack_says_of_a_card_is_passed_on() -> None:
    details = {"messages": ["[ERROR] no such block", "[ERROR] too long", "a third", "a fourth"]}
    found = refusal("chat.update", 200, {"error": "invalid_blocks", "response_metadata": details})
    assert "[ERROR] no such block [ERROR] too long a third (invalid_blocks" in str(found)
