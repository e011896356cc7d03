"""The command line as a person types it: its own process, its exit code, its words."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from tests.engine.desks import TIMEOUT
from tests.program import OWN, ROOT

SPARK = """26/11/21 09:24:10 ERROR Executor: Exception in task 0.0 in stage 7.0 (TID 41)
java.lang.OutOfMemoryError: Java heap space
\tat org.apache.spark.sql.catalyst.expressions.codegen.BufferHolder.grow(BufferHolder.java:85)
"""


def oncall(folder: Path, *words: str, feed: str | bytes = "", **settings: str) -> subprocess.CompletedProcess[str]:
    import os

    own = {name: value for name, value in os.environ.items() if not OWN.match(name)}
    env = {**own, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "ELASTICSEARCH_URL": "", **settings}
    data = feed.encode() if isinstance(feed, str) else feed
    done = subprocess.run(
        [sys.executable, "-m", "bot", *words], input=data, capture_output=True, cwd=folder, env=env, check=False
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_scan_reads_plain_gz_zst_and_folders(tmp_path: Path) -> None:
    logs = tmp_path / "logs" / "deep"
    logs.mkdir(parents=True)
    (logs / "a.log").write_text("2026-11-21 INFO alles läuft\n" * 50_000 + f"{TIMEOUT}\n{TIMEOUT}\n")
    (logs / "b.log.gz").write_bytes(gzip.compress(SPARK.encode()))
    (logs / "c.zst").write_bytes(zstandard.compress(TIMEOUT.replace("manual__1", "manual__2").encode()))
    done = oncall(tmp_path, "scan", "--json", "logs")
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(one["pattern"], one["count"]) for one in found] == [
        ("airflow/task-timeout", 2),
        ("spark/out-of-memory", 1),
        ("airflow/task-timeout", 1),
    ]
    assert found[0]["identifiers"]["dag_run_id"] == "manual__1"
    assert [one["line"] for one in found] == [50_001, 1, 1]
    assert "lines/s" in oncall(tmp_path, "scan", "logs").stderr


def test_scan_reads_standard_input_and_says_when_all_is_quiet(tmp_path: Path) -> None:
    assert "Airflow task orders.transform" in oncall(tmp_path, "scan", "-", feed=TIMEOUT).stdout.replace("\n", " ")
    assert "All quiet" in oncall(tmp_path, "scan", "-", feed="nothing here\n").stdout


def test_scan_says_what_it_could_not_read_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "binary.log").write_bytes(b"\0\1\2" * 5000)
    (tmp_path / "good.log").write_text(TIMEOUT + "\n")
    done = oncall(tmp_path, "scan", "binary.log", "gone.log", "good.log")
    assert done.returncode == 0
    assert "looks binary" in done.stderr
    assert "gone.log" in done.stderr
    assert "#1" in done.stdout
    gone = oncall(tmp_path, "scan", "gone.log")
    assert gone.returncode == 1
    assert "quiet" not in gone.stdout


def test_a_line_of_64_mb_is_read_with_little_memory(tmp_path: Path) -> None:
    with (tmp_path / "endless.log").open("w") as log:
        for _ in range(64):
            log.write("x" * 1024 * 1024)
        log.write(f"\n{TIMEOUT}\n")
    code = (
        "import psutil, sys, threading, time; from bot.__main__ import app\n"
        "peak = 0\n"
        "def watch():\n"
        "    global peak\n"
        "    while True: peak = max(peak, psutil.Process().memory_info().rss); time.sleep(0.005)\n"
        "threading.Thread(target=watch, daemon=True).start()\n"
        "try: app(['scan', 'endless.log'])\n"
        "finally: print(peak, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=False
    )
    assert b"#1" in done.stdout
    assert 50e6 < int(done.stderr.split()[-1]) < 200e6


def test_analyze_answers_in_words_in_json_and_in_json_lines(tmp_path: Path) -> None:
    assert "restart_dag_task" in oncall(tmp_path, "analyze", feed=TIMEOUT).stdout
    answer = json.loads(oncall(tmp_path, "analyze", "--json", feed=TIMEOUT).stdout)
    assert answer["incident"] is True
    assert answer["recommended_actions"][0]["action"] == "restart_dag_task"
    assert answer["recommended_actions"][0]["executable"] is True
    assert answer["confidence_score"] == 0.75
    lines = json.dumps({"id": "a", "text": SPARK}) + "\n" + json.dumps({"id": "b", "text": "fine"}) + "\n"
    first, second = map(json.loads, oncall(tmp_path, "analyze", "--jsonl", feed=lines).stdout.splitlines())
    assert (first["id"], first["service"], first["root_cause_category"]) == ("a", "spark", "out_of_memory")
    assert (second["id"], second["incident"], second["recommended_actions"]) == ("b", False, [])


def test_a_text_with_a_secret_is_explained_without_it(tmp_path: Path) -> None:
    text = TIMEOUT.replace('"level"', '"password":"hunter2","level"')
    assert "hunter2" not in oncall(tmp_path, "analyze", "--json", feed=text).stdout


def test_a_line_that_is_no_case_is_named(tmp_path: Path) -> None:
    done = oncall(tmp_path, "analyze", "--jsonl", feed='{"id": 1, "text": "x"}\nnot json\n')
    assert done.returncode == 1
    assert "Line 2" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_database_is_upgraded_and_says_its_revision(tmp_path: Path) -> None:
    assert "empty" in oncall(tmp_path, "db", "version").stdout
    assert "is at revision" in oncall(tmp_path, "db", "upgrade").stdout
    current, program = oncall(tmp_path, "db", "version").stdout.split(",")
    assert current.split()[-1] == program.split()[-1]


def test_what_cannot_be_written_or_is_nobody_is_a_plain_sentence(tmp_path: Path) -> None:
    oncall(tmp_path, "db", "upgrade")
    for words, why in (
        (("stats", "--picture", "gone/x.png"), "gone/x.png cannot be written"),
        (("sign-in", "nobody"), "There is no account nobody"),
        (("teams-package",), "TEAMS_APP_ID: must look like"),
    ):
        done = oncall(tmp_path, *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert why in done.stderr.replace("\n", " ")


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    import sqlite3

    oncall(tmp_path, "db", "upgrade")
    with sqlite3.connect(tmp_path / "data" / "incidents.db") as database:
        database.execute("update alembic_version set version_num = '9999'")
    done = oncall(tmp_path, "run", PORT="18999")
    assert done.returncode == 1
    assert "newer" in done.stderr
    assert "9999" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"PORT": "abc"}, "PORT"),
        ({"CONFIDENCE_THRESHOLD": "7"}, "CONFIDENCE_THRESHOLD"),
        ({"DATABASE_URL": "oracle://x"}, "DATABASE_URL"),
        ({"HOST": "0.0.0.0"}, "SECRET_KEY"),  # noqa: S104 - what must be refused
        ({"HOST": "0.0.0.0", "SECRET_KEY": "short"}, "SECRET_KEY"),  # noqa: S104 - what must be refused
        ({"AIRFLOW_URL": "http://127.0.0.1:9"}, "AIRFLOW_TOKEN"),
    ],
)
def test_a_wrong_setting_is_named_and_the_program_does_not_start(
    settings: dict[str, str], named: str, tmp_path: Path
) -> None:
    done = oncall(tmp_path, "run", **settings)
    assert done.returncode == 1
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_a_malformed_env_file_is_named_line_by_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=8000\nthis is no setting\nMONITORING_INTERVAL=soon\n")
    done = oncall(tmp_path, "run")
    assert done.returncode == 1
    assert "MONITORING_INTERVAL" in done.stderr
    assert ".env" in done.stderr


def test_check_ends_with_1_on_an_error_only(tmp_path: Path) -> None:
    assert oncall(tmp_path, "check", PORT="18998").returncode == 0
    done = oncall(tmp_path, "check", PORT="18998", DATABASE_URL="postgresql://a:hunter2@127.0.0.1:1/x")
    assert done.returncode == 1
    assert "Database" in done.stdout
    assert "hunter2" not in done.stdout + done.stderr


def test_check_leaves_nothing_behind(tmp_path: Path) -> None:
    before = oncall(tmp_path, "check", PORT="18998")
    assert "Database will be made" in re.sub(r"\s+", " ", before.stdout)
    assert list(tmp_path.iterdir()) == []
    assert oncall(tmp_path, "db", "upgrade").returncode == 0
    assert "answers, at revision" in oncall(tmp_path, "check", PORT="18998").stdout


def test_the_guided_example_is_never_played_where_others_can_reach_it(tmp_path: Path) -> None:
    done = oncall(tmp_path, "run", "--demo", HOST="0.0.0.0", SECRET_KEY="0123456789abcdefghijklmnopqrstuvwxyz")  # noqa: S104 - what must be refused
    assert done.returncode == 1
    assert "guided example" in done.stderr


def test_two_programs_do_not_share_a_database(tmp_path: Path) -> None:
    import fcntl

    oncall(tmp_path, "db", "upgrade")
    with (tmp_path / "data" / "incidents.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = oncall(tmp_path, "run", PORT="18997")
    assert done.returncode == 1
    assert "Another oncall program" in done.stderr


def test_people_are_given_roles_and_switched_off(tmp_path: Path) -> None:
    assert (
        "bob is approver" in oncall(tmp_path, "people", "add", "bob", "--role", "approver", "--email", "b@x.org").stdout
    )
    oncall(tmp_path, "people", "add", "bob", "--role", "viewer", "--name", "Bob B.")
    assert "Bob B." in oncall(tmp_path, "people", "list").stdout
    row = next(line for line in oncall(tmp_path, "people", "list").stdout.splitlines() if line.startswith("bob"))
    assert row.split() == ["bob", "viewer", "Bob", "B.", "b@x.org"]
    oncall(tmp_path, "people", "off", "bob")
    assert "switched off" in oncall(tmp_path, "people", "list").stdout
    done = oncall(tmp_path, "people", "off", "nobody-of-this-name")
    assert (done.returncode, "no account" in done.stderr) == (1, True)
    assert oncall(tmp_path, "people", "add", "eve", "--role", "emperor").returncode == 2
    spaced = oncall(tmp_path, "people", "add", "eve smith", "--role", "viewer")
    assert (spaced.returncode, "without spaces" in spaced.stderr) == (2, True)
