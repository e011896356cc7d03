"""What judges cards."""

from __future__ import annotations

import pytest

from tests.servers.block_kit import schemas


@pytest.fixture(scope="module")
def judges() -> None:
    """What judges messages is made once on a machine; one that cannot make it skips."""
    schemas()
