"""What is like an incident, as a card says it."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.chat.card import Button, Facts, Part
from bot.words import percent, span
from engine.similar import Alike


def parts(found: Sequence[Alike]) -> tuple[Part, ...]:
    """For the end of a card: what was like it before and what mended that, and a button to the most alike."""
    if not found:
        return ()
    rows = tuple((f"Like it, {percent(one.score)}", told(one)) for one in found)
    name = "#" + found[0].name.removeprefix("show ") if found[0].name.startswith("show ") else found[0].title[:40]
    return Facts(rows), Button(f"Show {name}", found[0].name)


def told(one: Alike) -> str:
    """``#12 Pool is full · mended by restart_connection_pool in 4 min · 20 November``."""
    took = f" in {span(one.took)}" if one.took is not None else ""
    when = f" · {one.when.day} {one.when:%B %Y}" if one.when else ""
    return f"{one.title} · {_mended(one)}{took}{when}"


def _mended(one: Alike) -> str:
    if one.how:
        return f"mended by {one.how}"
    return f"what to do: {one.advice}" if one.advice else "it is not known what mended it"
