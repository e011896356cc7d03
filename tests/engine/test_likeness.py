"""The index finds what comparing with every entry, word by word, would find."""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise
from math import log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.phrases import SHARED, TELLING, Gate
from engine.search import HALF, HELD, PAIR, PATTERN, SERVICE, TAG, WORD, Document, Index
from engine.terms import Vocabulary, terms

WORDS = (
    "code",
    "exit",
    "137",
    "status",
    "ora-1",
    "http1",
    "s3",
    "s3-7",
    "503",
    "x\0y",
    "\0",
    "\x1c",
    "=",
    "worker-7d9f8",
)
MORE = (
    "OutOfMemoryError",
    "pools",
    "größe",
    "連接",
    "İ",
    "-",
    "_",
    "a__b",
    "errno:",
    "signal=9",
    "disk",
    "full",
    "A" * 41,
)

TEXTS = st.lists(st.sampled_from((*WORDS, *MORE)), max_size=12).flatmap(
    lambda said: st.sampled_from(" \n:").map(lambda between: between.join(said))
)
DOCUMENTS = st.lists(
    st.builds(
        Document,
        st.sampled_from("abcdefgh"),
        st.lists(st.tuples(st.sampled_from((PATTERN, SERVICE, TAG, WORD)), TEXTS), max_size=3).map(tuple),
        st.lists(st.lists(st.sampled_from(MORE[:7]), min_size=1, max_size=2).map(" ".join), max_size=2).map(tuple),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)


@given(st.lists(st.one_of(TEXTS, st.text(max_size=40)), max_size=6))
def test_texts_read_together_have_the_terms_they_have_alone(texts: list[str]) -> None:
    known = Vocabulary()
    for _ in range(2):
        read = known.read(texts).tolist()
        names = {number: term for term, number in known.numbers.items()}
        assert [names[number] for number in read] == [term for text in texts for term in ("", *terms(text))]


def test_what_is_nowhere_a_term_has_no_number() -> None:
    known = Vocabulary()
    known.read(["took 137 ms", "exit code s3"])
    assert set(known.numbers) == {"", "took", "ms", "exit", "code", "s3"}


def plain(documents: list[Document], text: str) -> dict[str, float]:
    """The measure as it is defined, for every document."""
    known = {one.id: one for one in documents}
    rows = {one.id: [("", 0.0), *_said(one)] for one in known.values()}
    standing = Counter(term for row in rows.values() for term in {term for term, _ in row})
    idf = {term: max(log((len(rows) + 1) / (count + 0.5)), 0.05) for term, count in standing.items()}
    asked = terms(text)
    question = {term: idf[term] * (1 + log(asked.count(term))) for term in asked if term in idf}
    pairs = {(a, b) for a, b in pairwise(asked) if a in idf and b in idf}
    strange = len({*asked} - {*idf}) * log(len(rows) + 2) ** 2
    length = sum(one**2 for one in question.values()) + strange
    length += sum((PAIR * max(idf[a], idf[b])) ** 2 for a, b in pairs)
    found: dict[str, float] = {}
    for id, row in rows.items():
        times = Counter(term for term, _ in row if term)
        worth = {term: max(one for said, one in row if said == term) for term in times}
        weights = {
            term: log(1 + worth[term]) / log(1 + WORD) * (1 + log(count)) * idf[term] for term, count in times.items()
        }
        beside = [(a, b, (PAIR * max(idf[a], idf[b])) ** 2) for (a, _), (b, _) in pairwise(row) if a and b]
        own = sum(one**2 for one in weights.values()) + sum(one for _, _, one in beside)
        shared = sum(weights[term] * question.get(term, 0.0) for term in weights)
        shared += sum(one for a, b, one in beside if (a, b) in pairs)
        held = [one for one in known[id].phrases if one.lower() in text.lower()]
        like = min(shared / sqrt(own * length), 1.0) if shared else 0.0
        points = PATTERN * len(held)
        score = (max(like, HELD) if any(len(one) >= TELLING for one in held) else like) * (1 + points / (points + HALF))
        found |= {id: round(min(score, 1.0), 5)} if score else {}
    return found


def _said(document: Document) -> list[tuple[str, float]]:
    return [(term, worth) for worth, text in document.texts for term in (*terms(text), "")]


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS, TEXTS)
def test_what_is_found_is_what_the_measure_says(documents: list[Document], text: str) -> None:
    found = {hit.id: hit.score for hit in Index(documents).search(text, limit=len(documents) + 1)}
    wanted = plain(documents, text)
    least = max(wanted.values(), default=0.0) * 1e-3
    assert {id: score for id, score in found.items() if score > least} == pytest.approx(
        {id: score for id, score in wanted.items() if score > least}, abs=1e-4
    )


def test_a_pattern_that_has_just_been_put_is_found_by_it() -> None:
    index = Index(Document(f"other {number}", ((WORD, f"seen {number}"),)) for number in range(200))
    index.search("seen")
    index.put(Document("kafka", ((WORD, "Consumers stand still"),), ("rebalanc.*ailed",)))
    assert not index.unsettled
    assert [hit.id for hit in index.search("rebalancing has failed")] == ["kafka"]


def test_thousands_of_patterns_that_begin_alike_are_told_apart_at_once() -> None:
    began = time.process_time()
    gate = Gate((number, [f"java.lang.IllegalStateException: failed {number:x} times"]) for number in range(20_000))
    for number in range(0, 20_000, 100):
        text = f"caused by: java.lang.illegalstateexception: failed {number:x} times in a row"
        assert gate.owners(text) == {number}
    assert time.process_time() - began < 5


def test_a_pattern_that_too_many_share_tells_nothing() -> None:
    assert Gate((number, ["connection refused"]) for number in range(SHARED)).owners("connection refused")
    assert not Gate((number, ["connection refused"]) for number in range(SHARED + 1)).owners("connection refused")
