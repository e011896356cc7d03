"""Text of a stranger made safe to look at: whatever a screen would obey is shown instead of obeyed."""

from __future__ import annotations

import re

ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
"""Colours, cursor moves, window titles and hyperlinks of a terminal (ECMA-48)."""

OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, except tab and line feed
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # unseen, or turn text round
    "\U000e0000-\U000e007f"  # tags: a whole text can hide in them
    "\ud800-\udfff]"  # half a character: it cannot be written as UTF-8
)


def visible(text: str) -> str:
    """Return the text without terminal codes; any other character that acts unseen becomes its name, ``⟨U+202E⟩``."""
    return OBEYED.sub(_name, ANSI.sub("", text.replace("\r\n", "\n")))


def _name(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(0x2400 + code) if code < 0x20 else f"⟨U+{code:04X}⟩"
