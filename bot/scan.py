"""``oncall scan``: the incidents that log files would have opened."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from adapters.logs.reading import Chunk, chunks
from engine.desk import Desk, Policy
from engine.detect import Detector
from engine.entries import around
from engine.errors import OnCallError
from engine.group import hear
from engine.model import Entry, Incident, IncidentId
from engine.ports import Clock
from storage.memory import MemoryIncidents

STDIN = "-"

Advance = Callable[[int], None]


@dataclass(slots=True)
class Result:
    """What a scan found, and how much it read: ``size`` in bytes of plain text.

    ``line`` is where each incident was first told of, counted from 1 in its file.
    """

    incidents: Sequence[Incident] = ()
    line: dict[IncidentId, int] = field(default_factory=dict)
    lines: int = 0
    size: int = 0
    troubles: list[str] = field(default_factory=list)


async def scan(paths: Sequence[str], detector: Detector, clock: Clock, advance: Advance) -> Result:
    """Read every file once, from its start. An unreadable one is a trouble in the result; the others go on."""
    memory = MemoryIncidents()
    forever = Policy(quiet_time=timedelta(days=36500))
    desk = Desk(memory, detector, {}, clock, lambda: uuid.uuid4().hex, forever)
    result = Result()
    for path in files(paths):
        above = result.lines
        try:
            for chunk in chunks(sys.stdin.buffer if path == STDIN else path):
                for incident in await hear(desk, list(entries(detector, chunk, path))):
                    if incident.id not in result.line:
                        told = chunk.text.count("\n", 0, incident.signal.position - chunk.offset)
                        result.line[incident.id] = result.lines - above + told + 1
                result.lines += chunk.text.count("\n")
                result.size += len(chunk.text)
                advance(len(chunk.text))
        except OnCallError as error:
            result.troubles.append(str(error))
    result.incidents = sorted(await memory.list(limit=1_000_000), key=lambda incident: incident.number)
    return result


def entries(detector: Detector, chunk: Chunk, source: str) -> Iterator[Entry]:
    """The entries around each place that may match, in order and once: the rest of the text is never split at all."""
    done = -1
    for at in detector.places(chunk.text):
        if at >= done:
            begin, text = around(chunk.text, at)
            done = max(begin + len(text), at + 1)
            yield Entry(text, source, chunk.offset + begin)


def files(paths: Sequence[str]) -> Iterator[str]:
    """Each file, also those in folders."""
    for path in paths:
        if path != STDIN and Path(path).is_dir():
            yield from sorted(str(one) for one in Path(path).rglob("*") if one.is_file())
        else:
            yield path
