"""Log text becomes entries with their continuation lines, and says how bad, when and what."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime

import pytest

from engine.entries import MOST_LINES, Splitter, around, last_start, split
from engine.stated import MOST_TEXT, fields, level, moment

JAVA = """26/11/21 09:24:10 ERROR Executor: Exception in task 0.0 in stage 0.0 (TID 0)
java.lang.OutOfMemoryError: Java heap space
\tat org.apache.spark.Executor.run(Executor.java:85)
Caused by: java.io.IOException: disk
\tat a.B.c(B.java:1)
\t... 12 more"""
AIRFLOW = """[2026-11-21, 09:15:56 UTC] {taskinstance.py:2731} ERROR - Task failed with exception
Traceback (most recent call last):
  File "/dags/a.py", line 3, in load
    raise ValueError("x")
ValueError: x

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/dags/a.py", line 9, in run
sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) FATAL:  sorry
[SQL: select 1]
(Background on this error at: https://sqlalche.me/e/20/e3q8)"""
AIRFLOW_3 = """[2026-11-21T09:15:56.770696+0000] ERROR - Task failed with exception: source="task"
KeyError: 'reason'
File "/home/airflow/task_runner.py", line 920 in run
File "/opt/airflow/dags/a.py", line 57 in load"""
POSTGRESQL = """2026-11-21 09:15:56.254 UTC [123] app@orders ERROR:  deadlock detected
2026-11-21 09:15:56.254 UTC [123] app@orders DETAIL:  Process 1 waits for ShareLock
\tProcess 2 waits for ShareLock
2026-11-21 09:15:56.254 UTC [123] app@orders HINT:  See server log for query details.
2026-11-21 09:15:56.254 UTC [123] app@orders STATEMENT:  UPDATE a SET b = 1"""
BARE_PYTHON = """Traceback (most recent call last):
  File "a.py", line 1
KeyError: 'a'"""

WHOLE = [
    JAVA,
    AIRFLOW,
    AIRFLOW_3,
    POSTGRESQL,
    "2026-11-21 09:15:56.254 UTC [123] LOG:  database system is ready",
    '{"timestamp":"2026-11-21T09:15:56Z","level":"error","event":"Task failed"}',
    "Nov 21 09:15:56 host kubelet[1]: OOM\n\tmore",
    "<34>1 2026-11-21T09:15:56.003Z host su - ID47 - failed",
    'time="2026-11-21T09:15:56Z" level=warning msg=slow',
    "E1121 09:15:56.123456       1 pod_workers.go:190] Error syncing pod",
    "ERROR something",
    "[ERROR] something",
    "INFO config: {\n  a: 1\n}",
    "2026/11/21 09:15:56 [error] 12#12: *1 connect() failed",
    "worker 3 said hello",
    "worker 4 said hello",
    BARE_PYTHON,
]


@pytest.mark.parametrize("entry", WHOLE)
def test_an_entry_stays_whole_between_others(entry: str) -> None:
    text = f"2026-11-21T09:00:00Z INFO before\n{entry}\n2026-11-21T09:00:01Z INFO after\n"
    if entry is BARE_PYTHON:  # a traceback continues what stands before it
        assert split(text)[0][1].endswith(entry)
        return
    assert [one for _, one in split(text)] == [text.split("\n", 1)[0], entry, "2026-11-21T09:00:01Z INFO after"]


def test_all_of_them_in_a_row_in_any_order() -> None:
    for seed in range(50):
        entries = random.Random(seed).sample(WHOLE[:-1], len(WHOLE) - 1)
        text = "\n".join(entries)
        assert [one for _, one in split(text)] == entries
        assert [text[at : at + len(one)] for at, one in split(text)] == entries


def test_two_bare_tracebacks_are_two_entries() -> None:
    assert [one for _, one in split(f"{BARE_PYTHON}\n{BARE_PYTHON}\n")] == [BARE_PYTHON, BARE_PYTHON]


def test_a_bare_exception_belongs_only_to_the_log_line_right_before_it() -> None:
    assert len(split("ERROR a\njava.lang.Error: b")) == 1
    assert len(split("ERROR a\nKeyError: 'b'")) == 1
    assert len(split("worker said hello\njava.lang.Error: b")) == 2
    assert len(split("worker said hello\nKeyError: 'b'")) == 2
    assert len(split("ERROR a\n  more\njava.lang.Error: b")) == 2


def test_crlf_and_blank_lines() -> None:
    assert split("\r\n\r\nERROR a\r\n  b\r\n\r\nERROR c\r\n") == [(4, "ERROR a\n  b"), (20, "ERROR c")]
    assert split("") == []
    assert split("\n \n\n") == []


def test_a_stream_gives_what_the_text_gives() -> None:
    text = "\n".join(WHOLE)
    splitter, offset, found = Splitter(), 0, []
    for line in text.split("\n"):
        if done := splitter.feed(offset, line):
            found.append(done)
        offset += len(line) + 1
    last = splitter.rest()
    assert last is not None
    assert [*found, last] == split(text)


def test_too_many_lines_are_cut_in_the_middle() -> None:
    lines = ["ERROR deep", *(f"\tat a.b.C.m{number}(C.java)" for number in range(5000))]
    [(_, entry)] = split("\n".join(lines))
    got = entry.split("\n")
    assert len(got) == MOST_LINES
    assert got[:100] == lines[:100]
    assert got[-99:] == lines[-99:]
    assert got[100] == f"[… {sum(len(line) + 1 for line in lines[100:-99])} characters left out …]"


def test_too_much_text_is_cut_in_the_middle() -> None:
    [(_, entry)] = split("ERROR " + "x" * 1_000_000 + " end")
    assert len(entry) <= MOST_TEXT
    assert entry.startswith("ERROR xxx")
    assert entry.endswith("x end")
    assert "characters left out" in entry
    [(_, entry)] = split("ERROR a\n" + "\n".join(" " + "y" * 30_000 for _ in range(20)))
    assert len(entry) <= MOST_TEXT
    assert "characters left out" in entry


def test_an_entry_without_end_ends() -> None:
    assert len(split("ERROR a\n" + " more and more\n" * 200_000)) > 1


def test_where_an_entry_surely_begins() -> None:
    for entry in WHOLE[:-1]:
        text = f"2026-11-21T09:00:00Z INFO before\n{JAVA}\n{entry}\n"
        begins = last_start(text)
        assert text[begins:] in {f"{entry}\n", f"{JAVA}\n{entry}\n"}
    assert last_start("  a\n  b\n") == 0


def test_the_entry_around_a_hit() -> None:
    text = "\n".join(WHOLE[:-1] * 20)
    for hit in ("OutOfMemoryError", "KeyError", "deadlock", "During handling", "HINT", "... 12 more"):
        at = text.find(hit, len(text) // 2)
        if at >= 0:
            entry = next(one for one in WHOLE if hit in one)
            begins, found = around(text, at)
            assert found == entry
            assert text.startswith(entry, begins)


LEVELS = [
    ('{"level":"error","event":"x"}', "error"),
    ('{"event":"INFO","severity":"WARNING"}', "warning"),
    ('{"level":50}', "error"),
    ('{"event":"ERROR"}', None),
    ("time=1 level=warn msg=x", "warning"),
    ("[2026-11-21T09:15:56.254+0000] {a.py:1} ERROR - x", "error"),
    ("[ERROR] x INFO", "error"),
    ("26/11/21 09:24:08 WARN TaskSetManager: ERROR", "warning"),
    ("F0521 09:24:08.000 1 a.go:1] x", "critical"),
    ("2026-11-21 09:15:56 UTC [1] FATAL:  sorry", "critical"),
    ("2026-11-21 09:15:56 UTC [1] LOG:  ready", "info"),
    ("2026/11/21 09:15:56 [crit] 12#12: x", "critical"),
    ("<27>Nov 21 09:15:56 host x", "error"),
    ("WARNING:root:x", "warning"),
    ("no error here", None),
    ("the catalog is fine", None),
    ("", None),
    ("{", None),
]


@pytest.mark.parametrize(("text", "expected"), LEVELS)
def test_level(text: str, expected: str | None) -> None:
    assert level(text) == expected


NINE = datetime(2026, 11, 21, 9, 15, 56, tzinfo=UTC)
MOMENTS = [
    ("[2026-11-21T09:15:56.254+0000] {a.py:1} ERROR - x", NINE.replace(microsecond=254000)),
    ("[2026-11-21, 09:15:56 UTC] {a.py:1} ERROR - x", NINE),
    ("2026-11-21 12:15:56,254 +03:00 x", NINE.replace(microsecond=254000)),
    ("2026-11-21 04:15:56-05 x", NINE),
    ("2026-11-21T09:15:56.254931123Z stderr F x", NINE.replace(microsecond=254931)),
    ("2026-11-21 09:15:56.254 UTC [123] LOG:  x", NINE.replace(microsecond=254000)),
    ("2026/11/21 09:15:56 [error] x", NINE),
    ("26/11/21 09:15:56 WARN x", NINE),
    ("Nov 21 09:15:56 host x", NINE),
    ("<27>Nov 21 09:15:56 host x", NINE),
    ("<34>1 2026-11-21T09:15:56.003Z host su", NINE.replace(microsecond=3000)),
    ("E1121 09:15:56.123456 1 a.go:1] x", NINE.replace(microsecond=123456)),
    ("E1225 09:15:56.123456 1 a.go:1] x", datetime(2025, 12, 25, 9, 15, 56, 123456, UTC)),
    ('time="2026-11-21T09:15:56Z" level=info', NINE),
    ("ts=1795252556.5 level=info", NINE.replace(microsecond=500000)),
    ('{"event":"2020-01-01 00:00:00","timestamp":"2026-11-21T09:15:56Z"}', NINE),
    ('{"ts":1795252556254,"msg":"x"}', NINE.replace(microsecond=254000)),
    ("2026-02-31 09:15:56 x", None),
    ("Feb 29 09:15:56 host x", None),
    ("9999-12-31 23:59:59-23:59 x", None),
    ("nothing", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "expected"), MOMENTS)
def test_moment(text: str, expected: datetime | None) -> None:
    assert moment(text, datetime(2026, 11, 21, 10, tzinfo=UTC)) == expected


def test_a_time_without_year_needs_to_know_the_year() -> None:
    assert moment("Nov 21 09:15:56 host x") is None
    assert moment("Dec 31 23:59:59 host x", datetime(2027, 1, 1, tzinfo=UTC)) == datetime(
        2026, 12, 31, 23, 59, 59, tzinfo=UTC
    )


def test_fields_of_json() -> None:
    text = '{"dag_id":"a b","try":3,"x":null,"ok":true,"big":12345678901234567890,"f":1.50,"d":[{"t":"E"},{"t":"F"}]}'
    assert fields(text) == {
        "dag_id": "a b",
        "try": "3",
        "ok": "true",
        "big": "12345678901234567890",
        "f": "1.50",
        "d.0.t": "E",
        "d.1.t": "F",
    }


def test_fields_of_text() -> None:
    text = "Marking task as FAILED. dag_id=etl, task_id=load, run_id=manual__2026-11-21T09:00:00+00:00, pod: web-1. x=\"a b\" 'q': 'r'"
    found = fields(text)
    assert found["dag_id"] == "etl"
    assert found["task_id"] == "load"
    assert found["run_id"] == "manual__2026-11-21T09:00:00+00:00"
    assert found["pod"] == "web-1"
    assert found["x"] == "a b"
    assert found["q"] == "r"
    assert all(value in text for value in found.values())


def test_what_stands_behind_the_level_is_the_logger() -> None:
    assert "host" not in fields("2026-11-21T09:00:00Z ERROR host: log folder /logs is over its budget")
    assert fields("2026-11-21T09:00:00Z ERROR host: web-1 is gone")["host"] == "web-1"
    assert fields("ERROR the agent has gone; host: web")["host"] == "web"


HOSTILE = [
    "{" * 65536,
    "[" * 65536,
    '{"a":' * 10000,
    '{"a":' * 10000 + "1" + "}" * 10000,
    '{"a":' + "1" * 60000 + "}",
    "a." * 32768,
    "a=" * 32768,
    'a="' * 21845,
    'a="\\' * 16384,
    "a=' " * 16384,
    "a: " * 21845,
    "a" * 65536,
    " " * 65536,
    "\t\n" * 32768,
    "at " * 21845,
    "ERROR " * 10922,
    "[" + "2026-11-21 " * 5957,
    "2026-11-21 09:15:56 " * 3276,
    '"timestamp":' * 5461,
    '{"timestamp":' * 5041,
    '{"level" ' * 7281,
    "Traceback (most recent call last):\n" * 1872,
    "}" * 65536,
    "x\n" * 32768,
    "<1" * 32768,
    "time=" * 13107,
    "\x00" * 65536,
    "\ufffd" * 65536,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_text_does_not_stop_the_program(text: str) -> None:
    """Milliseconds where it is right; minutes where a regex can be led astray."""
    for what in (level, moment, fields, last_start, lambda text: around(text, len(text) // 2)):
        began = time.process_time()
        what(text)
        assert time.process_time() - began < 2
    began = time.process_time()
    split(text)
    assert time.process_time() - began < 4
