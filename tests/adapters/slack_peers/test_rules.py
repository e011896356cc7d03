"""Whether the Slack that the other tests talk to is as strict as Slack is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.slack_peers.payloads import FINE, WRONG, Json, line, marked, message, rich, section
from tests.servers.block_kit import picture, pings, violations

pytestmark = pytest.mark.real


@pytest.mark.parametrize("payload", FINE.values(), ids=FINE)
def test_what_slack_takes_is_fine(payload: Json) -> None:
    assert violations(payload) == []


@pytest.mark.parametrize(("payload", "why"), WRONG.values(), ids=WRONG)
def test_what_slack_refuses_is_seen(payload: Json, why: str) -> None:
    found = violations(payload)
    assert [one for one in found if why in one], found


def test_what_would_ping_is_seen_and_what_only_looks_so_is_not() -> None:
    hostile = "<!channel> <@U123> <#C1>"
    harmless = message(section(hostile), rich(line(hostile)), attachments=[{"blocks": [section(hostile)]}])
    assert pings(harmless) == []
    assert pings({"text": hostile}) == ["<!channel>", "<@U123>", "<#C1>"]
    assert pings(message({"type": "section", "text": marked("<!here|here>")})) == ["<!here|here>"]
    section_of = {"type": "rich_text_section", "elements": [{"type": "broadcast", "range": "here"}]}
    assert len(pings(message(rich(section_of)))) == 1


async def test_a_picture_of_a_message_can_be_looked_at(pictures: Path) -> None:
    await picture(FINE["everything at once"], pictures / "slack-message.png")
    await picture(FINE["a modal"], pictures / "slack-modal.png")
    assert (pictures / "slack-message.png").read_bytes().startswith(b"\x89PNG")
    assert (pictures / "slack-modal.png").stat().st_size > 5000
