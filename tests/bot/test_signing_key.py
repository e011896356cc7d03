"""The signing key: given, or made once and kept."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import load
from bot.signing_key import keep, key_file, signing_key
from engine.errors import Misconfigured
from tests.bot.some_settings import GOOD_KEY, ROOT, SERVED
from tests.waiting import PATIENCE


def test_a_good_key_is_used_as_it_is(tmp_path: Path) -> None:
    settings = load({"SECRET_KEY": GOOD_KEY, "DATABASE_URL": f"sqlite:///{tmp_path}/x.db"})
    assert signing_key(settings) == GOOD_KEY
    assert list(tmp_path.iterdir()) == []


def test_on_this_machine_a_key_is_made_once_and_kept_for_its_owner_only(tmp_path: Path) -> None:
    settings = load({"DATABASE_URL": f"sqlite:///{tmp_path}/data/x.db"})
    key = signing_key(settings)
    assert len(key) == 64
    assert signing_key(settings) == key
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["secret.key"]
    assert stat.S_IMODE(key_file(settings).stat().st_mode) == 0o600


def test_programs_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}
    program = "from bot.settings import load; from bot.signing_key import signing_key; print(signing_key(load()))"
    runs = [
        subprocess.Popen([sys.executable, "-c", program], env=environ, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert len({run.communicate(timeout=PATIENCE)[0] for run in runs}) == 1
    assert [run.returncode for run in runs] == [0] * 4


def test_a_key_is_never_written_over_another(tmp_path: Path) -> None:
    keep(tmp_path / "secret.key", "first")
    keep(tmp_path / "secret.key", "second")
    assert [file.read_text() for file in tmp_path.iterdir()] == ["first\n"]


def test_a_key_is_never_made_where_others_can_reach_us(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="SECRET_KEY"):
        signing_key(load({**SERVED, "DATABASE_URL": f"sqlite:///{tmp_path}/x.db"}))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    settings = load({"DATABASE_URL": f"sqlite:///{tmp_path}/x.db"})
    key_file(settings).touch(0o600)
    key_file(settings).write_text("short\n")
    with pytest.raises(Misconfigured, match="Delete the file"):
        signing_key(settings)


def test_a_key_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    settings = load({"DATABASE_URL": f"sqlite:///{tmp_path}/x.db"})
    key = signing_key(settings)
    key_file(settings).chmod(0o644)
    with pytest.raises(Misconfigured, match="Everybody on this machine"):
        signing_key(settings)
    key_file(settings).unlink()
    assert signing_key(settings) != key


def test_a_key_that_cannot_be_kept_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Misconfigured, match="Set SECRET_KEY instead"):
        signing_key(load({"DATABASE_URL": f"sqlite:///{tmp_path}/file/x.db"}))
