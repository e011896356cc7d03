"""The colours of the web chat can be read by everybody, by day and by night."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

CSS = Path(__file__).parents[2] / "adapters/chat/web/static/chat.css"


def _palettes() -> dict[str, dict[str, str]]:
    """The colours of the light and the dark page, by name."""
    light, dark = re.findall(r":root \{(.*?)\}", CSS.read_text(), re.DOTALL)[:2]
    colours: Any = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
    return {
        "light": dict(colours.findall(light)),
        "dark": {**dict(colours.findall(light)), **dict(colours.findall(dark))},
    }


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


TEXT_PAIRS = [
    *[(text, ground) for text in ("ink", "soft", "accent") for ground in ("ground", "paper", "well")],
    *[(tone, f"{tone}-tint") for tone in ("waiting", "working", "good", "bad")],
    ("ink", "line"),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    ("on-danger", "danger"),
    ("danger", "paper"),
    ("danger", "well"),
    ("bad", "ground"),
    ("waiting", "paper"),
]
SHAPE_PAIRS = [(shape, ground) for shape in ("edge", "focus") for ground in ("ground", "paper", "well")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_palette_can_be_read(scheme: str) -> None:
    """WCAG 2.2 AA: 4.5 to 1 for text, 3 to 1 for the shapes of what can be used."""
    colours = _palettes()[scheme]
    pale = {pair: _contrast(colours[pair[0]], colours[pair[1]]) for pair in TEXT_PAIRS}
    faint = {pair: _contrast(colours[pair[0]], colours[pair[1]]) for pair in SHAPE_PAIRS}
    assert {pair: value for pair, value in pale.items() if value < 4.5} == {}
    assert {pair: value for pair, value in faint.items() if value < 3} == {}
