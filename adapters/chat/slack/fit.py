"""How much of a card Slack is shown."""

from __future__ import annotations

from adapters.chat.card import Form
from adapters.chat.fit import Bounds, Share
from adapters.chat.slack.forms import to_value
from adapters.chat.slack.limits import LIMITS

SHARES = (
    Share(text=2_500, fact=500, facts=60, code=2_500, lines=20, parts=60),
    Share(text=1_000, fact=200, facts=40, code=1_200, lines=12, parts=30),
    Share(text=400, fact=120, facts=20, code=500, lines=8, parts=20),
    Share(text=150, fact=60, facts=10, code=200, lines=4, parts=8),
    *(Share(controls=controls) for controls in (100, 75, 50, 25, 12, 6, 3, 1, 0)),
)
"""From the whole card to its bare title; the first that Slack takes is shown."""


def _holds(form: Form) -> bool:
    try:
        to_value(form)
    except ValueError:
        return False
    return True


BOUNDS = Bounds(LIMITS.header, LIMITS.label, LIMITS.value, LIMITS.url, _holds)
