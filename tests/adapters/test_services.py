"""Which limit of memory a service may get: none that would kill it at once, and none that is no limit."""

from __future__ import annotations

import pytest

from adapters.targets.services.found import NO_LIMIT, Unit
from adapters.targets.services.verdicts import no_limit_for

MEBIBYTE = 2**20


@pytest.mark.parametrize(
    ("in_use", "wanted", "why"),
    [
        (600, 512, "web.service uses 600M now: 512M would kill it."),
        (512, 512, "web.service uses 512M now: 512M would kill it."),
        (511, 512, ""),
        (None, 512, ""),
        (1, 4096, ""),
        (1, 4097, "This machine has 4096M of memory, less than 4097M."),
    ],
)
def test_a_limit_that_would_kill_or_is_none(in_use: int | None, wanted: int, why: str) -> None:
    """``None``: systemd does not count what it uses."""
    current = NO_LIMIT if in_use is None else in_use * MEBIBYTE
    unit = Unit("web.service", "active", "running", "i1", memory_current=current)
    assert no_limit_for(unit, wanted * MEBIBYTE, 4096 * MEBIBYTE) == why
