"""How much of a card the page shows. A browser would show more, but nobody reads it at three in the morning."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """In characters unless said otherwise."""

    title: int = 300
    text: int = 6_000
    code: int = 20_000
    code_lines_open: int = 12  # lines; the rest is behind "Show all"
    fact: int = 1_000
    facts: int = 50  # pairs
    picture: int = 1_000_000  # bytes
    label: int = 80
    parts: int = 60  # parts of a card
    said: int = 20_000  # what a person may type at once: a log, too
    posts: int = 200  # posts of a page
    posts_at_most: int = 2_000  # posts of a page for somebody who asks for earlier ones
    completions: int = 60  # commands offered


LIMITS = Limits()
