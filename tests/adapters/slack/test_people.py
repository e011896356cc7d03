"""Whose e-mail address Slack vouches for: a colleague's, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.chat.slack.people import Myself, one_of_us

AGENT = Myself("U0", "oncall", "T1", "Acme", "E1", "https://acme.slack.com/")
COLLEAGUE: dict[str, Any] = {"id": "U1", "team_id": "T1", "is_email_confirmed": True}


@pytest.mark.parametrize(
    "told",
    [COLLEAGUE, {**COLLEAGUE, "team_id": "T2", "enterprise_user": {"enterprise_id": "E1"}}],
    ids=["of this workspace", "of another workspace of the company"],
)
def test_a_colleague_is_one_of_us(told: dict[str, Any]) -> None:
    assert one_of_us(told, AGENT)


@pytest.mark.parametrize(
    "told",
    [
        {"deleted": True},
        {"is_bot": True},
        {"is_stranger": True},
        {"is_restricted": True},
        {"is_ultra_restricted": True},
        {"is_invited_user": True},
        {"is_email_confirmed": False},
        {"team_id": "T2"},
        {"team_id": "T2", "enterprise_user": {"enterprise_id": "E2"}},
        {"team_id": ""},
    ],
    ids=str,
)
def test_anybody_else_is_not(told: dict[str, Any]) -> None:
    assert not one_of_us({**COLLEAGUE, **told}, AGENT)


def test_where_nobody_has_a_company_that_makes_none_a_colleague() -> None:
    alone = Myself("U0", "oncall", "T1", "Acme", "", "https://acme.slack.com/")
    assert not one_of_us({**COLLEAGUE, "team_id": "T2", "enterprise_user": {"enterprise_id": ""}}, alone)
    assert not one_of_us({**COLLEAGUE, "team_id": "T2"}, alone)
