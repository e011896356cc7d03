"""Long text made short, saying what was left out."""

from __future__ import annotations

from adapters.chat.visible import visible


def left_out(count: int, what: str) -> str:
    return f"… {count:,} {what}{'' if count == 1 else 's'} left out"


def one_line(text: str, at_most: int) -> str:
    """Return what a screen shows of the text, on one line, ending in … if something was left out."""
    near = 4 * at_most  # what stands further on is left out in any case, so a huge text costs nothing
    line = " ".join(visible(text[:near]).split())
    return line if len(line) <= at_most and len(text) <= near else f"{line[: at_most - 1]}…"


def beginning(text: str, at_most: int) -> str:
    """Return what a screen shows of the text up to ``at_most`` characters, and how many more there are."""
    near = 2 * at_most
    shown = visible(text[:near]).strip()
    left = max(0, len(shown) - at_most) + max(0, len(text) - near)
    return f"{shown[:at_most]} {left_out(left, 'character')}" if left else shown


def both_ends(text: str, lines: int, characters: int) -> str:
    """Return the first and the last lines, about so many: what failed stands at one of the two ends of a log."""
    rows = text.strip("\r\n").split("\n")
    longest = characters // min(3, len(rows))
    top: list[str] = []
    bottom: list[str] = []
    for turn in range(min(lines, len(rows))):
        side, at = (bottom, -1 - len(bottom)) if turn % 2 else (top, len(top))
        row = visible(_middle_out(rows[at].removesuffix("\r"), longest))
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
