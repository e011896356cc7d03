"""The guided example: real samples are written into a watched log, and one ends in a real action on this machine."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.chat.card import Button, Card, Divider, Text

OLD_FILES = 3
OLD_DAYS = 12


@dataclass(frozen=True, slots=True)
class Example:
    """Everything happens below ``folder``: ``logs`` is watched, ``archive`` holds the old logs to clean."""

    folder: Path

    @property
    def logs(self) -> Path:
        return self.folder.resolve() / "logs"

    @property
    def archive(self) -> Path:
        return self.folder.resolve() / "archive"

    def play(self, name: str, now: datetime) -> str:
        """Write one sample; returns a sentence on what to expect. Raises KeyError for an unknown name."""
        return {"cleanup": self.cleanup, "airflow": self.airflow, "pool": self.pool, "spark": self.spark}[name](now)

    def cleanup(self, now: datetime) -> str:
        self.archive.mkdir(parents=True, exist_ok=True)
        old = (now - timedelta(days=OLD_DAYS)).timestamp()
        for number in range(OLD_FILES):
            file = self.archive / f"service-{number}.log"
            file.write_text("an old line of no use to anybody\n" * 20_000, "utf-8")
            os.utime(file, (old, old))
        line = f"log folder {self.archive} is over its budget: {OLD_FILES} files older than 7 days"
        self._write("host.log", f"{_stamp(now)} ERROR host: {line}")
        return "Old logs fill a folder of the example. What you approve here really happens."

    def airflow(self, now: datetime) -> str:
        run = f"manual__{now:%Y-%m-%dT%H:%M:%S}+00:00"
        names = {"dag_id": "orders_daily", "run_id": run, "task_id": "transform", "try_number": 1, "map_index": -1}
        head = {"timestamp": _stamp(now), "level": "error", **names, "logger": "task"}
        timed_out = {**head, "event": "Process timed out", "pid": 15613}
        failed = {
            **head,
            "event": "Task failed with exception",
            "error_detail": [{"exc_type": "AirflowTaskTimeout", "exc_value": "Timeout, PID: 15613", "frames": []}],
        }
        place = f"airflow/dag_id=orders_daily/run_id={run}/task_id=transform/attempt=1.log"
        self._write(place, json.dumps(timed_out), json.dumps(failed))
        return "An Airflow task ran into its timeout."

    def pool(self, now: datetime) -> str:
        line = "PostgreSQL connection pool exhausted: 20/20 connections in use on prod-db.company.com:5432, timeout 30s"
        self._write("orders-api.log", f"{_stamp(now)} ERROR orders-api: {line}")
        return "A database has no connection left."

    def spark(self, now: datetime) -> str:
        application = f"app-{now:%Y%m%d%H%M%S}-0001"
        self._write(
            f"spark/{application}/0/stderr.log",
            f"{now:%y/%m/%d %H:%M:%S} ERROR Executor: Exception in task 0.0 in stage 7.0 (TID 41)",
            "java.lang.OutOfMemoryError: Java heap space",
            "\tat org.apache.spark.sql.catalyst.expressions.codegen.BufferHolder.grow(BufferHolder.java:85)",
        )
        return "A Spark application ran out of memory."

    def _write(self, name: str, *lines: str) -> None:
        file = self.logs / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as log:
            log.write("".join(f"{line}\n" for line in lines))


def card() -> Card:
    """What a newcomer is offered first."""
    return Card(
        "Welcome. Shall something break?",
        (
            Text(
                "Each button writes a real log line into a watched file. Within seconds an incident appears here:"
                " read it, approve what it proposes, and see in its thread what happened."
            ),
            Button("Old logs fill a folder", "example cleanup", primary=True),
            Button("An Airflow task times out", "example airflow"),
            Button("A database runs out of connections", "example pool"),
            Button("Spark runs out of memory", "example spark"),
            Divider(),
            Text(
                "Say “help” to see all that I understand. Switch the person above to see who may do what.", quiet=True
            ),
        ),
    )


def _stamp(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
