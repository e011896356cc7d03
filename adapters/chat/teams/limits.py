"""All of Teams' numbers that we obey."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.chat.pace import Rate


@dataclass(frozen=True, slots=True)
class Limits:
    """In characters unless said otherwise."""

    # https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages: 100 KB are refused,
    # counted in UTF-16 and with what Teams adds; 80 KB are safe
    message: int = 80_000  # bytes in UTF-16
    # https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
    webhook: int = 28_000  # bytes in UTF-8
    # https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-reference
    actions: int = 6  # buttons that stand in one row
    row: int = 60  # of their titles, measured on a card in a window of usual width
    # ours: what a person can take in
    title: int = 200
    label: int = 80
    ask: int = 2_000
    url: int = 2_000
    input: int = 3_000
    reported: int = 20_000  # of a message: what failed may stand at its end
    choices: int = 100
    summary: int = 300
    notice: int = 1_500  # an answer that is shown beside the card


LIMITS = Limits()

THREAD = (
    Rate(7, 1.1, each_room=True),
    Rate(8, 2.1, each_room=True),
    Rate(60, 30.1, each_room=True),
    Rate(1_800, 3_600.1, each_room=True),
)
"""What a bot may send into one conversation, with a tenth of a second for calls that are not equally long under way.
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit
"""

WHOLE = Rate(30, 1.0)
"""What an app may ask for in one company, all conversations together; the same page."""

RATES: Mapping[str, Sequence[Rate]] = {
    "post": (*THREAD, WHOLE),
    "create": (*THREAD, WHOLE),
    "update": (*THREAD, WHOLE),
    "members": (Rate(14, 1.0, each_room=True), WHOLE),
    "channels": (Rate(14, 1.0, each_room=True), WHOLE),
}


def size(payload: Mapping[str, object]) -> int:
    """Bytes of the payload as Teams counts them."""
    return len(json.dumps(payload, ensure_ascii=False).encode("utf-16-le", "surrogatepass"))
