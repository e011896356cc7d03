"""Long text made short, saying what was left out."""

from __future__ import annotations

from adapters.chat.visible import visible


def left_out(count: int, what: str) -> str:
    return f"… {count:,} {what}{'' if count == 1 else 's'} left out"


def one_line(text: str, at_most: int) -> str:
    """Return what a screen shows of the text, on one line, ending in … if something was left out."""
    line = " ".join(visible(text).split())
    return line if len(line) <= at_most else f"{line[: at_most - 1]}…"


def beginning(text: str, at_most: int) -> str:
    """Return the text up to about ``at_most`` characters, and how many more there are."""
    return text if len(text) <= at_most else f"{text[:at_most]} {left_out(len(text) - at_most, 'character')}"


def both_ends(text: str, lines: int, characters: int) -> str:
    """Return the first and the last lines, about so many: what failed stands at one of the two ends of a log."""
    rows = text.split("\n")
    top: list[str] = []
    bottom: list[str] = []
    for turn in range(min(lines, len(rows))):
        side, at = (bottom, -1 - len(bottom)) if turn % 2 else (top, len(top))
        row = _middle_out(rows[at], characters // 3)
        characters -= len(row)
        if characters < 0 and side:
            break
        side.append(row)
    left = len(rows) - len(top) - len(bottom)
    return "\n".join([*top, *([left_out(left, "line")] if left else []), *reversed(bottom)])


def _middle_out(row: str, at_most: int) -> str:
    if len(row) <= at_most:
        return row
    half = at_most // 2
    return f"{row[:half]} {left_out(len(row) - 2 * half, 'character')} … {row[len(row) - half :]}"
