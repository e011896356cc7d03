"""What every knowledge base must hold to, and that each finds the same."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import NotFound
from engine.knowledge_base import DISMISSED, KnowledgeEntries, KnowledgeEntry, Library
from storage.database import connect
from storage.knowledge_entries import MemoryKnowledgeEntries, SqlKnowledgeEntries
from storage.upgrade import upgrade
from tests.servers.databases import DATABASES, SteppingClock, empty

SPARK = KnowledgeEntry(
    id="spark/Übergröße",
    title="Spark out of memory 💥",
    description="An executor asks for more than it has.",
    category="out_of_memory",
    tags=("spark", "memory"),
    error_patterns=("java.lang.OutOfMemoryError", r"Container killed.*memory limits"),
    solution_steps=("Give it more memory", "Split the work"),
    automated_actions=("increase_executor_memory",),
    success_rate=0.75,
    related_services=("spark",),
    last_used=datetime(2026, 11, 20, 1, 2, 3, 456789, tzinfo=UTC),
    created_at=datetime(2024, 12, 1, 8, 30, tzinfo=UTC),
    updated_at=datetime(2024, 12, 2, 8, 30, tzinfo=UTC),
    created_by="ada",
)

WORDS = [
    "pool",
    "connection",
    "timeout",
    "memory",
    "executor",
    "task",
    "pod",
    "lock",
    "disk",
    "certificate",
    "refused",
    "exhausted",
    "killed",
    "heap",
    "replica",
    "broker",
    "partition",
    "queue",
    "worker",
    "scheduler",
    "deadlock",
    "checkpoint",
    "vacuum",
    "index",
    "shard",
    "node",
    "probe",
    "image",
    "volume",
    "quota",
]


def many(count: int) -> list[KnowledgeEntry]:
    """Entries of chance words, always the same."""
    chance = random.Random(7)
    return [
        KnowledgeEntry(
            id=f"kept/{number:04}",
            title=" ".join(chance.sample(WORDS, 4)),
            description=" ".join(chance.choices(WORDS, k=12)),
            error_patterns=(" ".join(chance.sample(WORDS, 2)),),
            tags=(chance.choice(WORDS),),
            related_services=(chance.choice(("spark", "airflow", "Postgresql")),),
        )
        for number in range(count)
    ]


@pytest.fixture(params=("memory", *DATABASES))
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: SteppingClock
) -> AsyncIterator[KnowledgeEntries]:
    if request.param == "memory":
        yield MemoryKnowledgeEntries(clock)
        return
    async with connect(await empty(request.param, request, tmp_path)) as opened:
        await upgrade(opened)
        yield SqlKnowledgeEntries(opened, clock, page=10)


async def test_an_entry_comes_back_as_it_was_put(store: KnowledgeEntries) -> None:
    await store.put([SPARK, replace(SPARK, id="spark/proposed", proposed=True, success_rate=None)])
    library = Library(store)
    assert await library.get(SPARK.id) == SPARK
    assert (await library.get("spark/proposed")).proposed
    with pytest.raises(NotFound, match="no entry spark/nothing"):
        await library.get("spark/nothing")


async def test_what_is_put_again_is_replaced_and_found_by_its_new_words(store: KnowledgeEntries) -> None:
    reader, writer = Library(store), Library(store)
    await writer.keep([SPARK])
    assert [found.entry.id for found in await reader.search("OutOfMemoryError")] == [SPARK.id]
    await writer.keep([KnowledgeEntry(SPARK.id, "Full", error_patterns=("No space left on device",))])
    assert await reader.search("OutOfMemoryError") == []
    [found] = await reader.search("write failed: No space left on device")
    assert found.entry.title == "Full"


async def test_of_two_with_one_id_the_last_is_kept(store: KnowledgeEntries) -> None:
    await store.put([SPARK, replace(SPARK, title="Later")])
    assert [entry.title for entry in await Library(store).all()] == ["Later"]


async def test_a_use_is_remembered_and_nothing_else_changes(store: KnowledgeEntries) -> None:
    await store.put([SPARK])
    now = datetime(2026, 11, 21, 3, tzinfo=UTC)
    library = Library(store)
    await library.all()
    await library.used(SPARK.id, now)
    await library.used("not/there", now)
    assert await library.all() == [replace(SPARK, last_used=now)]


async def test_an_entry_without_times_is_given_them(store: KnowledgeEntries) -> None:
    await store.put([KnowledgeEntry("a", "A")])
    entry = await Library(store).get("a")
    assert entry.created_at
    assert entry.created_at == entry.updated_at
    assert entry.last_used is None


async def test_keeping_the_same_again_keeps_nothing(store: KnowledgeEntries) -> None:
    library = Library(store)
    assert await library.keep(many(30)) == 30
    assert await library.keep(many(30)) == 0
    assert await library.keep([*many(29), replace(many(30)[29], title="other")]) == 1
    dismissed = replace(SPARK, proposed=True, tags=(DISMISSED,))
    assert [await library.keep([dismissed]), await library.keep([dismissed])] == [1, 0]


async def test_changes_come_in_pages_and_none_twice(store: KnowledgeEntries) -> None:
    await store.put(many(20))
    pages = [page async for page in store.changed(0)]
    assert sorted(entry.id for page in pages for entry in page.entries) == [entry.id for entry in many(20)]
    last = pages[-1].revision
    assert [page async for page in store.changed(last)] == []
    await store.put(many(3))
    assert [len(page.entries) async for page in store.changed(last)] == [3]


async def test_those_that_are_named_come_and_no_others(store: KnowledgeEntries) -> None:
    await store.put([SPARK, *many(20)])
    wanted = {entry.id: entry.title for entry in many(20)[3:9]}
    found = await store.named([*wanted, *(f"not/there {number}" for number in range(1000))])
    assert {id: entry.title for id, entry in found.items()} == wanted
    assert await store.named([]) == {}


async def test_askers_who_do_not_wait_harm_nobody(store: KnowledgeEntries) -> None:
    await store.put(many(200))
    library, other = Library(store), Library(store)
    for turn in range(20):
        task = asyncio.create_task(library.search("heap exhausted"))
        await asyncio.sleep(turn * 0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await library.search("heap exhausted") == await other.search("heap exhausted")


async def test_every_database_finds_the_same_five(store: KnowledgeEntries, clock: SteppingClock) -> None:
    """Put in another order, in other portions, and partly twice: what is found, and how like it is, is the same."""
    entries = many(400)
    memory = Library(MemoryKnowledgeEntries(clock))
    await memory.keep(entries)
    await memory.all()
    shuffled = random.Random(1).sample(entries, len(entries))
    await store.put(shuffled[:150])
    await store.put(shuffled[100:])
    library = Library(store)
    for question in (
        "heap exhausted on executor",
        "pool timeout",
        "Deadlocks while vacuuming the index",
        "task killed",
    ):
        wanted, got = await memory.search(question, "spark"), await library.search(question, "spark")
        assert [found.entry.id for found in got] == [found.entry.id for found in wanted]
        assert [found.score for found in got] == pytest.approx([found.score for found in wanted])
        assert len(got) == 5
