"""One program for one database, and no clean-up after one that died."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import Refused
from storage.database import Database, connect
from storage.hold import hold
from tests.waiting import until

HOLD = """
import asyncio, sys
from storage.database import connect
from storage.hold import hold

async def main():
    async with connect(sys.argv[1]) as database, hold(database):
        print("held", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def take(database: Database) -> None:
    async with hold(database) as held:
        await held.check()


async def test_only_one_program_has_it(database_url: str) -> None:
    async with connect(database_url) as one, connect(database_url) as other:
        async with hold(one) as held:
            with pytest.raises(Refused, match="Another oncall program is using this database"):
                await take(other)
            await held.check()
            with pytest.raises(Refused):
                await take(other)
        await take(other)
        await take(one)


async def test_it_ends_with_the_process_however_that_ends(database_url: str) -> None:
    command = [sys.executable, "-c", HOLD, database_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        async with connect(database_url) as database:
            try:
                with pytest.raises(Refused):
                    await take(database)
            finally:
                process.kill()
            process.wait()
            await _soon(database)


async def _soon(database: Database) -> None:
    """A server notices a moment later that its client has gone."""

    async def free() -> bool:
        try:
            await take(database)
        except Refused:
            return False
        return True

    await until(free, "nobody has it, and it can be taken")


async def test_databases_are_held_apart(tmp_path: Path) -> None:
    async with connect(f"sqlite:///{tmp_path}/a.db") as one, hold(one), connect(f"sqlite:///{tmp_path}/b.db") as other:
        await take(other)


async def test_another_name_of_the_file_is_the_same_database(tmp_path: Path) -> None:
    async with connect(f"sqlite:///{tmp_path}/a.db") as one:
        (tmp_path / "b.db").symlink_to(tmp_path / "a.db")
        async with connect(f"sqlite:///{tmp_path}/b.db") as other, hold(one):
            with pytest.raises(Refused):
                await take(other)
