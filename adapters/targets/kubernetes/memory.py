"""Amounts of memory as Kubernetes writes them, and how much more an increase may be."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from engine.errors import Refused

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}

AMOUNT = r"[0-9]{1,15}(\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?"
"""https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ , as people write it."""

SHARE = r"\+[1-9][0-9]{0,2}%"

MOST = 4
"""An increase to more than this many times the present limit is taken for a mistake in the unit."""


def size(amount: str) -> Decimal | None:
    """In bytes; None if it is no amount."""
    if not re.fullmatch(AMOUNT, amount):
        return None
    number = amount.rstrip("kKMGTi")
    return Decimal(number) * _UNITS[amount[len(number) :]]


def increased(present: str, wanted: str) -> str:
    """The new limit: ``wanted`` itself, or the share of the present one that it adds. Raises Refused."""
    now = size(present)
    if now is None:
        raise Refused(f"Its present limit, {present[:40]!r}, is none that I can add to.")
    new = _plus(now, wanted) if re.fullmatch(SHARE, wanted) else wanted
    after = size(new)
    if after is None or after <= now:
        raise Refused(f"Its limit is {present} already, so {wanted[:40]} would be no increase.")
    if after > now * MOST:
        raise Refused(f"Its limit is {present}; more than {MOST} times as much is taken for a mistake.")
    return new


def _plus(now: Decimal, share: str) -> str:
    """In whole Mi, rounded up."""
    exact = now * (100 + int(share[1:-1])) / 100
    return f"{math.ceil(exact / _UNITS['Mi'])}Mi"
