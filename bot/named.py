"""Values with names in a typed line: ``3fa85f64 days_old=14 path='/var/log/my app'``."""

from __future__ import annotations

import shlex

from engine.errors import Refused


def named(text: str) -> tuple[str, dict[str, str]]:
    """The first word if it is no value, and the values. Raises Refused."""
    try:
        words = shlex.split(text)
    except ValueError:
        raise Refused("A quotation mark is open: close it, or leave it out.") from None
    values = {name: value for name, sign, value in (word.partition("=") for word in words) if sign}
    first = words[0] if words and "=" not in words[0] else ""
    return first, values
