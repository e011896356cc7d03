"""How much of a card Teams is shown."""

from __future__ import annotations

from dataclasses import replace

from adapters.chat.fit import Bounds, Share
from adapters.chat.teams.limits import LIMITS

WHOLE = Share(text=4_000, fact=1_000, facts=60, code=6_000, lines=30, parts=60, controls=60)

SHARES = (
    replace(WHOLE, pictures=True),
    WHOLE,
    Share(text=1_500, fact=300, facts=40, code=2_500, lines=16, parts=40, controls=60),
    Share(text=500, fact=120, facts=20, code=800, lines=8, parts=20, controls=60),
    Share(text=150, fact=60, facts=10, code=200, lines=4, parts=8, controls=60),
    *(Share(controls=controls) for controls in (60, 30, 12, 6, 3, 1, 0)),
)
"""From the whole card to its bare title; the first that Teams takes is shown."""

BOUNDS = Bounds(LIMITS.title, LIMITS.label, LIMITS.ask, LIMITS.url, lambda form: len(form.ask) <= LIMITS.ask)
