"""A program that could start."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bot.check.looking import Environ
from tests.servers import free_port


@pytest.fixture
def environ(tmp_path: Path) -> Environ:
    """Settings of a program that could start: nothing outside is asked."""
    return {"DATABASE_URL": f"sqlite:///{tmp_path}/data/x.db", "ELASTICSEARCH_URL": "", "PORT": str(free_port())}
