"""How fast, and how well, 100,000 entries are searched: beside SQLite's full text search and a plain Jaccard."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import TypeVar

import psutil

from engine.knowledge_base import KnowledgeEntry, Library, document
from engine.search import Index
from storage.database import connect
from storage.knowledge_entries import SqlKnowledgeEntries
from storage.upgrade import upgrade
from tests.servers.databases import SteppingClock

COUNT = 100_000
QUESTIONS = 200
PLAIN_QUESTIONS = 3

Made = TypeVar("Made")
Search = Callable[[str], Sequence[str]]


def vocabulary(chance: random.Random, size: int = 20_000) -> Callable[[int], list[str]]:
    """Words that are as unevenly common as those of a language (Zipf)."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(chance.choices(letters, k=chance.randint(4, 9))) for _ in range(size)]
    common = list(itertools.accumulate(1 / (rank + 10) for rank in range(size)))
    return lambda count: chance.choices(words, cum_weights=common, k=count)


def entries(chance: random.Random, words: Callable[[int], list[str]]) -> list[KnowledgeEntry]:
    return [
        KnowledgeEntry(
            id=f"e{number}",
            title=" ".join(words(5)),
            description=" ".join(words(12)),
            error_patterns=(" ".join(words(4)),),
            tags=tuple(words(1)),
            related_services=(chance.choice(("airflow", "spark", "postgresql", "kubernetes")),),
        )
        for number in range(COUNT)
    ]


def question(chance: random.Random, entry: KnowledgeEntry, words: Callable[[int], list[str]]) -> str:
    """A log entry of that failure: half of its words, the names and numbers of one case, and other words."""
    known = f"{entry.title} {entry.description} {entry.error_patterns[0]}".split()
    case = [f"worker-{chance.randrange(10**9):09x}", f"run_{chance.randrange(10**8)}", f"{chance.randrange(10**6)} ms"]
    said = [*chance.sample(known, len(known) // 2), *case, *words(6)]
    return "2026-11-21T09:16:00.123Z ERROR " + " ".join(chance.sample(said, len(said)))


def text_of(entry: KnowledgeEntry) -> str:
    return " ".join((entry.title, entry.description, *entry.error_patterns, *entry.tags))


def full_text(known: Sequence[KnowledgeEntry]) -> Search:
    """SQLite's FTS5, ranked by its bm25, any word."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE kb USING fts5(id UNINDEXED, text)")
    database.executemany("INSERT INTO kb VALUES (?, ?)", [(entry.id, text_of(entry)) for entry in known])

    def search(text: str) -> Sequence[str]:
        any_of = " OR ".join(f'"{word}"' for word in set(re.findall(r"\w+", text.lower())))
        found = database.execute("SELECT id FROM kb WHERE kb MATCH ? ORDER BY rank LIMIT 5", (any_of,))
        return [id for (id,) in found]

    return search


def jaccard(known: Sequence[KnowledgeEntry]) -> Search:
    """Every entry read again for each question, as the first draft of such a program does."""

    def search(text: str) -> Sequence[str]:
        asked = set(re.findall(r"\w+", text.lower()))

        def like(entry: KnowledgeEntry) -> float:
            said = set(re.findall(r"\w+", text_of(entry).lower()))
            return len(asked & said) / len(asked | said)

        return [entry.id for entry in sorted(known, key=like, reverse=True)[:5]]

    return search


def settled(known: Sequence[KnowledgeEntry]) -> Index:
    index = Index(document(entry) for entry in known)
    index.settle()
    return index


def made(make: Callable[[], Made]) -> tuple[Made, float, float]:
    """What was made, the seconds that this program spent on it, and by how many megabytes it grew."""
    gc.collect()
    before, began = psutil.Process().memory_info().rss, time.process_time()
    one = make()
    took = time.process_time() - began
    gc.collect()
    return one, took, (psutil.Process().memory_info().rss - before) / 1e6


def measured(name: str, search: Search, asked: Sequence[tuple[str, str]]) -> float:
    """Prints and returns the median of a search in milliseconds of CPU: other programs may be busy."""
    times: list[float] = []
    first = 0
    for id, text in asked:
        began = time.thread_time()
        found = search(text)
        times.append((time.thread_time() - began) * 1000)
        first += found[:1] == [id]
    p95 = quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
    print(f"{name:22} p50 {median(times):9.3f} ms   p95 {p95:9.3f} ms   right entry first {first / len(asked):4.0%}")
    return median(times)


def test_searching_100_000_entries() -> None:
    chance = random.Random(11)
    words = vocabulary(chance)
    known = entries(chance, words)
    asked = [(entry.id, question(chance, entry, words)) for entry in chance.sample(known, QUESTIONS)]

    index, took, held = made(lambda: settled(known))
    print(f"\nour index of {COUNT:,} entries is made in {took:.2f} s of CPU, and holds {held:.0f} MB")
    fts, took, held = made(lambda: full_text(known))
    print(f"SQLite's is made in {took:.2f} s of CPU, and holds {held:.0f} MB")

    ours = measured("ours", lambda text: [hit.id for hit in index.search(text)], asked)
    theirs = measured("SQLite FTS5, bm25", fts, asked)
    plain = measured("Jaccard", jaccard(known), asked[:PLAIN_QUESTIONS])
    began = time.perf_counter()
    index.put(document(KnowledgeEntry("new", "never heard of this kind")))
    found = index.search("never heard of this kind")[0].id
    print(f"a new entry is found after {(time.perf_counter() - began) * 1000:.2f} ms")
    print(f"ours is {theirs / ours:,.0f} times as fast as FTS5 and {plain / ours:,.0f} times as fast as Jaccard")
    assert found == "new"
    assert ours < 10
    assert ours < theirs
    assert plain / ours > 100


async def test_the_first_search_after_a_start(tmp_path: Path) -> None:
    chance = random.Random(11)
    words = vocabulary(chance)
    known = entries(chance, words)
    async with connect(f"sqlite:///{tmp_path / 'oncall.db'}") as database:
        await upgrade(database)
        store = SqlKnowledgeEntries(database, SteppingClock())
        await Library(store).keep(known)
        wanted = known[7].id, question(chance, known[7], words)
        del known
        gc.collect()
        gc.freeze()  # as the program does
        waits: list[float] = []
        watching = asyncio.create_task(watch(waits))
        await asyncio.sleep(0)
        library = Library(store)
        for which in ("first", "next"):
            began, spent = time.perf_counter(), time.process_time()
            found = await library.search(wanted[1])
            took, spent = time.perf_counter() - began, time.process_time() - spent
            print(f"{which} search {took:.3f} s, {spent:.3f} s of CPU; nothing waited longer than {max(waits):.3f} s")
        watching.cancel()
    assert found[0].entry.id == wanted[0]


async def watch(waits: list[float]) -> None:
    """How long other work had to wait for its turn."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0)
        waits.append(time.perf_counter() - began)
        await asyncio.sleep(0.005)
