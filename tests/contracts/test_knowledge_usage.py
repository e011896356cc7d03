"""Each use of a piece of knowledge, and each lesson about it, is counted where it happens."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select

from engine.events import Diagnosed, Verified
from engine.model import Judgement, Verdict
from storage.database import Database
from storage.incidents import SqlIncidents
from storage.tables import knowledge
from tests.contracts.story import action, at, diagnosis, new_id, opened, tell


async def usage(database: Database) -> list[Row[Any]]:
    async with database.read() as connection:
        return list(await connection.execute(select(knowledge).order_by(knowledge.c.id)))


async def test_an_incident_uses_what_is_known_of_its_pattern(database: Database) -> None:
    incidents = SqlIncidents(database)
    await incidents.open(new_id(1), opened("one"))
    await incidents.open(new_id(2), opened("two", seconds=60))
    await incidents.open(new_id(3), opened("three", pattern="spark.out_of_memory", title="Out of memory"))
    pool, spark = await usage(database)
    assert (pool.id, pool.title, pool.times_used) == ("airflow.pool_full", "Pool “etl” is full 💥", 2)
    assert (pool.created_at, pool.last_used) == (at(0), at(60))
    assert (spark.title, spark.times_used, spark.tried) == ("Out of memory", 1, 0)


async def test_a_lesson_counts_unless_nothing_was_learned(database: Database) -> None:
    incidents = SqlIncidents(database)
    for number, judgement in enumerate((Judgement.WORKED, Judgement.FAILED, Judgement.UNKNOWN)):
        incident = await incidents.open(new_id(number), opened(f"failure {number}"))
        check = Verified(at(30), f"a{number}", Verdict(judgement, "so"))
        await tell(incidents, incident, [Diagnosed(at(1), diagnosis(action(f"a{number}"))), check])
    (row,) = await usage(database)
    assert (row.times_used, row.tried, row.worked) == (3, 2, 1)
